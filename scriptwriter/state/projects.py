"""Owns the list of a person's projects as the browser shows it. Knows no SQL."""

import reflex as rx

from scriptwriter.components.views import Notice, ProjectView
from scriptwriter.errors import UserError
from scriptwriter.services import projects
from scriptwriter.services.projects import ProjectRow
from scriptwriter.state.session import SessionState, as_notice


class ProjectsState(SessionState):
    """The projects page."""

    projects: rx.Field[list[ProjectView]] = rx.field(default_factory=list)
    loaded: rx.Field[bool] = rx.field(False)
    notice: rx.Field[Notice] = rx.field(default_factory=Notice)

    @rx.event
    async def load(self) -> None:
        """Read the list anew."""
        try:
            rows = await projects.mine(await self._person())
        except Exception as error:
            # `enter` shows a signed-out person the way.
            if not (isinstance(error, UserError) and error.code == "signed_out"):
                self.notice = as_notice(error)
            return
        self.projects = [_view(row) for row in rows]
        self.loaded = True

    @rx.event
    def dismiss(self) -> None:
        """The person has read the notice."""
        self.notice = Notice()


PHASES = {"": "idle", "pending": "queued", "running": "writing", "cancelled": "stopped"}


def _view(row: ProjectRow) -> ProjectView:
    return ProjectView(
        id=row.id,
        name=row.name,
        phase=PHASES.get(row.status, row.status),  # pyright: ignore[reportArgumentType]: the other names agree
        ideas=row.ideas,
        updated=row.updated_at.isoformat(),
    )
