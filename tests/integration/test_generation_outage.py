"""The database goes away while models write: nobody is taken for dead, and no word is paid for twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from scriptwriter.store.database import DATABASE_AWAY, transaction
from scriptwriter.worker import queue_worker
from tests.support.database_proxy import DatabaseProxy
from tests.support.model_server import Gate, ModelServer, broken_off, ideas_text, spoken, story
from tests.support.queue import execute, queue
from tests.support.rows import artifact_of, transform_of
from tests.support.waiting import eventually
from tests.support.workers import QUICK, worker_in_rhythm

ALL = [story(number) for number in (1, 2, 3)]


def state(url: str) -> str:
    return transform_of(url)["streaming_status"]


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


async def test_a_model_goes_on_while_the_worker_has_lost_its_database(
    connected: str, postgres_server: str, transform_id: str, server: ModelServer, begin: Callable
):
    """Nobody pays twice: one request, though the worker that took the job gives up in the middle of it."""
    gate = Gate()
    text = ideas_text([1, 2, 3])
    server.answers(broken_off(text[:60], gate, *spoken(text[60:]).steps))
    begin(queue_worker.work())
    await eventually(lambda: "故事1号" in str(artifact_of(connected)["partial_data"]))

    with capture_logs() as said, away(postgres_server, connected):
        await eventually(lambda: [line for line in said if line["event"] == "worker_stopped"], 60)
        gate.open()
        await eventually(lambda: [line for line in said if line["event"] == "end_not_saved"], 60)
    await eventually(lambda: state(connected) == "completed")

    assert artifact_of(connected)["ideas"] == ALL
    assert transform_of(connected)["retry_count"] == 0
    assert len(server.exchanges) == 1


HEARTBEATS = (
    "(SELECT last_heartbeat FROM worker_processes"
    " UNION ALL SELECT last_heartbeat FROM procrastinate_workers) AS heartbeats"
)
"""Of each process, and of each worker of the queue that it ran."""


def heartbeats(url: str) -> int:
    """How many processes and workers of the queue there are."""
    return execute(url, f"SELECT count(*) FROM {HEARTBEATS}")[0][0]


def has_given_signs(url: str, since: datetime, seconds: float) -> bool:
    """Whether somebody still sends heartbeats so long after a moment."""
    query = f"SELECT max(last_heartbeat) > %s + make_interval(secs => %s) FROM {HEARTBEATS}"
    return execute(url, query, since, seconds)[0][0]


def is_silent(url: str, seconds: float) -> bool:
    """Whether nobody has sent a heartbeat for so long."""
    query = f"SELECT max(last_heartbeat) < now() - make_interval(secs => %s) FROM {HEARTBEATS}"
    return execute(url, query, seconds)[0][0]


@pytest.mark.parametrize("way", [DatabaseProxy.silent, DatabaseProxy.gone], ids=["silent", "gone"])
async def test_after_an_outage_nobody_takes_over_a_run_that_lives(
    connected: str, transform_id: str, server: ModelServer, way: Callable
):
    """Two processes lose the database for longer than it takes to be dead: the model is asked once.

    The one that runs nothing is the first to have it back.
    """
    gate = Gate()
    words = ideas_text([1, 2, 3])
    server.answers(broken_off(words[:60], gate, *spoken(words[60:]).steps), spoken(words))
    async with DatabaseProxy(connected) as to_writer, DatabaseProxy(connected) as to_other:
        with worker_in_rhythm(to_writer.url):
            await eventually(lambda: "故事1号" in str(artifact_of(connected)["partial_data"]), 60)
            with worker_in_rhythm(to_other.url):
                await eventually(lambda: heartbeats(connected) == 4, 60)

                async with way(to_writer):
                    async with way(to_other):
                        await eventually(lambda: is_silent(connected, QUICK.stalled + 1), 60)
                    [[back]] = execute(connected, "SELECT now()")
                    await eventually(lambda: has_given_signs(connected, back, 1), 60)
                # By then the other one has long decided who is dead.
                await eventually(lambda: has_given_signs(connected, back, QUICK.grace + 3), 60)
                gate.open()
                await eventually(lambda: state(connected) == "completed", 60)
                await eventually(lambda: queue(connected) == [], 60)

    assert artifact_of(connected)["ideas"] == ALL
    assert transform_of(connected)["retry_count"] == 0
    assert len(server.exchanges) == 1


async def test_a_transaction_that_was_frozen_for_too_long_is_a_lost_connection(connected: str):
    """A worker that was stopped in the midst of one goes on as after an outage; its run does not break."""
    frozen = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state LIKE 'idle in%%'"
    name = urlsplit(connected).path[1:]

    with pytest.raises(DATABASE_AWAY):
        async with transaction() as session:
            connection = await session.connection()
            await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
            await eventually(lambda: execute(connected, frozen, name) == [(0,)])
            await connection.execute(text("SELECT 1"))

    async with transaction() as session:
        assert (await (await session.connection()).execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_frozen_worker_keeps_no_lock_of_the_queue(connected: str):
    """One that is stopped while it takes a job, or gives a sign of life, is cut off like any other."""
    queue = queue_worker.connector()
    await queue.open_async()

    limit = await queue.execute_query_one_async("SHOW idle_in_transaction_session_timeout")
    await queue.close_async()

    assert limit == {"idle_in_transaction_session_timeout": "15s"}
