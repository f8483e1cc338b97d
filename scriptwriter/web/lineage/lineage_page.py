"""Owns the page of a project's lineage."""

import reflex as rx

from scriptwriter.texts import lineage_texts, projects_texts, shared_texts
from scriptwriter.web.kit.elements import empty, link, notice
from scriptwriter.web.kit.layout import page
from scriptwriter.web.kit.narrow_screen import NARROW
from scriptwriter.web.kit.open_project import opened
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import t
from scriptwriter.web.lineage.lineage_parts import LineageDeeds, lineage_graph, lineage_list, view_switch
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.room.origin_dialog import origin
from scriptwriter.web.room.origin_state import OriginState

VIEW = rx.cond(LineageState.view != "", LineageState.view, rx.cond(NARROW, "list", "graph"))
"""A Var: what the person chose; until then a narrow screen shows the list alone, others the graph."""
DEEDS = LineageDeeds(choose=LineageState.choose, open=LineageState.open, trace=OriginState.trace, view=VIEW)


def lineage() -> rx.Component:
    """Where everything in the project comes from; live."""
    return page(
        opened(LineageState.access, LineageState.notice, rx.fragment(_heading(), _steps())),
        origin(OriginState.told, OriginState.put_away, shown=OriginState.shown),
        rx.cond(
            LineageState.access == "open",
            rx.fragment(
                notice(LineageState.notice, LineageState.dismiss),
                notice(OriginState.notice, OriginState.dismiss),
            ),
        ),
        name="lineage",
    )


def _heading() -> rx.Component:
    return rx.el.header(
        rx.el.h1(t(lineage_texts.LINEAGE)),
        rx.el.p(ProjectState.name, class_name="project-title"),
        rx.cond(
            LineageState.resyncing,
            rx.el.p(t(shared_texts.RESYNCING), class_name="resyncing", role="status"),
        ),
        rx.el.nav(
            link(
                t(projects_texts.BACK_TO_PROJECT),
                href=f"/projects/{ProjectState.id}/brainstorm",
                class_name="button plain",
            ),
            class_name="project-tools",
        ),
        class_name="page-heading",
    )


def _steps() -> rx.Component:
    # The list comes first for who listens; the style sheet draws the graph above it.
    return rx.cond(
        LineageState.steps.length() > 0,
        rx.el.div(
            rx.el.div(
                rx.el.p(t(lineage_texts.WHY), class_name="hint"),
                view_switch(DEEDS),
                class_name="lineage-bar",
            ),
            lineage_list(LineageState.steps, DEEDS),
            rx.cond(
                VIEW == "graph",
                lineage_graph(LineageState.steps, LineageState.ways, LineageState.sights, DEEDS),
            ),
            class_name="lineage",
        ),
        empty(t(lineage_texts.EMPTY), t(lineage_texts.EMPTY_NEXT)),
    )
