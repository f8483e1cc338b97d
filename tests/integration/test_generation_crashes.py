"""Workers that are killed: each run is continued once, and a superseded attempt writes nothing."""

import asyncio
from collections.abc import Callable

import pytest

from scriptwriter.domain.errors import GenerationError, Superseded
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.services.runs import attempts, ending, retrying
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import run
from tests.support.model_server import Gate, ModelServer, broken_off, delta, ideas_text, spoken, story
from tests.support.queue import begun, execute, queue, taken_by_a_worker
from tests.support.rooms import Room
from tests.support.rows import artifact_of, rows, transform_of
from tests.support.waiting import eventually
from tests.support.workers import worker_in_rhythm

ALL = [story(number) for number in (1, 2, 3)]
ONE, TWO = (Idea(each["title"], each["body"]) for each in ALL[:2])
HALF = Idea("半个", "他刚要", "writing")


def state(url: str) -> str:
    return transform_of(url)["streaming_status"]


async def test_the_next_worker_continues_from_the_next_missing_idea(connected: str, transform_id: str):
    """Committed ideas stay, and the context records that the run was interrupted."""
    dead_attempt = await begun(transform_id)
    await attempts.save_draft(dead_attempt, [ONE, HALF])

    attempt = await begun(transform_id)

    assert (attempt.number, attempt.finished, attempt.slots) == (1, (ONE,), (1, 2))
    assert ONE.body in attempt.prompt and "写出 2 个" in attempt.prompt
    transform = transform_of(connected)
    assert (transform["streaming_status"], transform["context"]["interrupted"]) == ("running", True)
    assert float(transform["progress_percentage"]) == 40


async def test_a_run_killed_before_its_end_still_records_its_model(
    connected: str, transform_id: str, server: ModelServer
):
    """All ideas were committed and the reply was not. The next attempt asks no model, and stores the name."""
    dead_attempt = await begun(transform_id)
    await attempts.save_draft(dead_attempt, [Idea(each["title"], each["body"]) for each in ALL])

    await run(transform_id)

    assert transform_of(connected)["streaming_status"] == "completed"
    assert server.exchanges == []
    [record] = rows(connected, "SELECT model_name, raw_response, token_usage FROM llm_transforms")
    assert record == {
        "model_name": transform_of(connected)["context"]["model"],
        "raw_response": None,
        "token_usage": None,
    }


async def test_an_interrupted_retry_of_one_idea_stays_limited_to_it(
    connected: str, room: Room, transform_id: str
):
    """A crash does not widen what a person asked for."""
    first = await begun(transform_id)
    await ending.fail(first, [ONE], None, GenerationError("generation_interrupted"))
    await retrying.retry(room.project_id, transform_id, room.owner, only=2)
    await begun(transform_id)

    attempt = await begun(transform_id)

    assert attempt.slots == (2,)


async def test_a_superseded_attempt_cannot_write(connected: str, transform_id: str):
    """Once another attempt has begun, it can write no draft, no end, no retry and no raw reply."""
    superseded = await begun(transform_id)
    current = await begun(transform_id)
    await attempts.save_draft(current, [TWO])
    before = [rows(connected, f"SELECT * FROM {table}") for table in ("transforms", "artifacts")]
    error = GenerationError("generation_interrupted")

    for write in (
        attempts.check(superseded),
        attempts.save_draft(superseded, [ONE]),
        ending.finish(superseded, [ONE], Reply("m")),
        ending.fail(superseded, [ONE], Reply("m"), error),
        ending.postpone(superseded, [ONE], Reply("m"), error, 5),
    ):
        with pytest.raises(Superseded):
            await write
    await ending.leave(superseded, Reply("m", raw_response="late"))
    await ending.give_up(superseded.transform_id, error, superseded.number)

    assert before == [rows(connected, f"SELECT * FROM {table}") for table in ("transforms", "artifacts")]
    assert rows(connected, "SELECT * FROM llm_transforms") == []
    assert len(queue(connected)) == 1


