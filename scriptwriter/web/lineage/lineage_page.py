"""The lineage page of a project."""

import reflex as rx

from scriptwriter.texts import lineage_texts, projects_texts, shared_texts
from scriptwriter.web.kit.elements import empty, link, notice
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.project_access import opened
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import t
from scriptwriter.web.lineage.lineage_parts import VIEW, lineage_graph, lineage_list, view_switch
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.room.origin_dialog import origin
from scriptwriter.web.room.origin_state import OriginState


def lineage() -> rx.Component:
    """The lineage page, which follows the graph of the project live."""
    return page(
        opened(LineageState.access, LineageState.notice, rx.fragment(_heading(), _steps())),
        origin(),
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
    # The list is first in the page for screen readers; the style sheet puts the graph above it.
    return rx.cond(
        LineageState.steps.length() > 0,
        rx.el.div(
            rx.el.div(
                rx.el.p(t(lineage_texts.WHY), class_name="hint"),
                view_switch(),
                class_name="lineage-bar",
            ),
            lineage_list(),
            rx.cond(
                VIEW == "graph",
                lineage_graph(),
            ),
            class_name="lineage",
        ),
        empty(t(lineage_texts.EMPTY), t(lineage_texts.EMPTY_NEXT)),
    )
