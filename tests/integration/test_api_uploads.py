"""How much of a request body the application holds in memory, before and after it knows the sender."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message, Scope

from scriptwriter.api.middleware import body_limit
from scriptwriter.api.middleware.body_limit import ANONYMOUS_LIMIT, FILES_OF_A_PERSON, BodyLimit
from tests.support.programs import JSON, bearer, client, problem
from tests.support.rooms import Room
from tests.support.waiting import eventually

PIECE = b" " * 65_536
FILES = ("/api/projects/import",)


async def _many(pieces: int) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        yield PIECE


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer sw_wrong"}])
async def test_a_file_from_an_unknown_sender_is_not_read(
    room: Room, path: str, header: dict[str, str]
) -> None:
    """The answer is 401, and nothing of the body is held in memory."""
    async with client(header) as http:
        tracemalloc.start()
        answer = await http.post(path, content=_many(300), headers=JSON)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert problem(answer)[0] == 401
    assert peak < 3_000_000


async def test_other_bodies_of_unknown_senders_have_a_smaller_limit(room: Room) -> None:
    """A signed-in person may send a longer body."""
    async with client() as nobody, client(await bearer(room.owner)) as owner:
        long = {"name": "长" * ANONYMOUS_LIMIT}
        refused = await nobody.post("/api/projects", json=long)
        taken = await owner.post("/api/projects", json=long)

    assert problem(refused) == (413, "body_too_large")
    assert problem(taken)[0] == 400


async def test_a_body_that_arrives_too_slowly_is_refused(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a few slow senders would keep everybody else from sending files."""
    monkeypatch.setattr(body_limit, "LONGEST_READING", 0.05)

    async def pieces() -> AsyncIterator[bytes]:
        yield PIECE
        await asyncio.Event().wait()

    async with client(await bearer(room.owner)) as http:
        answer = await asyncio.wait_for(http.post(FILES[0], content=pieces(), headers=JSON), 10)

    assert problem(answer) == (408, "body_too_slow")


async def test_a_body_whose_beginning_arrives_too_slowly_is_refused(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then its sender is unknown and occupies a connection."""
    monkeypatch.setattr(body_limit, "ANONYMOUS_READING", 0.05)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with client() as http:
        answer = await asyncio.wait_for(http.post("/api/projects", content=pieces(), headers=JSON), 10)

    assert problem(answer) == (408, "body_too_slow")


async def test_a_person_can_send_only_a_few_files_at_once(room: Room) -> None:
    """A further file is refused until one of them is done."""
    token = (await bearer(room.owner))["authorization"].encode()
    inside, done = asyncio.Semaphore(0), asyncio.Event()

    async def app(scope: Scope, receive: object, send: object) -> None:
        inside.release()
        await done.wait()

    async def send_file() -> list[Message]:
        sent: list[Message] = []
        ends = iter([{"type": "http.request", "body": b"{}", "more_body": False}])

        async def receive() -> Message:
            return next(ends)

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"authorization", token)]
        scope = {"type": "http", "method": "POST", "path": FILES[0], "headers": headers, "query_string": b""}
        await BodyLimit(app)(scope, receive, send)
        return sent

    sending = [asyncio.ensure_future(send_file()) for _ in range(FILES_OF_A_PERSON)]
    for _ in sending:
        await inside.acquire()
    refused = await send_file()
    done.set()
    await asyncio.gather(*sending)

    assert refused[0]["status"] == httpx.codes.TOO_MANY_REQUESTS
    assert await send_file() == []


@pytest.mark.parametrize(
    ("undisturbed", "status"), [(0.0, (400, "file_unreadable")), (60.0, (503, "too_busy"))]
)
async def test_slow_files_keep_nobody_from_importing(
    room: Room, monkeypatch: pytest.MonkeyPatch, undisturbed: float, status: tuple[int, str]
) -> None:
    """If all places are taken, a new file ends the one that has been arriving longest, after a while."""
    monkeypatch.setattr(body_limit, "FILES_IN_ALL", 2)
    monkeypatch.setattr(body_limit, "UNDISTURBED", undisturbed)
    stop = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PIECE
        await stop.wait()

    async with client(await bearer(room.owner)) as owner, client(await bearer(room.viewer)) as other:
        slow_ones = [asyncio.ensure_future(owner.post(FILES[0], content=slow(), headers=JSON)) for _ in "ab"]
        await eventually(lambda: len(body_limit._arriving) == 2)
        answer = await other.post(FILES[0], content=b"{}", headers=JSON)
        stop.set()
        ended = await asyncio.gather(*slow_ones)

    assert problem(answer) == status
    assert [problem(each)[0] for each in ended] == ([408, 400] if undisturbed == 0 else [400, 400])
