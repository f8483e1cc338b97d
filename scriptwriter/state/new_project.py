"""Owns the new-project form: what it was sent, what is wrong with it, and the way on. Knows no SQL."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import reflex as rx

from scriptwriter.components.views import BriefMessages, Notice
from scriptwriter.services import brainstorms
from scriptwriter.state.brief import checked, project_name
from scriptwriter.state.session import SessionState, as_notice

REMEMBERED = 20
"""Forms whose projects a tab remembers."""


class NewProjectState(SessionState):
    """The new-project page; each opening of the form has its `ticket`, good for one project."""

    ticket: rx.Field[str] = rx.field("")
    creating: rx.Field[bool] = rx.field(False)
    messages: rx.Field[BriefMessages] = rx.field(default_factory=BriefMessages)
    notice: rx.Field[Notice] = rx.field(default_factory=Notice)
    _created: tuple[tuple[str, str], ...] = ()

    @rx.event
    def open(self) -> None:
        """A fresh form."""
        created = self._created
        self.reset()
        self._created = created[-REMEMBERED:]
        self.ticket = str(uuid4())

    @rx.event
    async def submit(self, form_data: dict[str, Any]):
        """Create the project, start its first brainstorm, and go there; or say what is missing.

        The same form again, late or by a second click, leads to the project that it has made.
        """
        ticket = str(form_data.get("ticket") or "")[:64]
        made = dict(self._created).get(ticket)
        if made is not None:
            yield _to(made)
            return
        if self.creating:
            return
        self.notice = Notice()
        brief, self.messages = checked(form_data)
        if brief is None:
            return
        self.creating = True
        yield
        try:
            person = await self._person()
            name = project_name(brief, datetime.now())
            project_id, _ = await brainstorms.start_project(name, brief, person)
        except Exception as error:
            self.creating, self.notice = False, as_notice(error)
            return
        # `creating` stays: a second submit that is already on its way must not make a second project.
        if ticket:
            self._created = (*self._created, (ticket, project_id))
        yield _to(project_id)

    @rx.event
    def dismiss(self) -> None:
        """The person has read the notice."""
        self.notice = Notice()


def _to(project_id: str) -> Any:
    return rx.redirect(f"/projects/{project_id}/brainstorm")
