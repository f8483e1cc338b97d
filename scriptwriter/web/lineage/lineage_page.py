"""Owns the page of a project's lineage."""

import reflex as rx

from scriptwriter.texts import (
    BACK_TO_PROJECT,
    LINEAGE,
    LINEAGE_EMPTY,
    LINEAGE_EMPTY_NEXT,
    LINEAGE_WHY,
    RESYNCING,
)
from scriptwriter.web.kit.elements import empty, link, notice
from scriptwriter.web.kit.layout import LANGUAGE, page
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
        origin(OriginState.told, LANGUAGE, OriginState.put_away, shown=OriginState.shown),
        rx.cond(
            LineageState.access == "open",
            rx.fragment(
                notice(LineageState.notice, LANGUAGE, LineageState.dismiss),
                notice(OriginState.notice, LANGUAGE, OriginState.dismiss),
            ),
        ),
        name="lineage",
    )


def _heading() -> rx.Component:
    return rx.el.header(
        rx.el.h1(t(LINEAGE, LANGUAGE)),
        rx.el.p(ProjectState.name, class_name="project-title"),
        rx.cond(
            LineageState.resyncing, rx.el.p(t(RESYNCING, LANGUAGE), class_name="resyncing", role="status")
        ),
        rx.el.nav(
            link(
                t(BACK_TO_PROJECT, LANGUAGE),
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
                rx.el.p(t(LINEAGE_WHY, LANGUAGE), class_name="hint"),
                view_switch(LANGUAGE, DEEDS),
                class_name="lineage-bar",
            ),
            lineage_list(LineageState.steps, LANGUAGE, DEEDS),
            rx.cond(
                VIEW == "graph",
                lineage_graph(LineageState.steps, LineageState.ways, LineageState.sights, LANGUAGE, DEEDS),
            ),
            class_name="lineage",
        ),
        empty(t(LINEAGE_EMPTY, LANGUAGE), t(LINEAGE_EMPTY_NEXT, LANGUAGE)),
    )
