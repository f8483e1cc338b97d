"""A request for a shape ends when its person loses the right to read. Nothing written later is told."""

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
from tests.support.electrics import electric_saying
from tests.support.following import SHAPE, asking, caught_up, known, network_client, streaming
from tests.support.programs import bearer, cookie, problem, served
from tests.support.rooms import BRIEF, Room
from tests.support.shape_proxy import ShapeProxy
from tests.support.shape_servers import shape_server
from tests.support.waiting import LIMIT, becomes_true, eventually
from tests.support.web import free_port

EVENTS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n"
AFTERWARDS = "只有还在项目里的人才看得到"
Loss = Callable[[str, Room, dict[str, str]], Awaitable[object]]


class Polled(ShapeProxy):
    """A shape server, seen from the way to it."""

    @property
    def polls(self) -> int:
        """How many have waited for news, or do."""
        return len([request for request in self.requests if request.is_live])


@pytest.fixture
async def electric(connected: str) -> AsyncIterator[Polled]:
    """A shape server whose live requests end long after a test, known to the API."""
    async with (
        shape_server(connected, long_poll=60, sse_lifetime=120) as url,
        Polled(url) as electric,
        known(electric.url),
    ):
        yield electric


@pytest.fixture
async def attempt(room: Room) -> attempts.Attempt:
    """The attempt of a worker that has just begun in the room."""
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


@pytest.mark.parametrize(("who", "loss", "told"), LOSSES)
async def test_an_open_poll_ends_with_the_right_to_read(
    connected: str, electric: Polled, room: Room, who: Callable, loss: Loss, told: tuple[int, str]
) -> None:
    """It is answered long before its time, though nothing was written; and so is the next one."""
    headers = await who(room.viewer)
    async with network_client(headers) as http:
        live = await caught_up(http, room)
        polling = asyncio.create_task(http.get(SHAPE, params=live))
        await eventually(lambda: electric.polls)

        await loss(connected, room, headers)

        async with asyncio.timeout(LIMIT):
            ended = await polling
        following = await http.get(SHAPE, params=live)

    assert problem(ended) == problem(following) == told


@pytest.mark.parametrize(("who", "loss", "told"), LOSSES)
async def test_an_open_stream_ends_with_the_right_to_read(
    connected: str, electric: Polled, room: Room, who: Callable, loss: Loss, told: tuple[int, str]
) -> None:
    """In good order, so that its client asks again and hears why."""
    headers = await who(room.viewer)
    async with network_client(headers) as http:
        live = await caught_up(http, room)
        async with streaming(http, live) as stream:
            await loss(connected, room, headers)

            async with asyncio.timeout(LIMIT):
                await stream.ended.wait()
        following = await http.get(SHAPE, params=live)

    assert stream.failure is None
    assert problem(following) == told


@pytest.mark.parametrize("sse", [False, True], ids=["long-poll", "sse"])
async def test_nothing_that_is_written_afterwards_is_told(
    connected: str, electric: Polled, room: Room, attempt: attempts.Attempt, sse: bool
) -> None:
    """Not even what is committed in the same moment: each answer and each event is preceded by a question."""
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


async def test_colleagues_go_on_reading(electric: Polled, room: Room, attempt: attempts.Attempt) -> None:
    """Only whoever lost the right is cut off."""
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


async def test_a_change_of_role_ends_nothing(electric: Polled, room: Room, attempt: attempts.Attempt) -> None:
    """A viewer reads as much as an owner."""
    async with (
        network_client(await bearer(room.collaborator)) as http,
        streaming(http, await caught_up(http, room)) as stream,
    ):
        await memberships.change_role(room.project_id, room.collaborator, "viewer", room.owner)
        await attempts.save_draft(attempt, [Idea("秘密", AFTERWARDS)])

        await eventually(lambda: AFTERWARDS in stream.text)
        assert not stream.ended.is_set()


