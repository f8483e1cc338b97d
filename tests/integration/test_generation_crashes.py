"""Workers that die, come back, or lose their job: every generation goes on, once, and ends."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from structlog.testing import capture_logs

from scriptwriter.errors import GenerationError, Superseded
from scriptwriter.generation import jobs
from scriptwriter.generation.endpoint import Endpoint
from scriptwriter.generation.run import run
from scriptwriter.graph import Idea, Reply
from scriptwriter.services import attempts, brainstorms
from scriptwriter.services.orphans import adopt
from tests.support.model_server import Gate, ModelServer, broken_off, delta, ideas_text, spoken, story
from tests.support.rooms import BRIEF, Room
from tests.support.rows import artifact_of, rows, transform_of
from tests.support.waiting import eventually
from tests.support.workers import worker_process

ALL = [story(number) for number in (1, 2, 3)]
ONE, TWO = (Idea(each["title"], each["body"]) for each in ALL[:2])
HALF = Idea("半个", "他刚要", "writing")
STALLED = 20.0


@pytest.fixture
async def transform_id(room: Room) -> str:
    """A brainstorm that asks for three ideas, just started."""
    return await brainstorms.start(room.project_id, BRIEF, room.owner)


def execute(url: str, statement: str, *parameters: Any) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def taken_by_a_worker(url: str, silent: str = "0 seconds") -> int:
    """The only job is taken by a worker whose last sign of life was that long ago; the job's id."""
    [[job]] = execute(
        url,
        "WITH worker AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s::interval)"
        " RETURNING id) UPDATE procrastinate_jobs SET status = 'doing', worker_id = worker.id FROM worker"
        " RETURNING procrastinate_jobs.id",
        silent,
    )
    return job


