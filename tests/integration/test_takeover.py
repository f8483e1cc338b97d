"""Generations that nobody has any more are found, and queued again."""

import asyncio
from collections.abc import Callable

import pytest

from scriptwriter.domain.errors import GenerationError
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.services.expiry import clean
from scriptwriter.services.runs import attempts, ending, retrying, takeover
from scriptwriter.services.runs.takeover import FailureDetector, take_over
from scriptwriter.worker import queue_worker
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import run
from tests.support.model_server import ModelServer, ideas_text, spoken, story
from tests.support.queue import age_all_heartbeats, begun, execute, process_row, queue, taken_by_a_worker
from tests.support.rooms import Room
from tests.support.rows import artifact_of, transform_of
from tests.support.waiting import eventually

ALL = [story(number) for number in (1, 2, 3)]
ONE, TWO = (Idea(each["title"], each["body"]) for each in ALL[:2])
HALF = Idea("半个", "他刚要", "writing")


def state(url: str) -> str:
    return transform_of(url)["streaming_status"]


async def test_the_job_of_a_silent_worker_becomes_another_job(connected: str, transform_id: str):
    """A new one, so that a worker that comes back ends only the old one."""
    old = taken_by_a_worker(connected, "1 minute")
    await begun(transform_id, old)

    adopted = await take_over(FailureDetector(stalled=20), ended={})

    assert adopted == [transform_id]
    assert queue(connected) == [("todo", transform_id)]
    [[new]] = execute(connected, "SELECT id FROM procrastinate_jobs")
    assert new != old
    assert await attempts.begin(transform_id, new) is not None


async def test_two_processes_that_take_over_at_once_queue_one_job(connected: str, transform_id: str):
    """However many workers there are."""
    taken_by_a_worker(connected, "1 minute")

    adopted = await asyncio.gather(*[take_over(FailureDetector(stalled=20), ended={}) for _ in range(5)])

    assert sorted(adopted) == [[], [], [], [], [transform_id]]
    assert queue(connected) == [("todo", transform_id)]


async def test_a_job_that_ended_unnoticed_is_known_as_ended(connected: str, transform_id: str):
    """Its worker lives, but could not write that it was done."""
    job = taken_by_a_worker(connected)
    [[worker]] = execute(connected, "SELECT worker_id FROM procrastinate_jobs")

    untouched = await take_over(FailureDetector(stalled=20), ended={job: worker + 1})
    adopted = await take_over(FailureDetector(stalled=20), ended={job: worker})

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

    adopted = await take_over(FailureDetector(stalled=20), ended={})

    assert adopted == [transform_id]
    [[new]] = execute(connected, "SELECT id FROM procrastinate_jobs WHERE status = 'todo'")
    assert await attempts.begin(transform_id, new) is not None


async def test_nothing_else_is_queued_again(connected: str, room: Room, transform_id: str):
    """Neither what waits, runs, or is put off, nor what has ended."""
    seen = [await take_over(FailureDetector(stalled=20), ended={})]
    taken_by_a_worker(connected)
    attempt = await begun(transform_id)
    seen.append(await take_over(FailureDetector(stalled=20), ended={}))
    await ending.postpone(attempt, [ONE], Reply("m"), GenerationError("reply_empty"), 60)
    execute(connected, "DELETE FROM procrastinate_jobs WHERE status = 'doing'")
    seen.append(await take_over(FailureDetector(stalled=20), ended={}))
    await ending.stop(room.project_id, transform_id, room.owner)
    execute(connected, "DELETE FROM procrastinate_jobs")
    seen.append(await take_over(FailureDetector(stalled=20), ended={}))

    assert seen == [[], [], [], []]


async def test_a_worker_finds_a_generation_without_a_job(
    connected: str, transform_id: str, server: ModelServer, begin: Callable
):
    """While it runs, and not only when it starts."""
    server.answers(spoken(ideas_text([1, 2, 3])))
    begin(queue_worker.work())
    await eventually(lambda: state(connected) == "completed")
    execute(connected, "UPDATE transforms SET status = 'pending', streaming_status = 'pending'")

    await eventually(lambda: state(connected) == "completed")

    assert artifact_of(connected)["ideas"] == ALL
    await eventually(lambda: queue(connected) == [])


async def test_a_run_belongs_to_its_process_and_not_to_the_worker_that_took_its_job(
    connected: str, transform_id: str
):
    """The worker ends with every loss of the database, and its job with it; the model goes on."""
    process = process_row(connected)
    job = taken_by_a_worker(connected, "1 minute")
    await begun(transform_id, job, process)

    seen = [await take_over(FailureDetector(stalled=20), ended={}), queue(connected)]
    age_all_heartbeats(connected)
    adopted = await take_over(FailureDetector(stalled=20), ended={})

    assert (seen, adopted) == ([[], []], [transform_id])


