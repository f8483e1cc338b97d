"""The queue worker turns jobs into finished runs, even if workers are stopped, killed or disconnected."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from scriptwriter.services.runs import ending, retrying, starting
from scriptwriter.settings import settings
from scriptwriter.worker import queue_worker
from tests.support.gated_replies import gated_reply
from tests.support.model_server import (
    Gate,
    ModelServer,
    broken_off,
    ideas_text,
    refused,
    spoken,
    story,
)
from tests.support.rooms import BRIEF, Room, make_room
from tests.support.waiting import LIMIT, wait_until
from tests.support.workers import QUICK


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings without a key and a base URL of a model."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("DEMO_CHARACTERS_PER_SECOND", "5000")
    settings.cache_clear()
    yield
    settings.cache_clear()


def values(url: str, query: str, *parameters: Any) -> list[Any]:
    """The first column of a query's rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        return [row[0] for row in connection.execute(query.encode(), parameters)]


def states(url: str) -> list[str]:
    """The states of all runs, in the order of their starts."""
    return values(url, "SELECT streaming_status FROM transforms ORDER BY created_at")


def ideas(url: str) -> list[dict[str, str]]:
    """The stored ideas of the only batch."""
    [data] = values(url, "SELECT data FROM artifacts WHERE type = 'brainstorm_ideas'")
    return json.loads(data)["ideas"]


def draft(url: str) -> str:
    """The draft of the only batch, as text."""
    [text] = values(url, "SELECT partial_data::text FROM artifacts WHERE type = 'brainstorm_ideas'")
    return text or ""


