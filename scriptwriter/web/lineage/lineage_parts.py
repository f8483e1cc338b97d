"""The lineage of a project as a graph, and as a list of the same steps."""

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex.vars import ObjectVar
from reflex_base.vars import VarData

from scriptwriter.texts import lineage_texts
from scriptwriter.web.kit.browser_vars import NARROW
from scriptwriter.web.kit.elements import button, link
from scriptwriter.web.kit.wording import LANGUAGE, by_language, t
from scriptwriter.web.lineage.graph_drawing import flow_chart
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.lineage.lineage_steps import StepView
from scriptwriter.web.room.origin_state import OriginState

WIDTH, HEIGHT = 210, 84
"""Size of a node in pixels, fixed so that the graph can be laid out before it is drawn."""
VIEW = rx.cond(LineageState.view != "", LineageState.view, rx.cond(NARROW, "list", "graph"))
"""A Var: the view that the person chose, or the default: list on a narrow screen, graph on others."""


def view_switch() -> rx.Component:
    """The buttons that choose between graph and list."""
    return rx.el.div(
        *(
            button(
                t(name),
                kind="quiet",
                on_click=LineageState.choose(view),
                aria_pressed=rx.cond(view == VIEW, "true", "false"),
                data_testid=f"view-{view}",
            )
            for view, name in lineage_texts.VIEWS.items()
        ),
        role="group",
        aria_label=t(lineage_texts.VIEW),
        class_name="view-switch",
    )


def lineage_graph() -> rx.Component:
    """The graph of steps and edges; LineageState.openings has its first view."""
    return rx.el.div(
        flow_chart(
            _nodes(LineageState.steps),
            LineageState.edges.to(list[dict[str, Any]]),
            LineageState.openings,
            LineageState.open,
        ),
        class_name="lineage-graph",
        role="group",
        aria_label=t(lineage_texts.LINEAGE),
        data_testid="lineage-graph",
    )


def lineage_list() -> rx.Component:
    """The list of steps with their times and sources, oldest first."""
    return rx.el.ol(
        rx.foreach(LineageState.steps, _line),
        class_name="lineage-list",
        aria_label=t(lineage_texts.LINEAGE),
        data_testid="lineage-list",
    )


def _line(step: ObjectVar[StepView]) -> rx.Component:
    label = by_language(step.zh, step.en)
    return rx.el.li(
        rx.cond(
            step.href != "",
            link(label, href=step.href, class_name="step-what"),
            rx.el.button(label, type="button", on_click=OriginState.trace(step.id), class_name="step-what"),
        ),
        rx.el.p(
            rx.cond(step.by != "", rx.el.span(step.by, class_name="step-by")),
            rx.el.time(date_time=step.at, data_when=step.at),
            rx.cond(
                step.source_zh != "",
                rx.el.span(
                    t(lineage_texts.FROM),
                    " ",
                    by_language(step.source_zh, step.source_en),
                ),
            ),
            class_name="step-facts",
        ),
        class_name=rx.Var.create("step step-") + step.kind.to(str) + " " + step.state.to(str),
        key=step.id,
        data_testid="step",
        data_kind=step.kind,
    )


def _nodes(steps: rx.Var[Sequence[StepView]]) -> rx.Var[list[dict[str, Any]]]:
    """A Var: the steps as nodes of a FlowChart, with labels in the reader's language."""
    label = f"({LANGUAGE!s}) === 'en' ? step.en : step.zh"
    handles = ", ".join(
        f"{{type: '{type_}', position: '{side}', x: {x}, y: {HEIGHT // 2}, width: 1, height: 1}}"
        for type_, side, x in (("target", "left", 0), ("source", "right", WIDTH))
    )
    node = (
        "{id: step.id, position: {x: step.x, y: step.y}, data: {label: " + label + "}, "
        "className: `step-${step.kind} ${step.state}`, sourcePosition: 'right', targetPosition: 'left', "
        f"width: {WIDTH}, height: {HEIGHT}, measured: {{width: {WIDTH}, height: {HEIGHT}}}, "
        f"handles: [{handles}]" + "}"
    )
    data = VarData.merge(steps._get_all_var_data(), LANGUAGE._get_all_var_data())
    return rx.Var(f"({steps!s}).map((step) => ({node}))", _var_data=data).to(list[dict[str, Any]])