@contextmanager
def away(server_url: str, url: str) -> Iterator[None]:
    """The database takes no connection, and has dropped all it had."""
    name = urlsplit(url).path[1:]
    execute(server_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    execute(server_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)
    try:
        yield
    finally:
        execute(server_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def queue(url: str) -> list[tuple[str, str]]:
    """The state and the transform of each job."""
    query = "SELECT status::text, args ->> 'transform_id' AS id FROM procrastinate_jobs ORDER BY id"
    return [(job["status"], job["id"]) for job in rows(url, query)]


def state(url: str) -> str:
    return transform_of(url)["streaming_status"]


async def begun(transform_id: str, job: int | None = None) -> attempts.Attempt:
    attempt = await attempts.begin(transform_id, job)
    assert attempt is not None
    return attempt


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


async def test_an_interrupted_retry_of_one_idea_is_still_of_that_one(
    connected: str, room: Room, transform_id: str
):
    """A crash does not widen what a person asked for."""
    first = await begun(transform_id)
    await attempts.fail(first, [ONE], None, GenerationError("generation_interrupted"))
    await brainstorms.retry(room.project_id, transform_id, room.owner, only=2)
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
        attempts.finish(zombie, [ONE], Reply("m")),
        attempts.fail(zombie, [ONE], Reply("m"), error),
        attempts.postpone(zombie, [ONE], Reply("m"), error, 5),
    ):
        with pytest.raises(Superseded):
            await write
    await attempts.leave(zombie, Reply("m", raw_response="late"))
    await attempts.give_up(zombie.transform_id, error, zombie.number)

    assert before == [rows(connected, f"SELECT * FROM {table}") for table in ("transforms", "artifacts")]
    assert rows(connected, "SELECT * FROM llm_transforms") == []
    assert len(queue(connected)) == 1


async def test_a_zombie_of_a_stopped_run_leaves_no_word_in_the_next_one(
    connected: str, room: Room, transform_id: str
):
    """Stopped, filled in, and stopped again: only the last attempt's reply may still be recorded."""
    zombie = await begun(transform_id)
    await brainstorms.stop(room.project_id, transform_id, room.owner)
    await brainstorms.retry(room.project_id, transform_id, room.owner)
    await brainstorms.stop(room.project_id, transform_id, room.owner)

    await attempts.leave(zombie, Reply("m", raw_response="late"))

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


async def test_the_job_of_a_silent_worker_becomes_another_job(connected: str, transform_id: str):
    """A new one, so that a worker that comes back ends only the old one."""
    old = taken_by_a_worker(connected, "1 minute")
    await begun(transform_id, old)

    adopted = await adopt(stalled=STALLED, ended={})

    assert adopted == [transform_id]
    assert queue(connected) == [("todo", transform_id)]
    [[new]] = execute(connected, "SELECT id FROM procrastinate_jobs")
    assert new != old
    assert await attempts.begin(transform_id, new) is not None


async def test_two_who_look_for_orphans_queue_one_job(connected: str, transform_id: str):
    """However many workers there are."""
    taken_by_a_worker(connected, "1 minute")

    adopted = await asyncio.gather(*[adopt(stalled=STALLED, ended={}) for _ in range(5)])

    assert sorted(adopted) == [[], [], [], [], [transform_id]]
    assert queue(connected) == [("todo", transform_id)]


async def test_a_job_that_ended_unnoticed_is_known_as_ended(connected: str, transform_id: str):
    """Its worker lives, but could not write that it was done."""
    job = taken_by_a_worker(connected)
    [[worker]] = execute(connected, "SELECT worker_id FROM procrastinate_jobs")

    untouched = await adopt(stalled=STALLED, ended={job: worker + 1})
    adopted = await adopt(stalled=STALLED, ended={job: worker})

    assert (untouched, adopted) == ([], [transform_id])
    assert queue(connected) == [("todo", transform_id)]


@pytest.mark.parametrize("status", ["failed", "aborted", "cancelled", "succeeded", None])
@pytest.mark.parametrize("running", [False, True], ids=["pending", "running"])
async def test_a_transform_without_a_living_job_is_queued_again(
    connected: str, transform_id: str, status: str | None, running: bool
):
    """However the job was lost."""
    job = taken_by_a_worker(connected)
    if running:
        await begun(transform_id, job)
    if status:
        execute(connected, "UPDATE procrastinate_jobs SET status = %s", status)
    else:
        execute(connected, "DELETE FROM procrastinate_jobs")

    adopted = await adopt(stalled=STALLED, ended={})

    assert adopted == [transform_id]
    [[new]] = execute(connected, "SELECT id FROM procrastinate_jobs WHERE status = 'todo'")
    assert await attempts.begin(transform_id, new) is not None


async def test_nothing_else_is_queued_again(connected: str, room: Room, transform_id: str):
    """Neither what waits, runs, or is put off, nor what has ended."""
    seen = [await adopt(stalled=STALLED, ended={})]
    taken_by_a_worker(connected)
    attempt = await begun(transform_id)
    seen.append(await adopt(stalled=STALLED, ended={}))
    await attempts.postpone(attempt, [ONE], Reply("m"), GenerationError("reply_empty"), 60)
    execute(connected, "DELETE FROM procrastinate_jobs WHERE status = 'doing'")
    seen.append(await adopt(stalled=STALLED, ended={}))
    await brainstorms.stop(room.project_id, transform_id, room.owner)
    execute(connected, "DELETE FROM procrastinate_jobs")
    seen.append(await adopt(stalled=STALLED, ended={}))

    assert seen == [[], [], [], []]


async def test_a_worker_finds_a_generation_without_a_job(
    connected: str, transform_id: str, server: ModelServer, begin: Callable
):
    """While it runs, and not only when it starts."""
    server.answers(spoken(ideas_text([1, 2, 3])))
    begin(jobs.work())
    await eventually(lambda: state(connected) == "completed")
    execute(connected, "UPDATE transforms SET status = 'pending', streaming_status = 'pending'")

    await eventually(lambda: state(connected) == "completed")

    assert artifact_of(connected)["ideas"] == ALL
    await eventually(lambda: queue(connected) == [])


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


async def test_a_model_goes_on_while_the_worker_has_lost_its_database(
    connected: str, postgres_server: str, transform_id: str, server: ModelServer, begin: Callable
):
    """Nobody pays twice: one request, though the worker that took the job gives up in the middle of it."""
    gate = Gate()
    text = ideas_text([1, 2, 3])
    server.answers(broken_off(text[:60], gate, *spoken(text[60:]).steps))
    begin(jobs.work())
    await eventually(lambda: "故事1号" in str(artifact_of(connected)["partial_data"]))

    with capture_logs() as said, away(postgres_server, connected):
        await eventually(lambda: [line for line in said if line["event"] == "worker_stopped"], 60)
        gate.open()
        await eventually(lambda: [line for line in said if line["event"] == "end_not_saved"], 60)
    await eventually(lambda: state(connected) == "completed")

    assert artifact_of(connected)["ideas"] == ALL
    assert transform_of(connected)["retry_count"] == 0
    assert len(server.exchanges) == 1


async def test_another_process_continues_after_a_kill(
    connected: str, room: Room, transform_id: str, server: ModelServer
):
    """kill -9 in mid-stream: the next worker asks for what is missing, and no finished idea is paid twice."""
    text = ideas_text([1, 2, 3])
    server.answers(broken_off(text[: text.index("第3个故事") + 3], Gate()), spoken(ideas_text([3])))
    settings = {"DATABASE_URL": connected, "ELECTRIC_URL": ""}
    with worker_process(settings) as first:
        await eventually(lambda: "第3个" in str(artifact_of(connected)["partial_data"]), 60)
        first.kill()

    with worker_process(settings):
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
