"""React component for graphs: React Flow (https://reactflow.dev), wrapped."""

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex.event import EventType
from reflex_base.components.component import NoSSRComponent
from reflex_base.event import EventHandler

LIBRARY = "@xyflow/react@12.12.1"
READABLE = 11 / 16
"""The zoom at which letters of 1rem can still be read: 11 pixels."""
FILLED = 0.98
"""How much of the frame the nodes in view may fill."""


def _node_clicked(_event: rx.Var[Any], node: rx.Var[dict[str, Any]]) -> tuple[rx.Var[str]]:
    return (node.to(dict[str, Any])["id"].to(str),)


class FlowChart(NoSSRComponent):
    """Nodes and edges that can be zoomed, moved under the pointer and clicked.

    `nodes` are {"id", "position": {"x", "y"}, "data": {"label"}, "className"?} with their size and handles,
    `edges` {"id", "source", "target"}; `on_node_click` gets the node's id.
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
        """Its style sheet."""
        return {"": "@xyflow/react/dist/style.css"}


class Controls(NoSSRComponent):
    """The buttons that zoom, inside of a FlowChart."""

    library = LIBRARY
    tag = "Controls"

    show_interactive: rx.Var[bool]


def flow_chart(
    nodes: rx.Var[list[dict[str, Any]]],
    edges: rx.Var[list[dict[str, Any]]],
    openings: rx.Var[Sequence[list[str]]],
    on_open: EventType[str],
) -> rx.Component:
    """The graph of `nodes` and `edges` (Vars); a click on a node calls `on_open`.

    It opens with all nodes in view, or with the first of `openings` (lists of node ids) that is large enough
    to read. From there a person moves and zooms.
    """
    return FlowChart.create(
        Controls.create(show_interactive=False),
        nodes=nodes,
        edges=edges,
        on_init=_opening(openings),
        nodes_draggable=False,
        nodes_connectable=False,
        # The same is told by a list, which is what the keyboard walks through.
        nodes_focusable=False,
        edges_focusable=False,
        min_zoom=0.1,
        on_node_click=on_open,
    )


def _opening(openings: rx.Var[Sequence[list[str]]]) -> rx.Var[Any]:
    """What a chart does when it is there: look at the first opening that can be read, or the last one."""
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
