"""The join of a project's shapes, in whatever order their rows arrive."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.sync.flow import ProjectFlow, join

CONTEXT = {
    "params": {"platform": "抖音", "genre": "穿越", "other_requirements": "", "count": 2},
    "startedBy": "小王",
    "model": "a-model",
    "tokens": 20,
    "seconds": 18.0,
}
ONE = {"title": "重生之约", "body": "她醒来时回到十年前。"}
WRITING = {"title": "逆袭", "body": "他", "status": "writing"}


def transform(number: int = 1, **values: Any) -> dict[str, Any]:
    """A row of transforms; a higher number is a later one."""
    return {
        "id": f"t{number}",
        "type": "llm",
        "execution_context": json.dumps(CONTEXT),
        "created_at": datetime(2026, 1, number, tzinfo=UTC),
        "streaming_status": "completed",
        "progress_percentage": 100.0,
        "error_message": None,
        "retry_count": 0,
    } | values


def artifact(number: int = 1, **values: Any) -> dict[str, Any]:
    """A row of artifacts."""
    return {
        "id": f"a{number}",
        "type": "brainstorm_ideas",
        "data": json.dumps({"ideas": [ONE]}),
        "partial_data": None,
        "streaming_status": "completed",
        "created_at": datetime(2026, 1, number, tzinfo=UTC),
    } | values


def output(number: int = 1) -> dict[str, Any]:
    """A row of transform_outputs."""
    return {"transform_id": f"t{number}", "artifact_id": f"a{number}", "output_role": "ideas"}


def choice(number: int, index: int, *, chosen: bool, of: str = "a1") -> dict[str, Any]:
    """A choice artifact."""
    data = json.dumps({"artifactId": of, "index": index, "chosen": chosen})
    return artifact(number, type="brainstorm_choice", data=data)


def joined(transforms: list[Any], outputs: list[Any], artifacts: list[Any]) -> ProjectFlow:
    """The flow of these rows."""
    return join("p", transforms, outputs, {row["id"]: row for row in artifacts})


def test_a_batch_shows_its_ideas_and_who_started_it() -> None:
    """Transform, link and artifact make one batch."""
    flow = joined([transform()], [output()], [artifact()])

    [batch] = flow.batches
    assert [idea.title for idea in batch.ideas] == ["重生之约"]
    assert (batch.status, batch.started_by, batch.tokens, batch.seconds) == ("completed", "小王", 20, 18.0)
    assert (batch.brief.platform, batch.brief.count) == ("抖音", 2)


def test_the_newest_batch_comes_first() -> None:
    """A shape has no order: the flow makes its own."""
    flow = joined([transform(1), transform(3), transform(2)], [], [])

    assert [batch.transform_id for batch in flow.batches] == ["t3", "t2", "t1"]


def test_a_growing_idea_is_shown_but_not_counted() -> None:
    """While streaming, partial_data counts."""
    growing = artifact(streaming_status="streaming", partial_data={"ideas": [ONE, WRITING]})

    [batch] = joined([transform(streaming_status="running")], [output()], [growing]).batches

    assert [idea.status for idea in batch.ideas] == ["finished", "writing"]
    assert batch.finished_count == 1


def test_no_end_is_shown_before_its_ideas() -> None:
    """A transform that ended waits for its artifact, which arrives by another shape."""
    streaming = artifact(streaming_status="streaming", partial_data={"ideas": [ONE]})

    [waiting] = joined([transform()], [output()], [streaming]).batches
    [unlinked] = joined([transform()], [], []).batches

    assert (waiting.status, unlinked.status) == ("running", "running")


def test_a_persons_own_act_is_no_batch() -> None:
    """Human transforms change what is chosen; they are not generations."""
    assert joined([transform(type="human")], [], []).batches == ()


def test_the_newest_choice_stands_until_it_is_taken_back() -> None:
    """Choosing another idea moves the choice, choosing it again ends it."""
    rows = [artifact(), choice(2, 0, chosen=True)]
    first = joined([transform()], [output()], rows).batches[0].chosen
    rows.append(choice(3, 1, chosen=True))
    moved = joined([transform()], [output()], rows).batches[0].chosen
    rows.append(choice(4, 1, chosen=False))
    ended = joined([transform()], [output()], rows).batches[0].chosen

    assert (first, moved, ended) == ({0}, {1}, frozenset())


@pytest.mark.parametrize(
    ("rows", "name", "state"),
    [
        ([{"id": "p", "name": "真假千金", "status": "active"}], "真假千金", "active"),
        ([{"id": "p", "name": "真假千金", "status": "archived"}], "真假千金", "archived"),
        ([{"id": "p", "name": "真假千金", "status": "deleted"}], "真假千金", "deleted"),
        ([], "", "deleted"),
    ],
)
def test_a_flow_says_what_became_of_its_project(rows: list[Any], name: str, state: str) -> None:
    """A project whose row is gone is a deleted one."""
    flow = join("p", [], [], {}, projects=rows)

    assert (flow.name, flow.state) == (name, state)


def test_a_batch_knows_which_places_its_attempt_writes() -> None:
    """The context of an attempt names them; a first one writes every place."""
    alone = json.dumps(CONTEXT | {"slots": [1]})
    streaming = artifact(streaming_status="streaming", partial_data={"ideas": [WRITING]})

    [first] = joined([transform(streaming_status="running")], [output()], [streaming]).batches
    [retry] = joined(
        [transform(streaming_status="running", execution_context=alone)], [output()], [streaming]
    ).batches

    assert (first.slots, first.next_slot) == (None, 0)
    assert (retry.slots, retry.next_slot) == ({1}, 1)


@given(st.integers(1, 4), st.randoms(use_true_random=False))
def test_every_interleaving_ends_at_the_same_flow(count: int, randomness: random.Random) -> None:
    """Rows of the three shapes may arrive in any order; no state on the way breaks, or shows an empty end."""
    numbers = range(1, count + 1)
    tables: dict[str, list[dict[str, Any]]] = {
        "transforms": [transform(number) for number in numbers],
        "outputs": [output(number) for number in numbers],
        "artifacts": [artifact(number) for number in numbers],
    }
    arrivals = [(table, row) for table, rows in tables.items() for row in rows]
    randomness.shuffle(arrivals)
    here: dict[str, list[dict[str, Any]]] = {table: [] for table in tables}

    flow = joined([], [], [])
    for table, row in arrivals:
        here[table].append(row)
        flow = joined(here["transforms"], here["outputs"], here["artifacts"])
        assert all(batch.ideas for batch in flow.batches if batch.status == "completed")

    assert flow == joined(tables["transforms"], tables["outputs"], tables["artifacts"])
    assert len(flow.batches) == count