async def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds, for at most a minute."""
    await asyncio.to_thread(wait_until, condition, 60)


async def test_a_worker_runs_jobs_queued_before_and_after_its_start(
    connected: str, room: Room, server: ModelServer, begin: Callable
):
    """It runs several at once. Finished jobs are deleted from the queue."""
    server.answers(spoken(ideas_text([1, 2, 3])))
    other = await make_room("other-")

    await starting.start(room.project_id, BRIEF, room.owner)
    begin(queue_worker.work())
    await until(lambda: states(connected) == ["completed"])
    await starting.start(room.project_id, BRIEF, room.owner)
    await starting.start(other.project_id, BRIEF, other.owner)
    await until(lambda: states(connected) == ["completed"] * 3)
    await until(lambda: values(connected, "SELECT id FROM procrastinate_jobs") == [])

    assert len(server.exchanges) == 3


async def test_without_key_and_base_url_the_demo_model_is_used(
    connected: str, room: Room, no_model: None, begin: Callable
):
    """The stored model name says that it is the demo."""
    await starting.start(room.project_id, BRIEF, room.owner)
    begin(queue_worker.work())
    await until(lambda: states(connected) == ["completed"])

    assert len(ideas(connected)) == BRIEF.count
    assert values(connected, "SELECT model_name FROM llm_transforms") == ["演示模式"]


async def test_a_stopped_worker_puts_its_job_back_into_the_queue(
    connected: str, room: Room, server: ModelServer, begin: Callable
):
    """A deployment does so. Finished ideas stay, and the next worker asks for the others at once."""
    text = ideas_text([1, 2, 3])
    server.answers(broken_off(text[: text.index("第2个故事") + 3], Gate()), spoken(ideas_text([2, 3])))
    await starting.start(room.project_id, BRIEF, room.owner)
    first = begin(queue_worker.work())
    await until(lambda: "第2个" in draft(connected))

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    waiting = values(connected, "SELECT status::text FROM procrastinate_jobs")
    begin(queue_worker.work())
    await until(lambda: states(connected) == ["completed"])

    assert waiting == ["todo"]
    assert "写出 2 个" in server.exchanges[1].prompt
    assert ideas(connected) == [story(1), story(2), story(3)]


async def test_a_stopped_worker_waits_for_a_run_that_is_nearly_done(
    connected: str, room: Room, server: ModelServer, begin: Callable, setting: Callable
):
    """A standalone worker has a grace period, so the model is not asked a second time."""
    setting(EMBEDDED_WORKER="false")
    text, rest = ideas_text([1, 2, 3]), Gate()
    server.answers(gated_reply(text, {text.index("第3个故事") + 12: rest}))
    await starting.start(room.project_id, BRIEF, room.owner)
    worker = begin(queue_worker.work())
    await until(lambda: "第3个" in draft(connected))

    worker.cancel()
    # The grace period is eight seconds.
    done, _ = await asyncio.wait({worker}, timeout=3)
    rest.open()
    await asyncio.gather(worker, return_exceptions=True)

    assert not done
    assert states(connected) == ["completed"] and len(server.exchanges) == 1
    assert ideas(connected) == [story(1), story(2), story(3)]


async def test_the_job_of_a_dead_worker_is_taken_over(
    connected: str, room: Room, server: ModelServer, begin: Callable
):
    """A killed worker leaves its job in `doing`. Without its heartbeat another worker takes the job."""
    server.answers(spoken(ideas_text([1, 2, 3])))
    await starting.start(room.project_id, BRIEF, room.owner)
    values(
        connected,
        "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
        " RETURNING id) UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead"
        " RETURNING procrastinate_jobs.id",
    )

    begin(queue_worker.work(QUICK))
    await until(lambda: states(connected) == ["completed"])

    assert len(ideas(connected)) == 3


async def test_a_worker_runs_a_scheduled_retry_at_its_time(
    connected: str, room: Room, server: ModelServer, begin: Callable, monkeypatch: pytest.MonkeyPatch
):
    """The missing idea is written without any action of a person, and the queue is empty afterwards."""
    monkeypatch.setenv("MODEL_RETRY_SECONDS", "0.1")
    settings.cache_clear()
    server.answers(
        refused(429, "slow down", {"retry-after": "1"}),
        broken_off(ideas_text([1, 2])[:-2]),
        spoken(ideas_text([3])),
    )
    await starting.start(room.project_id, BRIEF, room.owner)
    begin(queue_worker.work())
    await until(lambda: states(connected) == ["completed"])
    await until(lambda: values(connected, "SELECT id FROM procrastinate_jobs") == [])

    assert ideas(connected) == [story(1), story(2), story(3)]
    assert ["写出 1 个" in each.prompt for each in server.exchanges] == [False, False, True]
    assert values(connected, "SELECT retry_count FROM transforms") == [2]


async def test_a_run_stopped_and_filled_in_at_once_gets_one_new_attempt(
    connected: str, room: Room, server: ModelServer, begin: Callable
):
    """The old stream is closed, and the new attempt asks once for the missing ideas."""
    text = ideas_text([1, 2, 3])
    server.answers(broken_off(text[: text.index("第2个故事") + 3], Gate()), spoken(ideas_text([2, 3])))
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    begin(queue_worker.work())
    await until(lambda: "第2个" in draft(connected))

    await ending.stop(room.project_id, transform_id, room.owner)
    await retrying.retry(room.project_id, transform_id, room.owner)
    await until(lambda: states(connected) == ["completed"])

    assert ideas(connected) == [story(1), story(2), story(3)]
    assert await asyncio.to_thread(server.exchanges[0].left.wait, 30)
    assert len(server.exchanges) == 2
    assert "写出 2 个" in server.exchanges[1].prompt


async def test_a_worker_survives_the_loss_of_all_database_connections(
    connected: str, room: Room, server: ModelServer, begin: Callable
):
    """The run in progress is completed, and the worker takes further jobs."""
    gate = Gate()
    text = ideas_text([1, 2, 3])
    server.answers(broken_off(text[:60], gate, *spoken(text[60:]).steps), spoken(text))
    await starting.start(room.project_id, BRIEF, room.owner)
    begin(queue_worker.work())
    await until(lambda: "故事1号" in draft(connected))

    values(
        connected,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    gate.open()
    await until(lambda: states(connected) == ["completed"])
    await starting.start(room.project_id, BRIEF, room.owner)
    await until(lambda: states(connected) == ["completed"] * 2)

    data = values(connected, "SELECT data FROM artifacts WHERE type = 'brainstorm_ideas'")
    assert [len(json.loads(each)["ideas"]) for each in data] == [3, 3]


async def test_a_worker_can_be_cancelled_at_any_moment_of_its_start(connected: str) -> None:
    """A connection that is just being opened must not swallow the cancellation."""
    for number in range(30):
        worker = asyncio.create_task(queue_worker.work())
        await asyncio.sleep(number * 0.004)
        worker.cancel()
        done, _ = await asyncio.wait({worker}, timeout=LIMIT)

        assert done
