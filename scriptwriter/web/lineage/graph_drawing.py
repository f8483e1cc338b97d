"""React Flow (https://reactflow.dev) as a Reflex component."""

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex.event import EventType
from reflex_base.components.component import NoSSRComponent
from reflex_base.event import EventHandler

LIBRARY = "@xyflow/react@12.12.1"
READABLE = 11 / 16
"""The smallest readable zoom: letters of 1rem (16 pixels) become 11 pixels high."""
FILLED = 0.98
"""The share of the frame that the nodes in view may fill."""


def _node_clicked(_event: rx.Var[Any], node: rx.Var[dict[str, Any]]) -> tuple[rx.Var[str]]:
    return (node.to(dict[str, Any])["id"].to(str),)


class FlowChart(NoSSRComponent):
    """A graph that a person can zoom, drag and click (React Flow's `ReactFlow`).

    `nodes` are {"id", "position": {"x", "y"}, "data": {"label"}, "className"?} with their size and handles,
    `edges` {"id", "source", "target"}. `on_node_click` gets the id of the node.
    """

    library = LIBRARY
    tag = "ReactFlow"

    nodes: rx.Var[list[dict[str, Any]]]
    edges: rx.Var[list[dict[str, Any]]]
    nodes_draggable: rx.Var[bool]
    nodes_connectable: rx.Var[bool]
    nodes_focusable: rx.Var[bool]
    edges_focusable: rx.Var[bool]
    min_zoom: rx.Var[float]
    on_init: rx.Var[Any]
    on_node_click: EventHandler[_node_clicked]

    def add_imports(self) -> dict[str, Any]:
        """Import the style sheet of React Flow."""
        return {"": "@xyflow/react/dist/style.css"}


class Controls(NoSSRComponent):
    """The zoom buttons of a FlowChart (React Flow's `Controls`)."""

    library = LIBRARY
    tag = "Controls"

    show_interactive: rx.Var[bool]


def flow_chart(
    nodes: rx.Var[list[dict[str, Any]]],
    edges: rx.Var[list[dict[str, Any]]],
    openings: rx.Var[Sequence[list[str]]],
    on_open: EventType[str],
) -> rx.Component:
    """The graph of `nodes` and `edges` (Vars). A click on a node calls `on_open` with the id of the node.

    At first, all nodes are in view if they are then large enough to read. Otherwise the first of `openings`
    (lists of node ids) that is readable is in view.
    """
    return FlowChart.create(
        Controls.create(show_interactive=False),
        nodes=nodes,
        edges=edges,
        on_init=_opening(openings),
        nodes_draggable=False,
        nodes_connectable=False,
        # The list of steps is for the keyboard and for screen readers.
        nodes_focusable=False,
        edges_focusable=False,
        min_zoom=0.1,
        on_node_click=on_open,
    )


def _opening(openings: rx.Var[Sequence[list[str]]]) -> rx.Var[Any]:
    """A JavaScript function that sets the first view of a chart: the first readable opening, or the last."""
    function = f"""(flow) => {{
  const frame = document.querySelector(".react-flow");
  const {{ clientWidth, clientHeight }} = frame;
  for (const opening of [flow.getNodes(), ...{openings!s}]) {{
    const {{ x, y, width, height }} = flow.getNodesBounds(opening);
    const zoom = Math.min(1, {FILLED} * clientWidth / width, {FILLED} * clientHeight / height);
    flow.setViewport({{
      x: clientWidth / 2 - (x + width / 2) * zoom, y: clientHeight / 2 - (y + height / 2) * zoom, zoom
    }});
    if (zoom >= {READABLE}) break;
  }}
  frame.dataset.opened = "";
}}"""
    return rx.Var(function, _var_data=openings._get_all_var_data())
