"""State of the new-project page: it checks the form, creates the project and opens it."""

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
    """The new-project page; `signed_out` says that the notice offers a link to sign in."""

    creating: rx.Field[bool] = rx.field(False)
    messages: rx.Field[BriefMessages] = rx.field(default_factory=BriefMessages)
    signed_out: rx.Field[bool] = rx.field(False)

    @rx.event
    def open(self) -> None:
        """Reset the form."""
        self.reset()

    async def _end(self, error: UserError) -> None:
        """Show a link to sign in, and leave the form with its values on the page."""
        # `enter` has redirected a person who was not signed in when the page opened.
        if self._user_id:
            self.notice, self.signed_out = as_notice(error), is_signed_out(error)

    @rx.event
    async def submit(self, form_data: dict[str, Any]):
        """Create the project, start its first run and open it; or show the errors of the form.

        A form with the same ticket as an earlier one opens the project that the earlier one created.
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
        # `creating` stays True: a second submit that is on its way must not create a second project.
        self.settled = f"{NEW_BRIEF} {ticket}"
        yield rx.redirect(f"/projects/{project_id}/brainstorm")
