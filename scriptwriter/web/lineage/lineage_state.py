"""State of the lineage page, which follows the graph of a project live."""

import reflex as rx

from scriptwriter.operations import process_pool
from scriptwriter.sync.hub import hub
from scriptwriter.sync.lineage_join import Lineage
from scriptwriter.sync.views import LINEAGE
from scriptwriter.web.kit.project_state import ProjectPageState, ProjectState
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.lineage.lineage_steps import EdgeView, StepView, edges_of, openings_of, steps_of
from scriptwriter.web.room.origin_state import OriginState


class LineageState(ProjectPageState, SessionState):
    """The lineage page of a project; `view` is graph, list, or "" for the default of the screen's width.

    `openings` are the possible first views of the graph; see openings_of.
    """

    view: rx.Field[str] = rx.field("")
    steps: rx.Field[list[StepView]] = rx.field(default_factory=list)
    edges: rx.Field[list[EdgeView]] = rx.field(default_factory=list)
    openings: rx.Field[list[list[str]]] = rx.field(default_factory=list)
    resyncing: rx.Field[bool] = rx.field(False)

    @rx.event
    def choose(self, view: str) -> None:
        """Show the graph with the list, or the list alone."""
        self.view = "list" if view == "list" else "graph"

    @rx.event
    def open(self, step_id: str):
        """Open a step: its address, or the origin dialog of a run."""
        step = next((step for step in self.steps if step.id == step_id), None)
        if step is None:
            return None
        return rx.redirect(step.href) if step.href else OriginState.trace(step.id)

    async def _follow(self, project_id: str, person: str) -> None:
        before: dict[str, object] = {}
        values = hub().follow_view(project_id, LINEAGE)
        async with self._values(project_id, person, values, lambda value: not value.lineage.nodes) as updates:
            async for value, _, project in updates:
                size = 10 * len(value.lineage.nodes)
                shown = await process_pool.in_thread_if_large(size, _shown_of, value.lineage, project_id)
                now = {"access": "open", "resyncing": value.syncing == "resyncing", **shown}
                changes = {name: each for name, each in now.items() if before.get(name) != each}
                if changes or project:
                    async with self._sending(project_id, size):
                        await self._set({LineageState: changes, ProjectState: project})
                before = now

    async def _reset_page(self) -> None:
        view = self.view
        await super()._reset_page()
        self.view = view
        (await self.get_state(OriginState)).reset()


def _shown_of(lineage: Lineage, project_id: str) -> dict[str, object]:
    """The vars of the page for a lineage, by name."""
    return {
        "steps": steps_of(lineage, project_id),
        "edges": edges_of(lineage),
        "openings": openings_of(lineage),
    }