async def test_a_person_has_so_many_requests_open_and_no_more(electric: Polled, room: Room) -> None:
    """429 beyond that; whoever leaves makes room; a colleague has room of their own."""
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

        async def is_let_in() -> bool:
            return (await http.get(SHAPE, params=asking(room))).status_code == 200

        await becomes_true(is_let_in)
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)

    assert problem(answer) == (429, "too_many_polls")
    assert int(answer.headers["retry-after"]) >= 1
    assert other.status_code == 200


@pytest.mark.parametrize("answered", [False, True], ids=["before an answer", "in its middle"])
async def test_a_client_that_leaves_frees_electric_at_once(room: Room, answered: bool) -> None:
    """No request goes on that nobody waits for."""

    async def saying(writer: asyncio.StreamWriter) -> None:
        if answered:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n")
            await writer.drain()
        await asyncio.Event().wait()

    async with (
        electric_saying(saying) as told,
        known(told.url),
        network_client(await bearer(room.owner)) as http,
    ):
        live = asking(room, offset="0_0", handle="1-1", live="true")
        asked = asyncio.create_task(http.get(SHAPE, params=live))
        await eventually(lambda: told.requests)

        asked.cancel()

        async with asyncio.timeout(LIMIT):
            await told.left.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_that_is_asked_to_stop_ends_what_is_open(
    electric: Polled, room: Room, number: signal.Signals
) -> None:
    """A server waits for every answer: a stream ends in good order, a poll says when to come back."""
    heard: list[int] = []
    before = signal.signal(number, lambda number, _: heard.append(number))
    async with network_client(await bearer(room.owner)) as http:
        live = await caught_up(http, room)
        with shutdown.on_signals():
            async with streaming(http, live) as stream:
                polling = asyncio.create_task(http.get(SHAPE, params=live))
                await eventually(lambda: electric.polls == 2)

                signal.raise_signal(number)

                async with asyncio.timeout(LIMIT):
                    await stream.ended.wait()
                    told = await polling
        again = await http.get(SHAPE, params=asking(room))

    assert signal.signal(number, before) is not before, "whoever handled the signal handles it again"
    assert heard == [number]
    assert stream.failure is None
    assert problem(told) == (503, "sync_away") and told.headers["retry-after"] == "1"
    assert again.status_code == 200


async def test_without_a_database_an_open_stream_ends_rather_than_goes_on_unasked(
    connected: str, electric: Polled, room: Room
) -> None:
    """And the next request says that the service is away."""
    async with network_client(await bearer(room.owner)) as http:
        live = await caught_up(http, room)
        async with streaming(http, live) as stream:
            away = database.connect(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")

            async with asyncio.timeout(LIMIT):
                await stream.ended.wait()
        following = await http.get(SHAPE, params=live)
        await away.close()

    assert problem(following) == (503, "service_away")


async def test_a_stream_in_electrics_chunks_asks_the_database_once_a_second(room: Room) -> None:
    """Electric writes three HTTP chunks for each message: what passes costs no query of its own."""
    messages, asked = 300, Counter[str]()

    async def saying(writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS)
        for number in range(messages):
            for part in (b"data: ", b'{"n":%d}' % number, b"\n\n"):
                writer.write(b"%X\r\n%s\r\n" % (len(part), part))
                await writer.drain()
                await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")

    async with (
        electric_saying(saying) as told,
        known(told.url),
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


async def test_a_database_that_is_slow_to_confirm_ends_a_stream_and_does_not_hold_it(
    connected: str, room: Room
) -> None:
    """What comes while nobody can say whether it may be read is not kept back, and not told."""
    silent = asyncio.Event()

    async def saying(writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + b"E\r\ndata: before\n\n\r\n")
        await silent.wait()
        while True:
            writer.write(b"D\r\ndata: after\n\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with DatabaseProxy(connected) as proxy, electric_saying(saying) as told, known(told.url):
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
    asked[statement.split()[0]] += 1
