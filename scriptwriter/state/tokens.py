"""Owns the API tokens on a person's account page. A new token is kept until it is put away. Knows no SQL."""

from typing import Any

import reflex as rx

from scriptwriter.components.views import Notice, TokenView
from scriptwriter.services import tokens
from scriptwriter.services.tokens import TokenRow
from scriptwriter.state.session import SessionState, as_notice, is_signed_out


class TokensState(SessionState):
    """The tokens; `fresh` is the one that was just made, `asked` the id of one that may be revoked."""

    tokens: rx.Field[list[TokenView]] = rx.field(default_factory=list)
    fresh: rx.Field[str] = rx.field("")
    asked: rx.Field[str] = rx.field("")
    problem: rx.Field[Notice] = rx.field(default_factory=Notice)

    @rx.event
    async def load(self):
        """Read the list anew; a token that was shown is gone."""
        self.fresh, self.asked, self.problem = "", "", Notice()
        try:
            await self._list(await self._person())
        except Exception as error:
            # `enter` shows a signed-out person the way.
            if not is_signed_out(error):
                self.problem = as_notice(error)

    @rx.event
    async def create(self, form_data: dict[str, Any]):
        """Make a token, and show it this once."""
        self.fresh, self.problem = "", Notice()
        try:
            person = await self._person()
            self.fresh = await tokens.create(person, str(form_data.get("name") or ""))
            await self._list(person)
        except Exception as error:
            return self._refused(error)

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
            await tokens.revoke(person, str(token_id))
            await self._list(person)
        except Exception as error:
            return self._refused(error)

    @rx.event
    def put_away(self) -> None:
        """The person has the new token."""
        self.fresh = ""

    async def _list(self, person: str) -> None:
        self.tokens = [_view(row) for row in await tokens.mine(person)]

    def _refused(self, error: Exception) -> Any:
        if is_signed_out(error):
            return self._to_sign_in()
        self.problem = as_notice(error)
        return None


def _view(row: TokenRow) -> TokenView:
    used = row.last_used_at.isoformat() if row.last_used_at else ""
    return TokenView(row.id, row.name, row.created_at.isoformat(), used)
