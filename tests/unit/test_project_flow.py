"""The join of a project's shapes, for every order in which their rows arrive."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.sync.project_flow import join
from tests.support.shape_rows import (
    CONTEXT,
    ONE,
    WRITING,
    Row,
    act,
    artifact,
    joined,
    member,
    order,
    output,
    tab,
    transform,
    verdict,
    version,
)


def test_a_batch_shows_its_ideas_and_who_started_it() -> None:
    """Transform, output and artifact form one batch."""
    flow = joined([transform()], [output()], [artifact()])

    [batch] = flow.batches
    assert [idea.title for idea in batch.ideas] == ["重生之约"]
    assert (batch.status, batch.started_by, batch.tokens, batch.seconds) == ("completed", "小王", 20, 18.0)
    assert (batch.brief.platform, batch.brief.count) == ("抖音", 2)


@pytest.mark.parametrize("written", [{}, {"until": "2026-07-01T00:00:59+00:00"}])
def test_a_postponed_retry_has_its_time_in_both_stored_formats(written: dict[str, str]) -> None:
    """An earlier version stored only the number of seconds from the time of writing."""
    waiting = {"code": "rate_limited", "params": {}, "seconds": 20, "number": 1, "of": 2} | written
    row = transform(
        streaming_status="pending",
        execution_context=json.dumps(CONTEXT | {"waiting": waiting}),
        updated_at=datetime(2026, 7, 1, 0, 0, 39, tzinfo=UTC),
    )

    [batch] = joined([row], [], []).batches

    assert batch.waiting is not None
    assert batch.waiting.until == datetime(2026, 7, 1, 0, 0, 59, tzinfo=UTC)


def test_the_newest_batch_comes_first() -> None:
    """A shape has no order, so the flow sorts the batches."""
    flow = joined([transform(1), transform(3), transform(2)], [], [])

    assert [batch.transform_id for batch in flow.batches] == ["t3", "t2", "t1"]


def test_a_growing_idea_is_shown_but_not_counted() -> None:
    """While an artifact is streaming, its ideas are those of partial_data."""
    growing = artifact(streaming_status="streaming", partial_data={"ideas": [ONE, WRITING]})

    [batch] = joined([transform(streaming_status="running")], [output()], [growing]).batches

    assert [idea.status for idea in batch.ideas] == ["finished", "writing"]
    assert batch.finished_count == 1
    assert list(batch.notes) == [0]


def test_a_run_is_shown_as_ended_only_with_its_ideas() -> None:
    """Its artifact arrives through another shape, possibly later than the transform."""
    streaming = artifact(streaming_status="streaming", partial_data={"ideas": [ONE]})

    [waiting] = joined([transform()], [output()], [streaming]).batches
    [unlinked] = joined([transform()], [], []).batches

    assert (waiting.status, unlinked.status) == ("running", "running")


def test_a_persons_own_act_is_no_batch() -> None:
    """Human transforms are acts on ideas, not generations."""
    assert joined([transform(type="human")], [], []).batches == ()


def test_a_choice_of_an_older_version_is_ignored() -> None:
    """A database may hold artifacts of a kind that is no longer written."""
    data = json.dumps({"artifactId": "a1", "index": 0, "chosen": True})
    old = artifact(2, type="brainstorm_choice", data=data)

    flow = joined([transform(), act(2, "choose_idea")], [output(), output(2)], [artifact(), old])

    assert flow == joined([transform()], [output()], [artifact()])


def project_rows(count: int) -> dict[str, list[Row]]:
    """All rows of a project with `count` batches and the acts of two people."""
    numbers = range(1, count + 1)
    acts = {
        11: (act(11, "pick_idea"), verdict(11, "keep")),
        12: (act(12, "pick_idea", by="小李"), verdict(12, "pass", by="小李", reason="formulaic")),
        13: (act(13, by="小李"), version(13, "十年之前")),
        14: (act(14, "restore_idea"), version(14, "重生之约", base="a13")),
        15: (act(15, "pick_idea", by="小李"), verdict(15, "keep", f"a{count}#0", by="小李")),
        16: (act(16, "arrange_keepers"), order(16, f"a{count}#0", "a1#0")),
        17: (transform(17, type="llm"), version(17, "回到十年前", base="a14")),
    }
    return {
        "transforms": [*map(transform, numbers), *(made[0] for made in acts.values())],
        "outputs": [*map(output, numbers), *map(output, acts)],
        "artifacts": [*map(artifact, numbers), *(made[1] for made in acts.values())],
        "members": [member("小王", "owner"), member("小李")],
        "tabs": [tab("x", "小王"), tab("y", "小李", "a1#0"), tab("z", "小李")],
    }


@pytest.mark.parametrize(
    ("rows", "name", "state"),
    [
        ([{"id": "p", "name": "真", "description": None, "status": "active"}], "真", "active"),
        (
            [{"id": "p", "name": "真假千金", "description": None, "status": "archived"}],
            "真假千金",
            "archived",
        ),
        ([{"id": "p", "name": "真", "description": None, "status": "deleted"}], "真", "deleted"),
        ([], "", "deleted"),
    ],
)
def test_a_flow_says_what_became_of_its_project(rows: list[Any], name: str, state: str) -> None:
    """A project without a row was deleted."""
    flow = join("p", [], [], {}, projects=rows)

    assert (flow.name, flow.state) == (name, state)


def test_a_batch_knows_which_places_its_attempt_writes() -> None:
    """The context of an attempt names them; a first attempt writes every place."""
    context = json.loads(transform()["execution_context"])
    alone = json.dumps(context | {"slots": [1]})
    streaming = artifact(streaming_status="streaming", partial_data={"ideas": [WRITING]})

    [first] = joined([transform(streaming_status="running")], [output()], [streaming]).batches
    [retry] = joined(
        [transform(streaming_status="running", execution_context=alone)], [output()], [streaming]
    ).batches

    assert (first.slots, first.next_slot) == (None, 0)
    assert (retry.slots, retry.next_slot) == ({1}, 1)


@given(st.integers(1, 4), st.randoms(use_true_random=False))
def test_every_interleaving_ends_at_the_same_flow(count: int, randomness: random.Random) -> None:
    """For any order of the rows, every intermediate flow is consistent."""
    tables = project_rows(count)
    arrivals = [(table, row) for table, rows in tables.items() for row in rows]
    randomness.shuffle(arrivals)
    arrived: dict[str, list[Row]] = {table: [] for table in tables}

    flow = joined([], [], [])
    for table, row in arrivals:
        arrived[table].append(row)
        flow = joined(*arrived.values())
        assert all(batch.ideas for batch in flow.batches if batch.status == "completed")
        assert all(flow.notes_of(ref) is not None for ref in flow.keepers)
        assert all(person.user_id in flow.roles for person in flow.present)
        assert all(
            set(batch.notes) == {place for place, idea in enumerate(batch.ideas) if idea.status == "finished"}
            for batch in flow.batches
        )

    assert flow == joined(*tables.values())
    notes = flow.batches[-1].notes[0]
    assert [(each.title, each.by, each.kind) for each in notes.versions] == [
        ("重生之约", "", "original"),
        ("十年之前", "小李", "edit"),
        ("重生之约", "小王", "restore"),
        ("回到十年前", "小王", "title"),
    ]
    assert [str(ref) for ref in flow.keepers] == [*dict.fromkeys((f"a{count}#0", "a1#0"))]
    assert [person.name for person in flow.present] == ["小李", "小王"]
