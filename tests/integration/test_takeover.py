"""Runs whose process died or whose job was lost are found and queued again."""

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


async def test_a_takeover_replaces_the_job_of_a_silent_worker(connected: str, transform_id: str):
    """It is a new job, so a worker that comes back ends only the old one."""
    old = taken_by_a_worker(connected, "1 minute")
    await begun(transform_id, old)

    adopted = await take_over(FailureDetector(stalled=20), ended={})

    assert adopted == [transform_id]
    assert queue(connected) == [("todo", transform_id)]
    [[new]] = execute(connected, "SELECT id FROM procrastinate_jobs")
    assert new != old
    assert await attempts.begin(transform_id, new) is not None


async def test_concurrent_takeovers_queue_one_job(connected: str, transform_id: str):
    """Five processes check at once."""
    taken_by_a_worker(connected, "1 minute")

    adopted = await asyncio.gather(*[take_over(FailureDetector(stalled=20), ended={}) for _ in range(5)])

    assert sorted(adopted) == [[], [], [], [], [transform_id]]
    assert queue(connected) == [("todo", transform_id)]


async def test_a_job_that_ended_without_being_recorded_is_taken_over(connected: str, transform_id: str):
    """Its worker is alive, but could not write that the job was done."""
    job = taken_by_a_worker(connected)
    [[worker]] = execute(connected, "SELECT worker_id FROM procrastinate_jobs")

    untouched = await take_over(FailureDetector(stalled=20), ended={job: worker + 1})
    adopted = await take_over(FailureDetector(stalled=20), ended={job: worker})

    assert (untouched, adopted) == ([], [transform_id])
    assert queue(connected) == [("todo", transform_id)]


@pytest.mark.parametrize("status", ["failed", "aborted", "cancelled", "succeeded", None])
@pytest.mark.parametrize("running", [False, True], ids=["pending", "running"])
async def test_a_run_without_an_active_job_is_queued_again(
    connected: str, transform_id: str, status: str | None, running: bool
):
    """The job may have ended in any state, or have been deleted."""
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


async def test_runs_that_wait_run_or_have_ended_are_not_queued_again(
    connected: str, room: Room, transform_id: str
):
    """Queued, running, waiting for a retry, and stopped."""
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


async def test_a_worker_finds_a_run_without_a_job(
    connected: str, transform_id: str, server: ModelServer, begin: Callable
):
    """It checks during its work, and not only when it starts."""
    server.answers(spoken(ideas_text([1, 2, 3])))
    begin(queue_worker.work())
    await eventually(lambda: state(connected) == "completed")
    execute(connected, "UPDATE transforms SET status = 'pending', streaming_status = 'pending'")

    await eventually(lambda: state(connected) == "completed")

    assert artifact_of(connected)["ideas"] == ALL
    await eventually(lambda: queue(connected) == [])


async def test_a_run_belongs_to_its_process_and_not_to_the_queue_worker(connected: str, transform_id: str):
    """The queue worker ends when the database is lost, and its job with it, but the model goes on writing."""
    process = process_row(connected)
    job = taken_by_a_worker(connected, "1 minute")
    await begun(transform_id, job, process)

    seen = [await take_over(FailureDetector(stalled=20), ended={}), queue(connected)]
    age_all_heartbeats(connected)
    adopted = await take_over(FailureDetector(stalled=20), ended={})

    assert (seen, adopted) == ([[], []], [transform_id])


async def test_runs_of_a_process_that_shut_down_are_taken_over_at_once(connected: str, transform_id: str):
    """The next check finds them, even the first one of a new process."""
    process = await takeover.store_heartbeat(None)
    await begun(transform_id, taken_by_a_worker(connected), process)
    execute(connected, "DELETE FROM procrastinate_jobs")
    before = await take_over(FailureDetector(stalled=20, grace=60), ended={})

    await takeover.leave(process)

    assert (before, await take_over(FailureDetector(stalled=20, grace=60), ended={})) == ([], [transform_id])


async def test_a_process_finds_its_own_runs_that_it_does_not_run(connected: str, transform_id: str):
    """No other process can know, as its heartbeats continue."""
    process = await takeover.store_heartbeat(None)
    await begun(transform_id, taken_by_a_worker(connected), process)
    execute(connected, "DELETE FROM procrastinate_jobs")

    seen = [
        await take_over(FailureDetector(stalled=20), ended={}, process=await takeover.store_heartbeat(None)),
        await take_over(
            FailureDetector(stalled=20), ended={}, process=process, runs_here=lambda id: id == transform_id
        ),
        await take_over(FailureDetector(stalled=20), ended={}, process=process),
    ]

    assert seen == [[], [], [transform_id]]


async def test_a_heartbeat_restores_the_deleted_row_of_its_process(connected: str):
    """The row may have been deleted while the machine was asleep."""
    process = await takeover.store_heartbeat(None)
    execute(connected, "DELETE FROM worker_processes")

    assert await takeover.store_heartbeat(process) == process

    assert execute(connected, "SELECT id FROM worker_processes") == [(process,)]


async def test_a_process_of_the_previous_version_keeps_its_run(connected: str, transform_id: str):
    """In a rolling deployment its heartbeats are those of its queue worker, whose job protects the run."""
    await begun(transform_id, taken_by_a_worker(connected), process=12_345)

    alive = await take_over(FailureDetector(stalled=20), ended={})
    age_all_heartbeats(connected)
    dead = await take_over(FailureDetector(stalled=20), ended={})

    assert (alive, dead) == ([], [transform_id])


async def test_rows_of_processes_that_died_a_day_ago_are_deleted(connected: str):
    """A row with a newer heartbeat stays."""
    process_row(connected, "25 hours")
    alive = process_row(connected, "23 hours")

    await clean()

    assert execute(connected, "SELECT id FROM worker_processes") == [(alive,)]


async def die(url: str, transform_id: str) -> None:
    """Let the run's process die, and let another one take the run over."""
    age_all_heartbeats(url)
    assert await take_over(FailureDetector(stalled=20), ended={}) == [transform_id]


def next_job(url: str) -> int:
    """The id of the only job."""
    [[job]] = execute(url, "SELECT id FROM procrastinate_jobs")
    return job


async def test_a_run_that_kills_every_worker_fails_after_five_deaths(
    connected: str, room: Room, transform_id: str, server: ModelServer
):
    """Deaths without a new idea are counted. Finished ideas stay, and a person's retry restarts the count."""
    attempt = await begun(transform_id, taken_by_a_worker(connected), process_row(connected))
    await attempts.save_draft(attempt, [ONE, HALF])
    await die(connected, transform_id)
    for _ in range(attempts.MOST_CRASHES):
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


async def test_a_new_idea_resets_the_count_of_deaths(connected: str, transform_id: str):
    """A long run may be interrupted often, as long as it makes progress."""
    for ideas in ([HALF], [HALF], [ONE, HALF], [ONE, HALF], [ONE, TWO, HALF]):
        attempt = await begun(transform_id, taken_by_a_worker(connected), process_row(connected))
        await attempts.save_draft(attempt, ideas)
        await die(connected, transform_id)
        counted = transform_of(connected)["context"]["deaths"]
        expected = {(HALF,): (1, 2), (ONE, HALF): (0, 1), (ONE, TWO, HALF): (0,)}[tuple(ideas)]
        assert counted in expected

    assert counted == 0
