"""The database is away during a run: no process is declared dead, and no model is asked twice."""

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
    """The database accepts no connections, and has closed the existing ones."""
    name = urlsplit(url).path[1:]
    execute(server_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    execute(server_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)
    try:
        yield
    finally:
        execute(server_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def test_a_run_continues_while_the_database_is_away(
    connected: str, postgres_server: str, transform_id: str, server: ModelServer, begin: Callable
):
    """The model is asked once, although the queue worker that took the job has ended meanwhile."""
    gate = Gate()
    text = ideas_text([1, 2, 3])
    server.answers(broken_off(text[:60], gate, *spoken(text[60:]).steps))
    begin(queue_worker.work())
    await eventually(lambda: "故事1号" in str(artifact_of(connected)["partial_data"]))

    with capture_logs() as logged, away(postgres_server, connected):
        await eventually(lambda: [line for line in logged if line["event"] == "worker_stopped"], 60)
        gate.open()
        await eventually(lambda: [line for line in logged if line["event"] == "end_not_saved"], 60)
    await eventually(lambda: state(connected) == "completed")

    assert artifact_of(connected)["ideas"] == ALL
    assert transform_of(connected)["retry_count"] == 0
    assert len(server.exchanges) == 1


HEARTBEATS = (
    "(SELECT last_heartbeat FROM worker_processes"
    " UNION ALL SELECT last_heartbeat FROM procrastinate_workers) AS heartbeats"
)
"""The heartbeats of worker processes, and of the queue workers that ran in them."""


def heartbeats(url: str) -> int:
    """The number of processes and queue workers."""
    return execute(url, f"SELECT count(*) FROM {HEARTBEATS}")[0][0]


def has_heartbeat_after(url: str, since: datetime, seconds: float) -> bool:
    """Whether a heartbeat was sent more than `seconds` after the moment `since`."""
    query = f"SELECT max(last_heartbeat) > %s + make_interval(secs => %s) FROM {HEARTBEATS}"
    return execute(url, query, since, seconds)[0][0]


def is_silent(url: str, seconds: float) -> bool:
    """Whether no heartbeat was sent within the last `seconds`."""
    query = f"SELECT max(last_heartbeat) < now() - make_interval(secs => %s) FROM {HEARTBEATS}"
    return execute(url, query, seconds)[0][0]


@pytest.mark.parametrize("kind_of_outage", [DatabaseProxy.silent, DatabaseProxy.gone], ids=["silent", "gone"])
async def test_after_an_outage_a_running_attempt_is_not_taken_over(
    connected: str, transform_id: str, server: ModelServer, kind_of_outage: Callable
):
    """Two processes lose the database for longer than a heartbeat may be missing.

    The one without a run reconnects first, and must not take over the run of the other.
    """
    gate = Gate()
    reply = ideas_text([1, 2, 3])
    server.answers(broken_off(reply[:60], gate, *spoken(reply[60:]).steps), spoken(reply))
    async with DatabaseProxy(connected) as to_writer, DatabaseProxy(connected) as to_other:
        with worker_in_rhythm(to_writer.url):
            await eventually(lambda: "故事1号" in str(artifact_of(connected)["partial_data"]), 60)
            with worker_in_rhythm(to_other.url):
                await eventually(lambda: heartbeats(connected) == 4, 60)

                async with kind_of_outage(to_writer):
                    async with kind_of_outage(to_other):
                        await eventually(lambda: is_silent(connected, QUICK.stalled + 1), 60)
                    [[back]] = execute(connected, "SELECT now()")
                    await eventually(lambda: has_heartbeat_after(connected, back, 1), 60)
                # The grace period after the outage is over, so the other process has decided about takeovers.
                await eventually(lambda: has_heartbeat_after(connected, back, QUICK.grace + 3), 60)
                gate.open()
                await eventually(lambda: state(connected) == "completed", 60)
                await eventually(lambda: queue(connected) == [], 60)

    assert artifact_of(connected)["ideas"] == ALL
    assert transform_of(connected)["retry_count"] == 0
    assert len(server.exchanges) == 1


async def test_a_transaction_idle_for_too_long_counts_as_a_lost_connection(connected: str):
    """A suspended worker continues as after an outage, and its run does not fail."""
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


async def test_queue_connections_have_a_limit_for_idle_transactions(connected: str):
    """A worker that is suspended while it takes a job or sends a heartbeat loses its locks."""
    queue = queue_worker.connector()
    await queue.open_async()

    limit = await queue.execute_query_one_async("SHOW idle_in_transaction_session_timeout")
    await queue.close_async()

    assert limit == {"idle_in_transaction_session_timeout": "15s"}
