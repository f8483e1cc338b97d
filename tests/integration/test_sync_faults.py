"""Faults between the database and a hub: followers keep the old list until the new one arrives."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import httpx
import psycopg
import pytest

from scriptwriter.domain.graph import Idea
from scriptwriter.embedded.postgres.launcher import attach
from scriptwriter.services.runs import attempts, starting
from scriptwriter.store import database
from scriptwriter.sync.hub import Hub
from scriptwriter.sync.views import FLOW
from tests.support import postgres
from tests.support.flows import Follower, following
from tests.support.rooms import BRIEF, Room, make_room
from tests.support.shape_proxy import Request, ShapeProxy, answer
from tests.support.shape_servers import SECRET, shape_server
from tests.support.stale_cache import Cache
from tests.support.waiting import eventually
from tests.support.web import ROOT, free_port

Answering = Callable[[Cache, Request], bytes | None]
ONE, TWO = Idea("重生之约", "她醒来时回到十年前。"), Idea("替身新娘", "婚礼前夜，新娘不见了。")


@pytest.fixture(params=[True, False], ids=["sse", "long-poll"])
def live_sse(request: pytest.FixtureRequest) -> bool:
    """Server-sent events, and long polling."""
    return request.param


@pytest.fixture
async def attempt(room: Room) -> attempts.Attempt:
    """An attempt that has finished one idea."""
    return await begun(room)


async def begun(room: Room) -> attempts.Attempt:
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE])
    return attempt


@asynccontextmanager
async def proxied(
    url: str, project_id: str, live_sse: bool
) -> AsyncIterator[tuple[ShapeProxy, Follower, httpx.AsyncClient]]:
    """A follower behind a proxy of a shape server, the proxy, and a client that bypasses the proxy."""
    async with (
        shape_server(url, allow_deletion=True, long_poll=1) as server,
        httpx.AsyncClient(
            base_url=server, params={"secret": SECRET}, trust_env=False, verify=False
        ) as direct_client,
        ShapeProxy(server) as proxy,
        Hub(proxy.url, SECRET, live_sse=live_sse, linger=0.1) as hub,
        following(hub, project_id) as follower,
    ):
        await follower.sees(lambda flow: flow.batches and flow.syncing == "live")
        yield proxy, follower, direct_client


def never_lost_anything(follower: Follower) -> None:
    """Check that no flow had fewer batches, members or finished ideas than the one received before it."""
    seen = follower.seen
    for before, after in pairwise(seen):
        assert len(after.batches) >= len(before.batches)
        assert len(after.roles) >= len(before.roles)
        if before.batches:
            assert after.batches[0].finished_count >= before.batches[0].finished_count


async def shows_the_old_list(follower: Follower) -> None:
    """Wait until the follower is resyncing, and check that it still has the old idea."""
    flow = await follower.sees(lambda flow: flow.syncing == "resyncing")
    assert flow.batches[0].ideas[0] == ONE


async def rotate(direct_client: httpx.AsyncClient, project_id: str) -> None:
    """Delete the project's shapes, so that their followers must fetch them again."""
    for shape in FLOW.definitions(project_id).values():
        definition = {"table": shape.table, "where": shape.where, "params[1]": shape.subject_id}
        if shape.columns is not None:
            definition["columns"] = ",".join(shape.columns)
        assert (await direct_client.delete("/v1/shape", params=definition)).status_code == 202


def live_tables(proxy: ShapeProxy, besides: set[str | None]) -> set[str]:
    """The tables that are followed live under other handles than these."""
    return {
        request.table
        for request in proxy.requests
        if request.is_live and request.query["handle"] not in besides
    }


