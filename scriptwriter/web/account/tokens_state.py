"""State of the API tokens on the account page. A new token is sent to the browser once, and kept nowhere."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from scriptwriter.services.accounts import api_tokens
from scriptwriter.services.accounts.api_tokens import TokenRow
from scriptwriter.web.kit.notices import Notice, as_notice
from scriptwriter.web.kit.session_state import SessionState, is_signed_out


@dataclass(frozen=True)
class TokenView:
    """An API token in the list; `used` is empty for one that nobody has used (else ISO 8601, as `made`).

    `where` is the address and the program of its last use.
    """

    id: str = ""
    name: str = ""
    made: str = ""
    used: str = ""
    where: str = ""


FRESH = "fresh-token"
"""The id of the field that shows a new token. The field is always in the page, so that it can be filled."""


class TokensState(SessionState):
    """The tokens; `shown` says whether a new one is on the screen, `asked` is the id of one to revoke."""

    tokens: rx.Field[list[TokenView]] = rx.field(default_factory=list)
    shown: rx.Field[bool] = rx.field(False)
    asked: rx.Field[str] = rx.field("")
    problem: rx.Field[Notice] = rx.field(default_factory=Notice)

    @rx.event
    async def load(self):
        """Read the list anew; a token that was shown is gone."""
        self.shown, self.asked, self.problem = False, "", Notice()
        try:
            await self._list(await self._person())
        except Exception as error:
            # `enter` shows a signed-out person the way.
            if not is_signed_out(error):
                self.problem = as_notice(error)

    @rx.event
    async def create(self, form_data: dict[str, Any]):
        """Make a token for who says their password, and show it this once."""
        self.problem = Notice()
        try:
            person = await self._person()
            name, password = (str(form_data.get(field) or "") for field in ("name", "token-password"))
            token = await api_tokens.ask_for(person, name, session_id=self._session_id(), password=password)
            await self._list(person)
        except Exception as error:
            return self._refused(error)
        self.shown = True
        # Not as a var: those are kept, and sent again when the page is loaded.
        return rx.set_value(FRESH, token)

    @rx.event
    def ask(self, token_id: str) -> None:
        """Whether this one shall really go; "" for none."""
        self.asked = str(token_id)

    @rx.event
    async def revoke(self, token_id: str):
        """End a token."""
        self.asked = ""
        try:
            person = await self._person()
            await api_tokens.revoke(person, str(token_id))
            await self._list(person)
        except Exception as error:
            return self._refused(error)

    @rx.event
    def hide_token(self):
        """Remove the new token from the screen."""
        self.shown = False
        return rx.set_value(FRESH, "")

    async def _list(self, person: str) -> None:
        self.tokens = [_view(row) for row in await api_tokens.mine(person)]

    def _refused(self, error: Exception) -> EventSpec | None:
        if is_signed_out(error):
            return self._to_sign_in()
        self.problem = as_notice(error)
        return None


def _view(row: TokenRow) -> TokenView:
    used = row.last_used_at.isoformat() if row.last_used_at else ""
    where = " · ".join(part for part in (row.last_used_address, row.last_used_agent) if part)
    return TokenView(row.id, row.name, row.created_at.isoformat(), used, where)
