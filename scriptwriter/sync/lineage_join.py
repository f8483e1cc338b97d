"""The join of a project's shapes into its lineage: which step came from which, laid out as a graph. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from scriptwriter.domain import graph
from scriptwriter.domain.run_context import ActContext
from scriptwriter.sync.shape_rows import Row, context_of, created_at

NodeKind = Literal["artifact", "llm", "human"]

COLUMN, LINE = 250, 116
"""Pixels from one rank to the next, and from one node of a rank to the next."""


@dataclass(frozen=True, slots=True)
class Node:
    """An artifact or a transform.

    `type` is the type of an artifact, or the action of a person's act ("" for a run). `row` is its row;
    `made` is the row of the artifact that a folded act made. `rank` is the number of steps from the start,
    `x` and `y` the place in the graph in pixels.
    """

    id: str
    kind: NodeKind
    type: str
    status: str
    at: datetime
    row: Row
    rank: int = 0
    x: int = 0
    y: int = 0
    made: Row | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """From an artifact into a transform, or from a transform to its artifact; `role` is the link's role."""

    source: str
    target: str
    role: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """A project's graph: nodes by rank and age, and the edges between them."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    def before(self, node_id: str) -> tuple[Node, ...]:
        """The nodes with an edge to this one."""
        wanted = {edge.source for edge in self.edges if edge.target == node_id}
        return tuple(node for node in self.nodes if node.id in wanted)


def lineage(
    artifacts: Iterable[Row],
    transforms: Iterable[Row],
    inputs: Iterable[Row],
    outputs: Iterable[Row],
) -> Lineage:
    """The lineage that these rows make: of artifacts, transforms, transform_inputs and transform_outputs.

    An edge is left out until the rows of both ends have arrived.
    """
    nodes = [_artifact(row) for row in artifacts] + [_transform(row) for row in transforms]
    known = {node.id for node in nodes}
    edges = [Edge(row["artifact_id"], row["transform_id"], row["input_role"] or "") for row in inputs]
    edges += [Edge(row["transform_id"], row["artifact_id"], row["output_role"] or "") for row in outputs]
    edges = [edge for edge in edges if edge.source in known and edge.target in known]
    edges.sort(key=lambda edge: (edge.source, edge.target, edge.role))
    return Lineage(_placed(nodes, edges), tuple(edges))


def folded(whole: Lineage) -> Lineage:
    """The same lineage, with a person's act and the artifact that it made as one node: the act's."""
    nodes = {node.id: node for node in whole.nodes}
    into = {
        edge.target: edge.source
        for edge in whole.edges
        if nodes[edge.source].kind == "human" and nodes[edge.target].kind == "artifact"
    }
    made = {act: nodes[artifact].row for artifact, act in into.items()}
    edges = [replace(edge, source=into.get(edge.source, edge.source)) for edge in whole.edges]
    edges = [edge for edge in edges if edge.target not in into]
    kept = [replace(node, made=made.get(node.id)) for node in whole.nodes if node.id not in into]
    return Lineage(_placed(kept, edges), tuple(edges))


def _artifact(row: Row) -> Node:
    return Node(row["id"], "artifact", row["type"], row["streaming_status"], created_at(row), row)


def _transform(row: Row) -> Node:
    context = context_of(row)
    kind: NodeKind = "llm" if row["type"] == graph.LLM else "human"
    action = context.params.action if isinstance(context, ActContext) else ""
    return Node(row["id"], kind, action, row["streaming_status"], created_at(row), row)


def _placed(nodes: Iterable[Node], edges: Iterable[Edge]) -> tuple[Node, ...]:
    """The nodes with their places: one column for each rank, the oldest node at its top."""
    ranks = _ranks(nodes, edges)
    ordered = sorted(nodes, key=lambda node: (ranks[node.id], node.at, node.id))
    heights: dict[int, int] = {}
    placed = []
    for node in ordered:
        rank = ranks[node.id]
        line = heights.get(rank, 0)
        heights[rank] = line + 1
        placed.append(replace(node, rank=rank, x=rank * COLUMN, y=line * LINE))
    return tuple(placed)


def _ranks(nodes: Iterable[Node], edges: Iterable[Edge]) -> dict[str, int]:
    """The length of the longest path from the start to each node, by id. Nodes on a circle get rank 0.

    A node without inputs, such as the brief of a later run, gets the rank right before its first target.
    """
    before: dict[str, list[str]] = {node.id: [] for node in nodes}
    after: dict[str, list[str]] = {node_id: [] for node_id in before}
    for edge in edges:
        before[edge.target].append(edge.source)
        after[edge.source].append(edge.target)
    ranks = dict.fromkeys(before, 0)
    waiting = {node_id: len(sources) for node_id, sources in before.items()}
    ready = [node_id for node_id, number in waiting.items() if number == 0]
    while ready:
        node_id = ready.pop()
        for target in after[node_id]:
            ranks[target] = max(ranks[target], ranks[node_id] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    begun = {
        node_id: min(ranks[target] for target in after[node_id]) - 1
        for node_id in ranks
        if after[node_id] and not before[node_id]
    }
    return ranks | {node_id: max(0, rank) for node_id, rank in begun.items()}
