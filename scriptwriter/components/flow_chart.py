"""Owns the drawing of a graph: React Flow (https://reactflow.dev), wrapped. Knows no subject."""

from typing import Any

import reflex as rx
from reflex_base.components.component import NoSSRComponent
from reflex_base.event import EventHandler

LIBRARY = "@xyflow/react@12.12.1"


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
    fit_view: rx.Var[bool]
    fit_view_options: rx.Var[dict[str, Any]]
    nodes_draggable: rx.Var[bool]
    nodes_connectable: rx.Var[bool]
    nodes_focusable: rx.Var[bool]
    edges_focusable: rx.Var[bool]
    min_zoom: rx.Var[float]
    on_node_click: EventHandler[_node_clicked]

    def add_imports(self) -> dict[str, Any]:
        """Its style sheet."""
        return {"": "@xyflow/react/dist/style.css"}


class Controls(NoSSRComponent):
    """The buttons that zoom, inside of a FlowChart."""

    library = LIBRARY
    tag = "Controls"

    show_interactive: rx.Var[bool]


def flow_chart(nodes: Any, edges: Any, on_open: Any) -> rx.Component:
    """The graph of `nodes` and `edges` (Vars), fitted when it opens; a click on a node calls `on_open`."""
    return FlowChart.create(
        Controls.create(show_interactive=False),
        nodes=nodes,
        edges=edges,
        fit_view=True,
        fit_view_options={"padding": 0.08, "maxZoom": 1},
        nodes_draggable=False,
        nodes_connectable=False,
        # The same is told by a list, which is what the keyboard walks through.
        nodes_focusable=False,
        edges_focusable=False,
        min_zoom=0.1,
        on_node_click=on_open,
    )
