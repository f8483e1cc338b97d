"""State of the API tokens on the account page. A new token is sent to the browser once and is not stored."""

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
    """An API token in the list; `made` and `used` are ISO 8601, `used` is "" for an unused token.

    `where` is the network address and the program of the last use.
    """

    id: str = ""
    name: str = ""
    made: str = ""
    used: str = ""
    where: str = ""


FRESH = "fresh-token"
"""The HTML id of the field for a new token. The field is always in the page, so that it can be filled."""


class TokensState(SessionState):
    """The API tokens. `shown`: a new token is on the screen. `asked`: the id of the token to be revoked."""

    tokens: rx.Field[list[TokenView]] = rx.field(default_factory=list)
    shown: rx.Field[bool] = rx.field(False)
    asked: rx.Field[str] = rx.field("")
    problem: rx.Field[Notice] = rx.field(default_factory=Notice)

    @rx.event
    async def load(self):
        """Read the list of tokens, and hide a new token."""
        self.shown, self.asked, self.problem = False, "", Notice()
        try:
            await self._list(await self._person())
        except Exception as error:
            # `SessionState.enter` redirects a person who is not signed in.
            if not is_signed_out(error):
                self.problem = as_notice(error)

    @rx.event
    async def create(self, form_data: dict[str, Any]):
        """Create a token if the password is right, and show it once."""
        self.problem = Notice()
        try:
            person = await self._person()
            name, password = (str(form_data.get(field) or "") for field in ("name", "token-password"))
            token = await api_tokens.ask_for(person, name, session_id=self._session_id(), password=password)
            await self._list(person)
        except Exception as error:
            return self._refused(error)
        self.shown = True
        # Not a var: vars are kept in the state, and sent again on each load.
        return rx.set_value(FRESH, token)

    @rx.event
    def ask(self, token_id: str) -> None:
        """Ask for confirmation before a token is revoked; "" cancels."""
        self.asked = str(token_id)

    @rx.event
    async def revoke(self, token_id: str):
        """Revoke a token."""
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
