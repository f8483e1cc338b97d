"""A person stops a run, at any moment of its life."""

import asyncio
from typing import Any

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Idea
from scriptwriter.services.runs import attempts, ending, retrying, starting
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import run
from tests.support.model_server import Answer, Gate, ModelServer, ideas_text, spoken, story
from tests.support.rooms import BRIEF, Room
from tests.support.rows import artifact_of, rows, transform_of
from tests.support.waiting import LIMIT, eventually

ONE = Idea("重生之约", "她醒来时回到十年前。")


async def started(room: Room) -> str:
    """The id of a run that waits for a worker."""
    return await starting.start(room.project_id, BRIEF, room.owner)


async def stopped(room: Room, transform_id: str, who: str = "collaborator") -> bool:
    """Whether this person's stop ended the run."""
    return await ending.stop(room.project_id, transform_id, getattr(room, who))


async def running_on(endpoint: Endpoint, transform_id: str) -> asyncio.Task[None]:
    """An attempt of a worker, as a background task."""
    return asyncio.create_task(run(transform_id, endpoint))


def waiting_after(text: str, gate: Gate) -> Answer:
    """An answer of a model that pauses after `text` of its reply until the gate opens."""
    whole = ideas_text(range(1, 4))
    steps: list[Any] = list(spoken(whole, size=2).steps)
    steps.insert(1 + (whole.index(text) + len(text)) // 2 + 1, gate)
    return Answer(steps)


async def test_a_stop_of_a_queued_run_leaves_an_empty_batch(connected: str, room: Room) -> None:
    """Its job later finds nothing to do."""
    transform_id = await started(room)

    assert await stopped(room, transform_id)

    assert transform_of(connected)["streaming_status"] == "cancelled"
    assert transform_of(connected)["context"]["stoppedBy"] == "Collaborator"
    assert artifact_of(connected)["streaming_status"] == "cancelled"
    assert artifact_of(connected)["ideas"] == []
    assert await attempts.begin(transform_id) is None


async def test_a_stop_before_the_first_token_closes_the_stream(connected: str, room: Room) -> None:
    """The attempt ends although the model has sent nothing."""
    with ModelServer() as server:
        server.answers(Answer([Gate()]))
        transform_id = await started(room)
        working = await running_on(Endpoint("m", server.url, silence=60), transform_id)
        await eventually(lambda: server.exchanges)

        assert await stopped(room, transform_id)

        await asyncio.wait_for(working, LIMIT)
        assert server.exchanges[0].left.wait(LIMIT)
    assert transform_of(connected)["streaming_status"] == "cancelled"


async def test_a_stop_keeps_finished_and_half_written_ideas(connected: str, room: Room) -> None:
    """The half-written idea is marked unfinished, and the raw reply is stored."""
    gate = Gate()
    with ModelServer() as server:
        server.answers(waiting_after("第2个故事：有人来了", gate))
        transform_id = await started(room)
        working = await running_on(Endpoint("m", server.url, silence=60), transform_id)
        await eventually(lambda: len((artifact_of(connected)["partial_data"] or {"ideas": []})["ideas"]) == 2)
        await eventually(lambda: "来了" in artifact_of(connected)["partial_data"]["ideas"][1]["body"])

        await stopped(room, transform_id)

        await asyncio.wait_for(working, LIMIT)
    first, second = artifact_of(connected)["ideas"]
    assert first == story(1)
    assert second["status"] == "unfinished" and second["body"].startswith("第2个故事：有人来")
    [record] = rows(connected, "SELECT raw_response FROM llm_transforms")
    assert record["raw_response"].startswith('{"ideas"')


async def test_of_two_concurrent_stops_one_succeeds(connected: str, room: Room) -> None:
    """They may come from two tabs or two people. The name of the first one is stored."""
    transform_id = await started(room)
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE])

    outcomes = await asyncio.gather(stopped(room, transform_id, "owner"), stopped(room, transform_id))

    assert sorted(outcomes) == [False, True]
    name = {True: "Owner", False: "Collaborator"}[outcomes[0]]
    assert transform_of(connected)["context"]["stoppedBy"] == name
    assert artifact_of(connected)["ideas"] == [ONE.model_dump()]


async def test_a_stop_of_a_completed_run_changes_nothing(connected: str, room: Room) -> None:
    """The run stays completed."""
    from scriptwriter.domain.graph import Reply

    transform_id = await started(room)
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    await ending.finish(attempt, [ONE], Reply("m"))

    assert not await stopped(room, transform_id)

    assert transform_of(connected)["streaming_status"] == "completed"
    assert "stoppedBy" not in transform_of(connected)["context"]


async def test_a_stop_ends_a_run_whose_worker_died(connected: str, room: Room) -> None:
    """No worker has to react. A job that is taken over later finds nothing to do."""
    transform_id = await started(room)
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE, Idea("半", "句", "writing")])

    assert await stopped(room, transform_id)

    assert [each.get("status") for each in artifact_of(connected)["ideas"]] == [None, "unfinished"]
    assert await attempts.begin(transform_id) is None


async def test_a_stopped_run_can_be_filled_in(connected: str, room: Room) -> None:
    """The next attempt knows which ideas are finished."""
    transform_id = await started(room)
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE])
    await stopped(room, transform_id)

    await retrying.retry(room.project_id, transform_id, room.owner)

    again = await attempts.begin(transform_id)
    assert again is not None and again.finished == (ONE,)
    assert "stoppedBy" not in transform_of(connected)["context"]


@pytest.mark.parametrize(("who", "code"), [("stranger", "project_not_found"), ("viewer", "not_allowed")])
async def test_only_owners_and_collaborators_can_stop_a_run(
    connected: str, room: Room, who: str, code: str
) -> None:
    """A stop by anybody else changes nothing."""
    transform_id = await started(room)

    with pytest.raises(UserError) as refusal:
        await stopped(room, transform_id, who)

    assert refusal.value.code == code
    assert transform_of(connected)["streaming_status"] == "pending"
