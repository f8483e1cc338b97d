"""The lineage graph of a project, computed from its rows: columns, positions, and every order of arrival."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.sync.lineage_join import COLUMN, LINE, Lineage, folded, lineage

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


def artifact(id: str, minute: int, type: str = "brainstorm_ideas") -> dict[str, Any]:
    """A row of artifacts."""
    return {
        "id": id,
        "type": type,
        "streaming_status": "completed",
        "created_at": START + timedelta(minutes=minute),
        "data": "{}",
    }


def transform(id: str, minute: int, type: str = "llm", context: str = "{}") -> dict[str, Any]:
    """A row of transforms."""
    return {
        "id": id,
        "type": type,
        "streaming_status": "completed",
        "created_at": START + timedelta(minutes=minute),
        "execution_context": context,
    }


ARTIFACTS = [
    artifact("brief", 0, "brainstorm_params"),
    artifact("ideas", 1),
    artifact("edited", 2, "brainstorm_idea"),
    artifact("kept", 3, "brainstorm_verdict"),
]
TRANSFORMS = [
    transform("run", 0),
    transform("edit", 2, "human", '{"params": {"action": "edit_idea"}}'),
    transform("pick", 3, "human"),
]
INPUTS = [
    {"artifact_id": "brief", "transform_id": "run", "input_role": "params"},
    {"artifact_id": "ideas", "transform_id": "edit", "input_role": "ideas[0]"},
    {"artifact_id": "ideas", "transform_id": "pick", "input_role": "ideas[1]"},
]
OUTPUTS = [
    {"artifact_id": "ideas", "transform_id": "run", "output_role": "ideas"},
    {"artifact_id": "edited", "transform_id": "edit", "output_role": "idea"},
    {"artifact_id": "kept", "transform_id": "pick", "output_role": None},
]


def whole() -> Lineage:
    """The lineage of all rows."""
    return lineage(ARTIFACTS, TRANSFORMS, INPUTS, OUTPUTS)


def test_each_step_is_one_column_further_and_the_oldest_on_top() -> None:
    """From the brief to the ideas, and on to the acts of people."""
    places = {node.id: (node.x // COLUMN, node.y // LINE) for node in whole().nodes}

    assert places == {
        "brief": (0, 0), "run": (1, 0), "ideas": (2, 0),
        "edit": (3, 0), "pick": (3, 1), "edited": (4, 0), "kept": (4, 1),
    }  # fmt: skip


def test_a_node_has_its_kind_and_type() -> None:
    """Including the action of a person, where it is readable."""
    described = {node.id: (node.kind, node.type) for node in whole().nodes}

    assert described["run"] == ("llm", "")
    assert (described["edit"], described["pick"]) == (("human", "edit_idea"), ("human", ""))
    assert described["kept"] == ("artifact", "brainstorm_verdict")


def test_a_node_knows_its_sources() -> None:
    """One step back."""
    assert [node.id for node in whole().before("edit")] == ["ideas"]
    assert whole().before("brief") == ()


def test_a_cycle_in_damaged_rows_does_not_hang() -> None:
    """The application writes no cycle, but the page must show any rows."""
    circle = [{"artifact_id": "ideas", "transform_id": "run", "input_role": "x"}]

    assert {node.id for node in lineage(ARTIFACTS, TRANSFORMS, [*INPUTS, *circle], OUTPUTS).nodes} == {
        row["id"] for row in (*ARTIFACTS, *TRANSFORMS)
    }


rows = st.lists(st.integers(0, 3)).map(set)


@given(rows, rows, rows, rows)
def test_every_part_of_the_rows_makes_a_part_of_the_lineage(
    some: set[int], others: set[int], ins: set[int], outs: set[int]
) -> None:
    """Shapes arrive one by one, and an edge needs both of its nodes."""

    def picked(rows: list[dict[str, Any]], numbers: set[int]) -> list[dict[str, Any]]:
        return [row for number, row in enumerate(rows) if number in numbers]

    part = lineage(
        picked(ARTIFACTS, some), picked(TRANSFORMS, others), picked(INPUTS, ins), picked(OUTPUTS, outs)
    )

    here = {node.id for node in part.nodes}
    assert all(edge.source in here and edge.target in here for edge in part.edges)
    assert set(part.edges) <= set(whole().edges)


def test_a_later_brief_is_next_to_its_run() -> None:
    """Although it has no source: a run that starts from an idea comes after that idea."""
    later = [artifact("brief-2", 4, "brainstorm_params")]
    inputs = [
        {"artifact_id": "brief-2", "transform_id": "like", "input_role": "params"},
        {"artifact_id": "ideas", "transform_id": "like", "input_role": "ideas[0]"},
    ]

    whole = lineage([*ARTIFACTS, *later], [*TRANSFORMS, transform("like", 4)], [*INPUTS, *inputs], OUTPUTS)

    ranks = {node.id: node.rank for node in whole.nodes}
    assert (ranks["brief"], ranks["brief-2"], ranks["like"]) == (0, 2, 3)


def test_folding_merges_an_act_with_its_output() -> None:
    """The act holds the row of the output, which has no node of its own."""
    nodes = {node.id: node for node in folded(whole()).nodes}

    assert set(nodes) == {"brief", "run", "ideas", "edit", "pick"}
    assert (nodes["edit"].made or {})["id"] == "edited"