async def test_a_process_that_ends_in_order_is_dead_at_once(connected: str, transform_id: str):
    """What it could not finish is found by the next look, be it the first one of a new process."""
    process = await takeover.beat(None)
    await begun(transform_id, taken_by_a_worker(connected), process)
    execute(connected, "DELETE FROM procrastinate_jobs")
    before = await take_over(FailureDetector(stalled=20, grace=60), ended={})

    await takeover.leave(process)

    assert (before, await take_over(FailureDetector(stalled=20, grace=60), ended={})) == ([], [transform_id])


async def test_a_process_finds_what_it_should_be_running_and_is_not(connected: str, transform_id: str):
    """Nobody else can tell: the process lives."""
    process = await takeover.beat(None)
    await begun(transform_id, taken_by_a_worker(connected), process)
    execute(connected, "DELETE FROM procrastinate_jobs")

    seen = [
        await take_over(FailureDetector(stalled=20), ended={}, process=await takeover.beat(None)),
        await take_over(
            FailureDetector(stalled=20), ended={}, process=process, runs_here=lambda id: id == transform_id
        ),
        await take_over(FailureDetector(stalled=20), ended={}, process=process),
    ]

    assert seen == [[], [], [transform_id]]


async def test_the_row_of_a_process_comes_back_with_its_next_sign_of_life(connected: str):
    """It may have been cleared away while the machine slept."""
    process = await takeover.beat(None)
    execute(connected, "DELETE FROM worker_processes")

    assert await takeover.beat(process) == process

    assert execute(connected, "SELECT id FROM worker_processes") == [(process,)]


async def test_a_process_of_the_version_before_keeps_its_run_while_a_deployment_rolls(
    connected: str, transform_id: str
):
    """Its heartbeats are in the queue's table, with those of its worker: its job protects its run."""
    await begun(transform_id, taken_by_a_worker(connected), process=12_345)

    alive = await take_over(FailureDetector(stalled=20), ended={})
    age_all_heartbeats(connected)
    dead = await take_over(FailureDetector(stalled=20), ended={})

    assert (alive, dead) == ([], [transform_id])


async def test_rows_of_processes_that_died_long_ago_are_deleted(connected: str):
    """The one that lives stays."""
    process_row(connected, "25 hours")
    alive = process_row(connected, "23 hours")

    await clean()

    assert execute(connected, "SELECT id FROM worker_processes") == [(alive,)]


async def die(url: str, transform_id: str) -> None:
    """The process that runs it dies, and somebody notices."""
    age_all_heartbeats(url)
    assert await take_over(FailureDetector(stalled=20), ended={}) == [transform_id]


def next_job(url: str) -> int:
    [[job]] = execute(url, "SELECT id FROM procrastinate_jobs")
    return job


async def test_a_run_that_kills_every_worker_ends_and_can_be_tried_again(
    connected: str, room: Room, transform_id: str, server: ModelServer
):
    """After five deaths without one more idea; what was finished stays, and a person's retry counts anew."""
    attempt = await begun(transform_id, taken_by_a_worker(connected), process_row(connected))
    await attempts.save_draft(attempt, [ONE, HALF])
    await die(connected, transform_id)
    for _ in range(attempts.DEATHS):
        attempt = await begun(transform_id, taken_by_a_worker(connected), process_row(connected))
        assert attempt.finished == (ONE,)
        await die(connected, transform_id)

    await run(transform_id, Endpoint("m", server.url, silence=20), job=next_job(connected))

    ended = transform_of(connected)
    assert (ended["streaming_status"], artifact_of(connected)["streaming_status"]) == ("failed", "failed")
    error = {"code": "interrupted_too_often", "params": {"times": 5, "finished": 1}}
    assert ended["context"]["error"] == error
    assert ended["error_message"].startswith("连续中断 5 次，没有写出新的创意；已保留 1 个")
    assert artifact_of(connected)["ideas"] == ALL[:1]
    assert server.exchanges == []

    execute(connected, "DELETE FROM procrastinate_jobs")
    server.answers(spoken(ideas_text([2, 3])))
    await retrying.retry(room.project_id, transform_id, room.owner)
    await begun(transform_id, taken_by_a_worker(connected), process_row(connected))
    await die(connected, transform_id)
    await run(transform_id, Endpoint("m", server.url, silence=20), job=next_job(connected))

    assert transform_of(connected)["streaming_status"] == "completed"
    assert artifact_of(connected)["ideas"] == ALL


async def test_one_more_idea_begins_the_count_of_deaths_anew(connected: str, transform_id: str):
    """A long run may be interrupted often, as long as it gets on."""
    for ideas in ([HALF], [HALF], [ONE, HALF], [ONE, HALF], [ONE, TWO, HALF]):
        attempt = await begun(transform_id, taken_by_a_worker(connected), process_row(connected))
        await attempts.save_draft(attempt, ideas)
        await die(connected, transform_id)
        counted = transform_of(connected)["context"]["deaths"]
        expected = {(HALF,): (1, 2), (ONE, HALF): (0, 1), (ONE, TWO, HALF): (0,)}[tuple(ideas)]
        assert counted in expected

    assert counted == 0
