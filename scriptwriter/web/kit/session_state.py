"""State of the signed-in person of a tab. Each event checks the session cookie of the tab's websocket."""

import hashlib
from typing import TypeGuard
from urllib.parse import quote, urlsplit

import reflex as rx
from reflex.event import EventSpec

from scriptwriter.api.auth.session_cookie import value_in
from scriptwriter.api.middleware.origins import inside
from scriptwriter.api.middleware.websocket_headers import SESSION_ID
from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import sessions
from scriptwriter.services.runs import starting
from scriptwriter.store.tables import User

HOME, SIGN_IN = "/projects", "/sign-in"
NEW_BRIEF = "new:brief"
"""The key of the draft of a new project in assets/drafts.js."""


class SessionState(rx.State):
    """The signed-in person. States with a person's data are substates, and are reset with it.

    Two vars are for assets/drafts.js: `person_key` identifies the person whose drafts are shown ("" for
    nobody), and `settled` is the draft that was saved or sent last: its key, a space, its mark.
    """

    user_name: rx.Field[str] = rx.field("")
    person_key: rx.Field[str] = rx.field("")
    settled: rx.Field[str] = rx.field("")
    _user_id: str = ""

    @rx.event
    async def enter(self):
        """Redirect a person who is not signed in to the sign-in page, which leads back here."""
        if await self._recognise() is None:
            return self._to_sign_in()

    @rx.event
    async def skip_sign_in(self):
        """Redirect a person who is signed in from the sign-in page to the list of projects."""
        if await self._recognise() is not None:
            return rx.redirect(HOME)

    @rx.event
    async def ask_for_sent(self, draft: str):
        """Report that the form of a brief was received, and open the project if the form created one.

        The browser asks if it got no answer to the form. `draft` is the form's key, a space, its ticket.
        """
        key, _, ticket = str(draft)[:500].rpartition(" ")
        user = await self._user()
        project_id = await starting.project_of_form(user.id, ticket) if user else ""
        if project_id:
            self.settled = f"{key} {ticket}"
            if key == NEW_BRIEF:
                return rx.redirect(f"/projects/{project_id}/brainstorm")

    async def _recognise(self) -> User | None:
        user = await self._user()
        self._set_person(user)
        return user

    def _set_person(self, user: User | None) -> None:
        known = "" if user is None else user.id
        if known != self._user_id:
            # The values of this tab belong to the person who was signed in before.
            self.reset()
            self._user_id = known
        name = "" if user is None else user.shown_name
        if name != self.user_name:
            self.user_name = name
        key = hashlib.sha256(known.encode()).hexdigest()[:32] if known else ""
        if key != self.person_key:
            self.person_key = key

    def _to_sign_in(self) -> EventSpec:
        """A redirect to the sign-in page, which leads back here."""
        return rx.redirect(f"{SIGN_IN}?next={quote(_path(self.router.url))}")

    def _session_id(self) -> str:
        return value_in(self.router.headers.cookie, SESSION_ID)

    async def _user(self) -> User | None:
        return await sessions.user_of(self._session_id())

    async def _person(self) -> str:
        """The id of the person who sent this event. Raises UserError `signed_out`."""
        user = await self._user()
        if user is None:
            raise UserError("signed_out")
        return user.id


def is_signed_out(error: Exception) -> TypeGuard[UserError]:
    """Whether the error is UserError `signed_out`."""
    return isinstance(error, UserError) and error.code == "signed_out"


def _path(url: str) -> str:
    # The production server adds a slash to every page's path.
    return inside(urlsplit(str(url)).path.rstrip("/") or HOME)
