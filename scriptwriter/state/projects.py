"""Owns the list of a person's projects as the browser shows it. Knows no SQL."""

import reflex as rx

from scriptwriter.components.views import Notice, ProjectView
from scriptwriter.errors import UserError
from scriptwriter.services import projects
from scriptwriter.services.access import OWNERS
from scriptwriter.services.projects import ProjectRow
from scriptwriter.state.session import SessionState, as_notice

SHELVES = ("active", "archived", "deleted")


class ProjectsState(SessionState):
    """The projects page: the projects of one shelf, active, archived or deleted."""

    shelf: rx.Field[str] = rx.field("active")
    projects: rx.Field[list[ProjectView]] = rx.field(default_factory=list)
    loaded: rx.Field[bool] = rx.field(False)
    notice: rx.Field[Notice] = rx.field(default_factory=Notice)

    @rx.event
    async def load(self) -> None:
        """Read the list anew, as the page opens: with the active ones."""
        self.shelf = "active"
        await self._read()

    @rx.event
    async def choose(self, shelf: str) -> None:
        """Show another shelf."""
        self.shelf = shelf if shelf in SHELVES else "active"
        await self._read()

    @rx.event
    def dismiss(self) -> None:
        """The person has read the notice."""
        self.notice = Notice()

    async def _read(self) -> None:
        try:
            person = await self._person()
            if self.shelf == "deleted":
                rows = await projects.restorable(person)
            else:
                rows = [
                    row for row in await projects.mine(person) if row.archived == (self.shelf == "archived")
                ]
        except Exception as error:
            # `enter` shows a signed-out person the way.
            if not (isinstance(error, UserError) and error.code == "signed_out"):
                self.notice = as_notice(error)
            return
        self.projects = [_view(row) for row in rows]
        self.loaded = True


PHASES = {"": "idle", "pending": "queued", "running": "writing", "cancelled": "stopped"}


def _view(row: ProjectRow) -> ProjectView:
    return ProjectView(
        id=row.id,
        name=row.name,
        phase=PHASES.get(row.status, row.status),  # pyright: ignore[reportArgumentType]: the other names agree
        ideas=row.ideas,
        updated=row.updated_at.isoformat(),
        archived=row.archived,
        may_manage=row.role in OWNERS,
    )
