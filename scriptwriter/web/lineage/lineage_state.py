"""Owns the page of a project's lineage in one tab, live while it is open. Knows no SQL and no shapes."""

from typing import Any

import reflex as rx

from scriptwriter.domain.errors import UserError
from scriptwriter.operations import process_pool
from scriptwriter.services.projects import catalog
from scriptwriter.sync.hub import hub
from scriptwriter.sync.lineage_join import Lineage
from scriptwriter.sync.views import LINEAGE
from scriptwriter.web.kit.following import following_project, role_in, sending, waiting
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.kit.project_state import ProjectState, about
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.lineage.lineage_steps import StepView, WayView, sights_of, steps_of, ways_of
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.room_state import end_with_room


class LineageState(SessionState):
    """The lineage page; `access` is as in BrainstormState, `view` graph or list ("": what suits).

    `sights` are what the graph may open at, as sights_of has them.
    """

    access: rx.Field[str] = rx.field("opening")
    view: rx.Field[str] = rx.field("")
    steps: rx.Field[list[StepView]] = rx.field(default_factory=list)
    ways: rx.Field[list[WayView]] = rx.field(default_factory=list)
    sights: rx.Field[list[list[str]]] = rx.field(default_factory=list)
    resyncing: rx.Field[bool] = rx.field(False)
    notice: rx.Field[Notice] = rx.field(default_factory=Notice)
    _shown: str = ""

    @rx.event
    def choose(self, view: str) -> None:
        """Show the graph, or the list alone."""
        self.view = "list" if view == "list" else "graph"

    @rx.event
    def open(self, step_id: str):
        """Open what a step of the graph is about."""
        step = next((step for step in self.steps if step.id == step_id), None)
        if step is None:
            return None
        return rx.redirect(step.href) if step.href else OriginState.trace(step.id)

    @following_project
    async def watch(self, project_id: str, person: str) -> None:
        """Follow the lineage of the route's project until the person leaves the page, or the project."""
        await catalog.open_project(project_id, person)
        before: dict[str, Any] = {}
        around = None
        async with hub().follow_view(project_id, LINEAGE) as values:
            async for value in values:
                role = await role_in(value, person, doubtful=before.get("steps") and not value.lineage.nodes)
                nodes = len(value.lineage.nodes)
                shown = await process_pool.in_thread_if_large(
                    10 * nodes, _shown_of, value.lineage, project_id
                )
                now = {"access": "open", "resyncing": value.syncing == "resyncing", **shown}
                changes = {name: each for name, each in now.items() if before.get(name) != each}
                project = about(value, role)
                if changes or project != around:
                    async with sending(10 * nodes), self:
                        if self._shown != project_id:
                            return
                        await self._show(changes, project)
                before, around = now, project

    async def _show(self, changes: dict[str, Any], project: dict[str, Any]) -> None:
        for part, values in ((self, changes), (await self.get_state(ProjectState), project)):
            for name, value in values.items():
                setattr(part, name, value)

    async def _forget(self) -> None:
        view = self.view
        self.reset()
        self.view = view
        for part in (OriginState, ProjectState):
            (await self.get_state(part)).reset()

    async def _end(self, error: UserError) -> None:
        """As in BrainstormState, whose page of the project ends too."""
        await end_with_room(self, error)

    def _wait(self, error: Exception) -> None:
        self.notice, self.access = waiting(self.access, error)

    @rx.event
    def dismiss(self) -> None:
        """The person has read the notice."""
        self.notice = Notice()


def _shown_of(lineage: Lineage, project_id: str) -> dict[str, Any]:
    """What the page shows of a lineage, by the names of its vars."""
    return {
        "steps": steps_of(lineage, project_id),
        "ways": ways_of(lineage),
        "sights": sights_of(lineage),
    }