async def test_a_superseded_attempt_of_a_stopped_run_records_no_reply(
    connected: str, room: Room, transform_id: str
):
    """The run is stopped, filled in and stopped again. Only the last attempt may still store its reply."""
    superseded = await begun(transform_id)
    await ending.stop(room.project_id, transform_id, room.owner)
    await retrying.retry(room.project_id, transform_id, room.owner)
    await ending.stop(room.project_id, transform_id, room.owner)

    await ending.leave(superseded, Reply("m", raw_response="late"))

    assert rows(connected, "SELECT * FROM llm_transforms") == []


async def test_a_second_job_does_not_take_a_run_that_is_active(connected: str, transform_id: str):
    """The model is asked only once for a run that has two jobs."""
    job = taken_by_a_worker(connected)
    attempt = await begun(transform_id, job)

    other = await attempts.begin(transform_id, job + 1)
    again = await attempts.begin(transform_id, job)

    assert other is None
    assert again is not None
    assert again.number == attempt.number + 1


async def test_a_run_with_missing_rows_fails_without_asking_the_model(
    connected: str, transform_id: str, server: ModelServer
):
    """Otherwise its job would be retried for ever."""
    execute(connected, "DELETE FROM llm_prompts")

    await run(transform_id, Endpoint("m", server.url, silence=20))

    transform = transform_of(connected)
    assert (transform["streaming_status"], artifact_of(connected)["streaming_status"]) == ("failed", "failed")
    assert transform["context"]["error"]["code"] == "generation_interrupted"
    assert server.exchanges == []


async def test_a_draft_that_the_database_refuses_is_not_generated_again(
    connected: str, transform_id: str, server: ModelServer
):
    """A retry would fail at the same place, so the run ends with the ideas that were committed."""
    execute(
        connected,
        "ALTER TABLE artifacts ADD CONSTRAINT broken"
        " CHECK (partial_data::text NOT LIKE '%%故事2号%%') NOT VALID",
    )
    server.answers(spoken(ideas_text([1, 2, 3]), pause=0.02))

    await run(transform_id, Endpoint("m", server.url, silence=20))

    assert state(connected) == "failed"
    assert [idea["title"] for idea in artifact_of(connected)["ideas"]][:1] == ["故事1号"]
    assert len(server.exchanges) == 1


async def test_another_process_continues_a_run_after_kill_9(
    connected: str, room: Room, transform_id: str, server: ModelServer
):
    """It asks only for the missing idea, so no finished idea is paid for twice."""
    text = ideas_text([1, 2, 3])
    server.answers(broken_off(text[: text.index("第3个故事") + 3], Gate()), spoken(ideas_text([3])))
    with worker_in_rhythm(connected) as first:
        await eventually(lambda: "第3个" in str(artifact_of(connected)["partial_data"]), 60)
        first.kill()

    with worker_in_rhythm(connected):
        await eventually(lambda: state(connected) == "completed", 60)

    assert artifact_of(connected)["ideas"] == ALL
    assert transform_of(connected)["context"]["interrupted"]
    assert ["写出 1 个" in each.prompt for each in server.exchanges] == [False, True]
    assert all(idea["body"] in server.exchanges[1].prompt for idea in ALL[:2])


async def test_deleting_a_project_closes_the_models_stream(
    connected: str, room: Room, transform_id: str, server: ModelServer, begin: Callable
):
    """The run ends without an error, and none of its rows remain."""
    server.answers(broken_off(ideas_text([1, 2])[:40], *[delta(content="x"), 0.02] * 2000, Gate()))
    working = begin(run(transform_id, Endpoint("m", server.url, silence=20)))
    await eventually(lambda: "故事1号" in str(artifact_of(connected)["partial_data"]))

    execute(connected, "DELETE FROM projects WHERE id = %s", room.project_id)

    await asyncio.wait_for(working, 30)
    assert await asyncio.to_thread(server.exchanges[0].left.wait, 30)
    assert rows(connected, "SELECT id FROM transforms") == []
