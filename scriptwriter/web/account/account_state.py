"""State of the account page: a person's password, and the devices on which they are signed in."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from scriptwriter.services.accounts import passwords, sessions
from scriptwriter.services.accounts.sessions import SessionRow
from scriptwriter.texts import account_texts
from scriptwriter.web.account.devices import device
from scriptwriter.web.account.tokens_state import TokensState
from scriptwriter.web.kit.following import FollowingState
from scriptwriter.web.kit.notices import Notice, NoticeState, as_notice
from scriptwriter.web.kit.session_state import SessionState, is_signed_out


@dataclass(frozen=True)
class SessionView:
    """A session of the person: the browser's name in both languages, sign-in and last use (ISO 8601).

    `this_one` says that it is the session of this tab.
    """

    id: str = ""
    zh: str = ""
    en: str = ""
    begun: str = ""
    seen: str = ""
    this_one: bool = False


class AccountState(NoticeState, FollowingState, SessionState):
    """The account page: password and sessions. TokensState has the API tokens."""

    username: rx.Field[str] = rx.field("")
    sessions: rx.Field[list[SessionView]] = rx.field(default_factory=list)
    loaded: rx.Field[bool] = rx.field(False)
    changing: rx.Field[bool] = rx.field(False)
    problem: rx.Field[Notice] = rx.field(default_factory=Notice)
    done: rx.Field[Notice] = rx.field(default_factory=Notice)

    @rx.event
    async def load(self):
        """Read the page's data; `username` is "" for a person without a password."""
        self.problem, self.done, self.notice = Notice(), Notice(), Notice()
        try:
            person = await self._person()
            self.username = await passwords.username_of(person) or ""
            await self._list(person)
            self.loaded = True
        except Exception as error:
            # `SessionState.enter` redirects a person who is not signed in.
            if not is_signed_out(error):
                self.notice = as_notice(error)

    @rx.event
    async def change_password(self, form_data: dict[str, Any]):
        """Change the password and end all other sessions; revoke all API tokens unless `tokens` is "keep"."""
        if self.changing:
            return
        self.changing, self.problem, self.done = True, Notice(), Notice()
        yield
        current, new = (str(form_data.get(name) or "") for name in ("current", "new"))
        try:
            person = await self._person()
            revoke = form_data.get("tokens") != "keep"
            await passwords.change(person, current, new, here=self._session_id(), revoke_tokens=revoke)
            await self._list(person)
            self.done = Notice(
                *(account_texts.PASSWORD_CHANGED_TOKENS_TOO if revoke else account_texts.PASSWORD_CHANGED)
            )
            if revoke:
                yield TokensState.load
        except Exception as error:
            if is_signed_out(error):
                yield self._to_sign_in()
            self.problem = as_notice(error)
        self.changing = False

    @rx.event
    async def sign_out_one(self, session_id: str):
        """End one of the sessions."""
        try:
            person = await self._person()
            await sessions.sign_out_one(person, str(session_id))
            await self._list(person)
        except Exception as error:
            return self._refused(error)

    @rx.event
    async def sign_out_others(self):
        """End every session but this one."""
        try:
            person = await self._person()
            await sessions.sign_out_others(person, self._session_id())
            await self._list(person)
        except Exception as error:
            return self._refused(error)

    async def _list(self, person: str) -> None:
        self.sessions = [_view(row) for row in await sessions.sessions_of(person, self._session_id())]

    def _refused(self, error: Exception) -> EventSpec | None:
        if is_signed_out(error):
            return self._to_sign_in()
        self.notice = as_notice(error)
        return None


def _view(row: SessionRow) -> SessionView:
    name = device(row.user_agent)
    return SessionView(
        row.id, name.zh, name.en, row.created_at.isoformat(), row.last_seen_at.isoformat(), row.this_one
    )
