"""State of the new-project page: what is wrong with its form, and the way to the project that it has made."""

from datetime import datetime
from typing import Any

import reflex as rx

from scriptwriter.domain.errors import UserError
from scriptwriter.services.runs import starting
from scriptwriter.web.brief.brief_reading import BriefMessages, checked, project_name, ticket_in
from scriptwriter.web.kit.following import FollowingState
from scriptwriter.web.kit.notices import Notice, NoticeState, as_notice
from scriptwriter.web.kit.session_state import NEW_BRIEF, SessionState, is_signed_out


class NewProjectState(NoticeState, FollowingState, SessionState):
    """The new-project page; `signed_out`: the notice says that nobody is signed in any more."""

    creating: rx.Field[bool] = rx.field(False)
    messages: rx.Field[BriefMessages] = rx.field(default_factory=BriefMessages)
    signed_out: rx.Field[bool] = rx.field(False)

    @rx.event
    def open(self) -> None:
        """A fresh form."""
        self.reset()

    async def _end(self, error: UserError) -> None:
        """Offer a sign-in beside the form, which keeps the person's words."""
        # `enter` shows the way to a person who was not signed in when the page opened.
        if self._user_id:
            self.notice, self.signed_out = as_notice(error), is_signed_out(error)

    @rx.event
    async def submit(self, form_data: dict[str, Any]):
        """Create the project, start its first brainstorm, and go there; or say what is missing.

        The same form again, by its ticket, leads to the project that it has made.
        """
        ticket = ticket_in(form_data)
        if self.creating and not ticket:
            return
        self.notice, self.signed_out = Notice(), False
        brief, self.messages = checked(form_data)
        if brief is None:
            return
        self.creating = True
        yield
        try:
            person = await self._person()
            name = project_name(brief, datetime.now())
            project_id, _ = await starting.start_project(name, brief, person, ticket)
        except Exception as error:
            self.creating, self.notice, self.signed_out = False, as_notice(error), is_signed_out(error)
            return
        # `creating` stays: a second submit that is already on its way must not make a second project.
        self.settled = f"{NEW_BRIEF} {ticket}"
        yield rx.redirect(f"/projects/{project_id}/brainstorm")
