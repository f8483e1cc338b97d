"""Workers that die and come back: every generation goes on, once, and a zombie writes nothing."""

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
    """What a dead worker had committed stays; the rows say that the run was interrupted."""
    dead = await begun(transform_id)
    await attempts.save_draft(dead, [ONE, HALF])

    attempt = await begun(transform_id)

    assert (attempt.number, attempt.finished, attempt.slots) == (1, (ONE,), (1, 2))
    assert ONE.body in attempt.prompt and "写出 2 个" in attempt.prompt
    transform = transform_of(connected)
    assert (transform["streaming_status"], transform["context"]["interrupted"]) == ("running", True)
    assert float(transform["progress_percentage"]) == 40


async def test_a_run_whose_worker_died_over_its_end_keeps_which_model_wrote_it(
    connected: str, transform_id: str, server: ModelServer
):
    """Every idea was committed, and no reply: the next attempt asks nobody, and has the name."""
    dead = await begun(transform_id)
    await attempts.save_draft(dead, [Idea(each["title"], each["body"]) for each in ALL])

    await run(transform_id)

    assert transform_of(connected)["streaming_status"] == "completed"
    assert server.exchanges == []
    [record] = rows(connected, "SELECT model_name, raw_response, token_usage FROM llm_transforms")
    assert record == {
        "model_name": transform_of(connected)["context"]["model"],
        "raw_response": None,
        "token_usage": None,
    }


async def test_an_interrupted_retry_of_one_idea_is_still_of_that_one(
    connected: str, room: Room, transform_id: str
):
    """A crash does not widen what a person asked for."""
    first = await begun(transform_id)
    await ending.fail(first, [ONE], None, GenerationError("generation_interrupted"))
    await retrying.retry(room.project_id, transform_id, room.owner, only=2)
    await begun(transform_id)

    attempt = await begun(transform_id)

    assert attempt.slots == (2,)


async def test_a_zombie_cannot_write(connected: str, transform_id: str):
    """Not a draft, an end, a retry, or a word of its reply, once another attempt has begun."""
    zombie = await begun(transform_id)
    current = await begun(transform_id)
    await attempts.save_draft(current, [TWO])
    before = [rows(connected, f"SELECT * FROM {table}") for table in ("transforms", "artifacts")]
    error = GenerationError("generation_interrupted")

    for write in (
        attempts.check(zombie),
        attempts.save_draft(zombie, [ONE]),
        ending.finish(zombie, [ONE], Reply("m")),
        ending.fail(zombie, [ONE], Reply("m"), error),
        ending.postpone(zombie, [ONE], Reply("m"), error, 5),
    ):
        with pytest.raises(Superseded):
            await write
    await ending.leave(zombie, Reply("m", raw_response="late"))
    await ending.give_up(zombie.transform_id, error, zombie.number)

    assert before == [rows(connected, f"SELECT * FROM {table}") for table in ("transforms", "artifacts")]
    assert rows(connected, "SELECT * FROM llm_transforms") == []
    assert len(queue(connected)) == 1


async def test_a_zombie_of_a_stopped_run_leaves_no_word_in_the_next_one(
    connected: str, room: Room, transform_id: str
):
    """Stopped, filled in, and stopped again: only the last attempt's reply may still be recorded."""
    zombie = await begun(transform_id)
    await ending.stop(room.project_id, transform_id, room.owner)
    await retrying.retry(room.project_id, transform_id, room.owner)
    await ending.stop(room.project_id, transform_id, room.owner)

    await ending.leave(zombie, Reply("m", raw_response="late"))

    assert rows(connected, "SELECT * FROM llm_transforms") == []


async def test_a_second_job_does_not_take_a_run_that_is_alive(connected: str, transform_id: str):
    """Two jobs for one transform pay the model once."""
    job = taken_by_a_worker(connected)
    attempt = await begun(transform_id, job)

    other = await attempts.begin(transform_id, job + 1)
    again = await attempts.begin(transform_id, job)

    assert other is None
    assert again is not None
    assert again.number == attempt.number + 1


async def test_a_generation_that_cannot_be_read_ends_and_says_so(
    connected: str, transform_id: str, server: ModelServer
):
    """A row that no program of ours wrote does not keep a job alive for ever."""
    execute(connected, "DELETE FROM llm_prompts")

    await run(transform_id, Endpoint("m", server.url, silence=20))

    transform = transform_of(connected)
    assert (transform["streaming_status"], artifact_of(connected)["streaming_status"]) == ("failed", "failed")
    assert transform["context"]["error"]["code"] == "generation_interrupted"
    assert server.exchanges == []


async def test_a_draft_that_the_database_refuses_is_paid_for_once(
    connected: str, transform_id: str, server: ModelServer
):
    """Another try would break at the same place: the run ends with what was committed."""
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


async def test_another_process_continues_after_a_kill(
    connected: str, room: Room, transform_id: str, server: ModelServer
):
    """kill -9 in mid-stream: the next worker asks for what is missing, and no finished idea is paid twice."""
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


async def test_a_deleted_project_closes_the_models_stream(
    connected: str, room: Room, transform_id: str, server: ModelServer, begin: Callable
):
    """The run ends quietly, and nothing of it is left."""
    server.answers(broken_off(ideas_text([1, 2])[:40], *[delta(content="x"), 0.02] * 2000, Gate()))
    working = begin(run(transform_id, Endpoint("m", server.url, silence=20)))
    await eventually(lambda: "故事1号" in str(artifact_of(connected)["partial_data"]))

    execute(connected, "DELETE FROM projects WHERE id = %s", room.project_id)

    await asyncio.wait_for(working, 30)
    assert await asyncio.to_thread(server.exchanges[0].left.wait, 30)
    assert rows(connected, "SELECT id FROM transforms") == []