@asynccontextmanager
async def server_process(url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The embedded shape server in a process that nobody restarts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scriptwriter.embedded.shapes.shape_server", "--port", str(port),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "SHAPE_SERVER_DSN": url, "SHAPE_SERVER_SECRET": SECRET},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
async def test_a_hub_recovers_from_a_shape_server_that_restarts(
    how: signal.Signals, live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """Its shapes are lost. Followers receive what was committed meanwhile."""
    port = free_port()
    async with (
        Hub(f"http://127.0.0.1:{port}", SECRET, live_sse=live_sse) as hub,
        server_process(connected, port) as first,
        following(hub, room.project_id) as follower,
    ):
        await follower.sees(lambda flow: flow.batches and flow.syncing == "live")
        first.send_signal(how)
        await first.wait()
        await shows_the_old_list(follower)
        await attempts.save_draft(attempt, [ONE, TWO])

        async with server_process(connected, port):
            await follower.sees_the_database(connected)

    assert len(follower.now.batches[0].ideas) == 2
    never_lost_anything(follower)


async def test_rotated_shapes_are_refetched_while_the_old_list_stays(
    live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """The old list stays however long the new snapshots take."""
    async with proxied(connected, room.project_id, live_sse) as (proxy, follower, direct_client):
        proxy.open.clear()
        await rotate(direct_client, room.project_id)
        await attempts.save_draft(attempt, [ONE, TWO])
        await shows_the_old_list(follower)
        proxy.open.set()

        await follower.sees_the_database(connected)

    assert len(follower.now.batches[0].ideas) == 2
    never_lost_anything(follower)


async def test_slow_answers_arrive(
    live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """Each one is delayed, also after a rotation."""
    async with proxied(connected, room.project_id, live_sse) as (proxy, follower, direct_client):
        proxy.delay = 0.4
        await rotate(direct_client, room.project_id)
        await attempts.save_draft(attempt, [ONE, TWO])

        await follower.sees_the_database(connected)

    assert len(follower.now.batches[0].ideas) == 2
    never_lost_anything(follower)


@pytest.mark.parametrize(
    "refusal",
    [
        answer(429, b'{"message": "slow down"}', retry_after="1"),
        answer(503, b'{"message": "Timeout waiting for Postgres lock acquisition"}', retry_after="1"),
        answer(502, b"<html>bad gateway</html>", content_type="text/html"),
        # These two end a shape; the hub opens it again.
        answer(200, b"<html>a login page</html>", content_type="text/html"),
        answer(401, b'{"message": "Unauthorized"}'),
    ],
    ids=["429", "503", "502", "a page of something else", "401"],
)
async def test_temporary_refusals_leave_the_old_list(
    refusal: bytes, live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """When they are over, what was committed meanwhile arrives."""
    async with proxied(connected, room.project_id, live_sse) as (proxy, follower, _):
        proxy.answers = lambda request: refusal
        proxy.cut()
        await shows_the_old_list(follower)
        asked = len(proxy.requests)
        await eventually(lambda: len(proxy.requests) >= asked + len(FLOW.tables))
        await attempts.save_draft(attempt, [ONE, TWO])
        assert follower.now.syncing == "resyncing"
        proxy.answers = lambda request: None

        await follower.sees_the_database(connected)

    assert len(follower.now.batches[0].ideas) == 2
    never_lost_anything(follower)


@pytest.mark.parametrize("answering", [Cache.snapshots, Cache.news], ids=["snapshots", "news"])
async def test_cached_answers_of_deleted_shapes_are_not_shown(
    answering: Answering, live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """After a rotation a cache still returns the old bodies with the old handles, also for new URLs."""
    async with proxied(connected, room.project_id, live_sse) as (proxy, follower, direct_client):
        cache = Cache(proxy)
        await attempts.save_draft(attempt, [ONE, TWO])
        await follower.sees(lambda flow: len(flow.batches[0].ideas) == 2)
        if answering is Cache.snapshots:
            proxy.answers = cache.snapshots
        first = {request.query.get("handle") for request in proxy.requests}
        await rotate(direct_client, room.project_id)
        if answering is Cache.news:
            await eventually(lambda: live_tables(proxy, besides=first) == set(FLOW.tables))
            await follower.sees_the_database(connected)
            proxy.answers = cache.news
            proxy.cut()
        await eventually(lambda: cache.is_empty)
        await attempts.save_draft(attempt, [ONE, TWO, ONE])

        await follower.sees_the_database(connected)

    assert len(follower.now.batches[0].ideas) == 3
    assert any(flow.syncing == "resyncing" for flow in follower.seen)
    never_lost_anything(follower)


@pytest.mark.parametrize("answering", [Cache.news, Cache.catch_ups], ids=["snapshots", "catch-ups"])
async def test_older_cached_answers_of_the_same_shape_are_not_shown(
    answering: Answering, live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """A cache that ignores offsets returns them to a live follower, with the handle that it follows."""
    async with proxied(connected, room.project_id, live_sse) as (proxy, follower, _):
        cache = Cache(proxy)
        await attempts.save_draft(attempt, [ONE, TWO])
        await follower.sees_the_database(connected)
        proxy.answers = lambda request: answering(cache, request)
        proxy.cut()
        await eventually(lambda: cache.is_empty)
        await attempts.save_draft(attempt, [ONE, TWO, ONE])

        await follower.sees_the_database(connected)

    assert len(follower.now.batches[0].ideas) == 3
    never_lost_anything(follower)


async def test_a_reopened_shape_bypasses_caches(
    live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """After a refusal has ended the shapes, a correct cache still holds their first answers."""
    async with proxied(connected, room.project_id, live_sse) as (proxy, follower, _):
        await attempts.save_draft(attempt, [ONE, TWO])
        await follower.sees(lambda flow: len(flow.batches[0].ideas) == 2)
        proxy.answers = lambda request: answer(401, b'{"message": "Unauthorized"}')
        proxy.cut()
        await shows_the_old_list(follower)
        proxy.answers = lambda request: proxy.cache.get(request.address) if request.is_cacheable else None

        await follower.sees_the_database(connected)

    assert len(follower.now.batches[0].ideas) == 2
    never_lost_anything(follower)


async def test_a_truncated_answer_is_requested_again(
    live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """Half an event, or half a body, changes no row."""
    async with proxied(connected, room.project_id, live_sse) as (proxy, follower, _):
        for number in range(2, 6):
            proxy.cut_in_the_middle()
            await attempts.save_draft(attempt, [ONE] * number)
            await eventually(lambda: proxy.has_cut)

            await follower.sees_the_database(connected)
            assert len(follower.now.batches[0].ideas) == number

    never_lost_anything(follower)


async def test_no_change_is_lost_when_postgres_ends_all_connections(
    live_sse: bool, connected: str, room: Room, attempt: attempts.Attempt
) -> None:
    """Repeatedly, while ideas are written."""
    async with proxied(connected, room.project_id, live_sse) as (_, follower, _):
        with psycopg.connect(connected, autocommit=True) as connection:
            for number in range(2, 6):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                await database.database().engine.dispose()
                await attempts.save_draft(attempt, [ONE] * number)

        await follower.sees_the_database(connected)

    assert len(follower.now.batches[0].ideas) == 5
    never_lost_anything(follower)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "stopped"])
async def test_a_hub_recovers_from_a_restart_of_postgres(how: signal.Signals, live_sse: bool) -> None:
    """What is committed after the restart reaches the followers that were there before."""
    with postgres.data_folder() as folder, attach(folder) as server:
        url = server.url()
        database.apply_schema(url)
        connection = database.connect(url)
        room = await make_room()
        attempt = await begun(room)
        async with proxied(url, room.project_id, live_sse) as (_, follower, _):
            before = postgres.postmaster_pid(folder)
            os.kill(before, how)
            await eventually(lambda: postgres.returned(folder, url, before))
            await connection.close()
            await attempts.save_draft(attempt, [ONE, TWO])

            await follower.sees_the_database(url)
        await connection.close()

    assert len(follower.now.batches[0].ideas) == 2
    never_lost_anything(follower)
