"""A request for a shape ends when its person loses the right to read.

Nothing committed later is delivered.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import event

from scriptwriter.api.middleware import shutdown
from scriptwriter.api.relay.open_requests import MOST_OPEN
from scriptwriter.api.relay.shape_relay import CONFIRM_SECONDS
from scriptwriter.domain.graph import Idea
from scriptwriter.services.accounts import api_tokens, sessions
from scriptwriter.services.projects import catalog, memberships
from scriptwriter.services.runs import attempts, starting
from scriptwriter.store import database
from tests.support.database_proxy import DatabaseProxy
from tests.support.programs import bearer, cookie, problem, served
from tests.support.raw_http_server import raw_http_server
from tests.support.rooms import BRIEF, Room
from tests.support.shape_follower import SHAPE, asking, caught_up, known, network_client, streaming
from tests.support.shape_proxy import ShapeProxy
from tests.support.shape_servers import shape_server
from tests.support.waiting import LIMIT, becomes_true, eventually
from tests.support.web import free_port

EVENTS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n"
AFTERWARDS = "只有还在项目里的人才看得到"
Loss = Callable[[str, Room, dict[str, str]], Awaitable[object]]


class LiveRequestCounter(ShapeProxy):
    """A proxy in front of a shape server that counts live requests."""

    @property
    def polls(self) -> int:
        """The number of live requests so far, finished or not."""
        return len([request for request in self.requests if request.is_live])


@pytest.fixture
async def electric(connected: str) -> AsyncIterator[LiveRequestCounter]:
    """A shape server whose live requests outlast a test, to which the API forwards requests."""
    async with (
        shape_server(connected, long_poll=60, sse_lifetime=120) as url,
        LiveRequestCounter(url) as electric,
        known(electric.url),
    ):
        yield electric


@pytest.fixture
async def attempt(room: Room) -> attempts.Attempt:
    """An attempt that has just begun, at a run in the room."""
    begun = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert begun is not None
    return begun


def execute(url: str, query: str, *parameters: object) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(query.encode(), parameters)


async def removed(url: str, room: Room, headers: dict[str, str]) -> None:
    await memberships.remove(room.project_id, room.viewer, room.owner)


async def deleted(url: str, room: Room, headers: dict[str, str]) -> None:
    await catalog.delete(room.project_id, room.owner)


async def revoked(url: str, room: Room, headers: dict[str, str]) -> None:
    for token in await api_tokens.mine(room.viewer):
        await api_tokens.revoke(room.viewer, token.id)


async def signed_out(url: str, room: Room, headers: dict[str, str]) -> None:
    await sessions.sign_out(headers["cookie"].partition("=")[2])


async def expired(url: str, room: Room, headers: dict[str, str]) -> None:
    execute(url, "UPDATE user_sessions SET expires_at = now() - interval '1 second'")


async def disabled(url: str, room: Room, headers: dict[str, str]) -> None:
    execute(url, "UPDATE users SET status = 'disabled' WHERE id = %s", room.viewer)


LOSSES = [
    pytest.param(bearer, removed, (404, "project_not_found"), id="removed"),
    pytest.param(bearer, deleted, (404, "project_not_found"), id="project deleted"),
    pytest.param(bearer, revoked, (401, "token_rejected"), id="token revoked"),
    pytest.param(bearer, disabled, (401, "token_rejected"), id="person disabled"),
    pytest.param(cookie, signed_out, (401, "signed_out"), id="signed out"),
    pytest.param(cookie, expired, (401, "signed_out"), id="session expired"),
]


@pytest.mark.parametrize(("who", "lose_access", "error"), LOSSES)
async def test_an_open_poll_ends_when_the_right_to_read_ends(
    connected: str,
    electric: LiveRequestCounter,
    room: Room,
    who: Callable,
    lose_access: Loss,
    error: tuple[int, str],
) -> None:
    """It is answered with the error long before its timeout, without any commit; so is the next request."""
    headers = await who(room.viewer)
    async with network_client(headers) as http:
        live = await caught_up(http, room)
        polling = asyncio.create_task(http.get(SHAPE, params=live))
        await eventually(lambda: electric.polls)

        await lose_access(connected, room, headers)

        async with asyncio.timeout(LIMIT):
            ended = await polling
        following = await http.get(SHAPE, params=live)

    assert problem(ended) == problem(following) == error


@pytest.mark.parametrize(("who", "lose_access", "error"), LOSSES)
async def test_an_open_stream_ends_when_the_right_to_read_ends(
    connected: str,
    electric: LiveRequestCounter,
    room: Room,
    who: Callable,
    lose_access: Loss,
    error: tuple[int, str],
) -> None:
    """It ends without a transport error, so the client requests again and receives the reason."""
    headers = await who(room.viewer)
    async with network_client(headers) as http:
        live = await caught_up(http, room)
        async with streaming(http, live) as stream:
            await lose_access(connected, room, headers)

            async with asyncio.timeout(LIMIT):
                await stream.ended.wait()
        following = await http.get(SHAPE, params=live)

    assert stream.failure is None
    assert problem(following) == error


@pytest.mark.parametrize("sse", [False, True], ids=["long-poll", "sse"])
async def test_nothing_committed_after_the_loss_of_access_is_delivered(
    connected: str, electric: LiveRequestCounter, room: Room, attempt: attempts.Attempt, sse: bool
) -> None:
    """Access is checked before each answer and event, even for a commit at the same moment."""
    headers = await bearer(room.viewer)
    async with network_client(headers) as http:
        live = await caught_up(http, room)
        if not sse:
            polling = asyncio.create_task(http.get(SHAPE, params=live))
            await eventually(lambda: electric.polls)
            await memberships.remove(room.project_id, room.viewer, room.owner)
            await attempts.save_draft(attempt, [Idea("秘密", AFTERWARDS)])
            answer = await polling
            assert problem(answer) == (404, "project_not_found") and AFTERWARDS not in answer.text
            return
        async with streaming(http, live) as stream:
            await attempts.save_draft(attempt, [Idea("公开", "之前写的")])
            await eventually(lambda: "之前写的" in stream.text)
            await memberships.remove(room.project_id, room.viewer, room.owner)
            await attempts.save_draft(attempt, [Idea("秘密", AFTERWARDS)])
            async with asyncio.timeout(LIMIT):
                await stream.ended.wait()

    assert AFTERWARDS not in stream.text


async def test_other_members_keep_their_streams(
    electric: LiveRequestCounter, room: Room, attempt: attempts.Attempt
) -> None:
    """Only the stream of the removed member ends."""
    async with (
        served() as home,
        httpx.AsyncClient(base_url=home, headers=await bearer(room.viewer), timeout=LIMIT) as leaving,
        httpx.AsyncClient(base_url=home, headers=await bearer(room.collaborator), timeout=LIMIT) as staying,
        streaming(leaving, await caught_up(leaving, room)) as theirs,
        streaming(staying, await caught_up(staying, room)) as mine,
    ):
        await memberships.remove(room.project_id, room.viewer, room.owner)
        async with asyncio.timeout(LIMIT):
            await theirs.ended.wait()

        await attempts.save_draft(attempt, [Idea("秘密", AFTERWARDS)])

        await eventually(lambda: AFTERWARDS in mine.text)
        assert not mine.ended.is_set() and AFTERWARDS not in theirs.text


async def test_a_change_of_role_keeps_a_stream_open(
    electric: LiveRequestCounter, room: Room, attempt: attempts.Attempt
) -> None:
    """A viewer may read as much as an owner."""
    async with (
        network_client(await bearer(room.collaborator)) as http,
        streaming(http, await caught_up(http, room)) as stream,
    ):
        await memberships.change_role(room.project_id, room.collaborator, "viewer", room.owner)
        await attempts.save_draft(attempt, [Idea("秘密", AFTERWARDS)])

        await eventually(lambda: AFTERWARDS in stream.text)
        assert not stream.ended.is_set()


async def test_open_requests_per_person_are_limited(electric: LiveRequestCounter, room: Room) -> None:
    """Further requests receive 429.

    A request that ends makes room, and other people have a limit of their own.
    """
    async with (
        served() as home,
        httpx.AsyncClient(base_url=home, headers=await bearer(room.owner), timeout=LIMIT) as http,
        httpx.AsyncClient(base_url=home, headers=await bearer(room.viewer), timeout=LIMIT) as colleague,
    ):
        live = await caught_up(http, room)
        polls = [asyncio.create_task(http.get(SHAPE, params=live)) for _ in range(MOST_OPEN)]
        await eventually(lambda: electric.polls == MOST_OPEN)

        answer = await http.get(SHAPE, params=asking(room))
        other = await colleague.get(SHAPE, params=asking(room))
        polls.pop().cancel()

        async def is_admitted() -> bool:
            return (await http.get(SHAPE, params=asking(room))).status_code == 200

        await becomes_true(is_admitted)
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)

    assert problem(answer) == (429, "too_many_polls")
    assert int(answer.headers["retry-after"]) >= 1
    assert other.status_code == 200


@pytest.mark.parametrize("answered", [False, True], ids=["before an answer", "in its middle"])
async def test_a_cancelled_request_is_cancelled_at_electric(room: Room, answered: bool) -> None:
    """No upstream request continues without a client that waits for it."""

    async def respond(writer: asyncio.StreamWriter) -> None:
        if answered:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n")
            await writer.drain()
        await asyncio.Event().wait()

    async with (
        raw_http_server(respond) as upstream,
        known(upstream.url),
        network_client(await bearer(room.owner)) as http,
    ):
        live = asking(room, offset="0_0", handle="1-1", live="true")
        asked = asyncio.create_task(http.get(SHAPE, params=live))
        await eventually(lambda: upstream.requests)

        asked.cancel()

        async with asyncio.timeout(LIMIT):
            await upstream.left.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_stop_ends_open_requests(
    electric: LiveRequestCounter, room: Room, number: signal.Signals
) -> None:
    """A stream ends normally and a poll receives Retry-After, since the server waits for open requests."""
    received_signals: list[int] = []
    before = signal.signal(number, lambda number, _: received_signals.append(number))
    async with network_client(await bearer(room.owner)) as http:
        live = await caught_up(http, room)
        with shutdown.on_signals():
            async with streaming(http, live) as stream:
                polling = asyncio.create_task(http.get(SHAPE, params=live))
                await eventually(lambda: electric.polls == 2)

                signal.raise_signal(number)

                async with asyncio.timeout(LIMIT):
                    await stream.ended.wait()
                    answer = await polling
        again = await http.get(SHAPE, params=asking(room))

    assert signal.signal(number, before) is not before, "the earlier signal handler is restored"
    assert received_signals == [number]
    assert stream.failure is None
    assert problem(answer) == (503, "sync_away") and answer.headers["retry-after"] == "1"
    assert again.status_code == 200


async def test_an_open_stream_ends_when_the_database_is_away(
    connected: str, electric: LiveRequestCounter, room: Room
) -> None:
    """Access can no longer be checked. The next request receives 503."""
    async with network_client(await bearer(room.owner)) as http:
        live = await caught_up(http, room)
        async with streaming(http, live) as stream:
            away = database.connect(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")

            async with asyncio.timeout(LIMIT):
                await stream.ended.wait()
        following = await http.get(SHAPE, params=live)
        await away.close()

    assert problem(following) == (503, "service_away")


async def test_a_stream_checks_access_once_a_second_however_many_chunks_come(room: Room) -> None:
    """Electric writes three HTTP chunks for each message, and none of them costs a query of its own."""
    messages, asked = 300, Counter[str]()

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS)
        for number in range(messages):
            for part in (b"data: ", b'{"n":%d}' % number, b"\n\n"):
                writer.write(b"%X\r\n%s\r\n" % (len(part), part))
                await writer.drain()
                await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")

    async with (
        raw_http_server(respond) as upstream,
        known(upstream.url),
        network_client(await bearer(room.owner)) as http,
        streaming(http, asking(room, offset="0_0", handle="1-1", live="true")) as stream,
    ):
        began = time.monotonic()
        engine = database.database().engine.sync_engine
        count = partial(_count, asked)
        event.listen(engine, "before_cursor_execute", count)
        async with asyncio.timeout(LIMIT):
            await stream.ended.wait()
        event.remove(engine, "before_cursor_execute", count)
        seconds = time.monotonic() - began

    assert [line for line in stream.lines if line] == [f'data: {{"n":{n}}}' for n in range(messages)]
    assert asked["SELECT"] <= seconds / CONFIRM_SECONDS + 1


async def test_a_database_that_does_not_answer_ends_a_stream(connected: str, room: Room) -> None:
    """Messages that arrive while access cannot be checked are neither buffered nor delivered."""
    silent = asyncio.Event()

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + b"E\r\ndata: before\n\n\r\n")
        await silent.wait()
        while True:
            writer.write(b"D\r\ndata: after\n\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with DatabaseProxy(connected) as proxy, raw_http_server(respond) as upstream, known(upstream.url):
        through = database.connect(proxy.url)
        async with (
            network_client(await bearer(room.owner)) as http,
            streaming(http, asking(room, offset="0_0", handle="1-1", live="true")) as stream,
        ):
            await eventually(lambda: "before" in stream.text)
            async with proxy.silent():
                silent.set()
                async with asyncio.timeout(LIMIT):
                    await stream.ended.wait()
        await through.close()
        database.connect(connected)

    assert stream.failure is None


def _count(asked: Counter[str], _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    """Count the statements by their first word. A listener for SQLAlchemy's before_cursor_execute."""
    asked[statement.split()[0]] += 1
