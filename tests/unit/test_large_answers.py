"""Large responses to clients that read slowly or not at all."""

import asyncio
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Message

from scriptwriter.api.middleware import large_answers
from scriptwriter.api.middleware.large_answers import LARGE, OF_A_PERSON, PIECE, LargeAnswers
from scriptwriter.store import fair_share

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/api/projects", "headers": []}


class Client:
    """A client that reads after `reads` is set; `got` is what the server has sent."""

    def __init__(self, person: str, size: int = LARGE + 1) -> None:
        self.person, self.reads, self.got = person, asyncio.Event(), list[Message]()
        self._app = LargeAnswers(Response(b"x" * size))

    async def asks(self) -> None:
        fair_share.charge(self.person)
        await self._app(SCOPE, self._receive, self._send)

    @property
    def status(self) -> int:
        return self.got[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)

    async def _receive(self) -> Message:
        raise AssertionError

    async def _send(self, message: Message) -> None:
        self.got.append(message)
        if message.get("more_body"):
            await self.reads.wait()


async def _ask(*clients: Client) -> list[asyncio.Task[None]]:
    asking = [asyncio.create_task(client.asks()) for client in clients]
    await asyncio.sleep(0)
    return asking


async def test_a_large_answer_is_sent_as_its_client_reads() -> None:
    """Until the client reads, the server has one piece of it."""
    client = Client("one")
    [asking] = await _ask(client)
    assert len(client.body) == PIECE

    client.reads.set()
    await asking
    assert len(client.body) == LARGE + 1
    assert not client.got[-1].get("more_body")


async def test_slow_readers_of_one_person_are_limited() -> None:
    """Further large answers are refused. Small ones and those of another person are sent."""
    slow = [Client("one") for _ in range(OF_A_PERSON)]
    further, small, another = Client("one"), Client("one", size=LARGE), Client("another")
    asking = await _ask(*slow, further, small, another)

    assert [client.status for client in (further, small, another)] == [429, 200, 200]
    for client in (*slow, another):
        client.reads.set()
    await asyncio.gather(*asking)
    again = Client("one")
    again.reads.set()
    await again.asks()
    assert again.status == 200


async def test_a_client_that_reads_too_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its response stays incomplete."""
    monkeypatch.setattr(large_answers, "LONGEST_SENDING", 0.01)
    client = Client("one")
    await asyncio.wait_for(client.asks(), 10)

    assert client.got[-1]["more_body"]
