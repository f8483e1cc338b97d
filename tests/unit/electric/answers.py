"""An HTTP transport that answers a stream's requests from a list."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx

from scriptwriter.electric import Shape, ShapeStream
from scriptwriter.electric.retry import Backoff
from tests.unit.electric.recordings import Exchange

URL = "http://electric.test/v1/shape"
SCHEMA = {"id": {"type": "text", "pk_index": 0}, "n": {"type": "int4"}}
UP_TO_DATE = {"headers": {"control": "up-to-date"}}
MUST_REFETCH = {"headers": {"control": "must-refetch"}}


class Body(httpx.AsyncByteStream):
    """A response body in pieces; an exception among them cuts it off, and `held` never ends it."""

    def __init__(self, *pieces: bytes | Exception, held: bool = False) -> None:
        self.pieces = pieces
        self.held = held
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece
        if self.held:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed.set()


class Answers(httpx.AsyncBaseTransport):
    """Gives one answer for each request, raises those that are errors, and lets any further request wait."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.exhausted = asyncio.Event()

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.requests]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not self._answers:
            self.exhausted.set()
            await asyncio.Event().wait()
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Rests:
    """Stands in for sleeping: keeps how long, and does not wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def stream(transport: httpx.AsyncBaseTransport, **options: Any) -> ShapeStream:
    """A stream of the table `notes` over `transport`, without real waits and with the longest jitter."""
    defaults: dict[str, Any] = {
        "table": "notes",
        "client": httpx.AsyncClient(transport=transport),
        "sleep": Rests(),
        "clock": Clock(),
        "nonce": "n",
        "backoff": Backoff(jitter=lambda: 1.0),
    }
    return ShapeStream(URL, **(defaults | options))


def change(operation: str, key: str, position: str | None = None, **value: str | None) -> dict[str, Any]:
    """A change message of the row `key`; `position` is its place in the log."""
    headers: dict[str, Any] = {"operation": operation, "relation": ["public", "notes"]}
    if position is not None:
        lsn, op_position = position.split("_")
        headers |= {"lsn": lsn, "op_position": int(op_position), "txids": [1]}
    return {"key": key, "value": {"id": key, **value}, "headers": headers}


def headers(offset: str, *, handle: str = "h1", **more: str) -> dict[str, str]:
    """All headers that a response must have, live or not."""
    return {
        "electric-handle": handle,
        "electric-offset": offset,
        "electric-schema": json.dumps(SCHEMA),
        "electric-cursor": "7",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def etag(handle: str, asked: str, offset: str) -> str:
    """The etag of what was answered to `asked`, as Electric writes it."""
    return f'"{handle}:{asked}:{offset}"'


def batch(offset: str, *messages: Any, handle: str = "h1", status: int = 200) -> httpx.Response:
    """A response with messages; the last being UP_TO_DATE, with its header."""
    told = {"electric-up-to-date": ""} if messages and messages[-1] == UP_TO_DATE else {}
    return httpx.Response(status, headers=headers(offset, handle=handle) | told, json=list(messages))


def snapshot(*messages: Any, handle: str = "h1") -> tuple[httpx.Response, httpx.Response]:
    """The two responses of a small first sync."""
    return batch("0_0", *messages, handle=handle), batch("0_inf", UP_TO_DATE, handle=handle)


def must_refetch(handle: str | None = None) -> httpx.Response:
    """A 409, naming the next handle or not."""
    named = {} if handle is None else {"electric-handle": handle}
    return httpx.Response(409, headers=named, json=[MUST_REFETCH])


def events(
    *messages: Any, cut: Exception | None = None, held: bool = False, handle: str = "h1"
) -> httpx.Response:
    """An event stream: its messages in one piece, then its end, a `cut`, or nothing for ever (`held`)."""
    pieces: list[bytes | Exception] = [
        b"data: " + json.dumps(message).encode() + b"\n\n" for message in messages
    ]
    if cut is not None:
        pieces.append(cut)
    told = headers("0_inf", handle=handle) | {"content-type": "text/event-stream"}
    return httpx.Response(200, headers=told, stream=Body(*pieces, held=held))


def recorded(exchange: Exchange) -> httpx.Response:
    """The response of a recorded exchange; an event stream stays open."""
    kept = {name: value for name, value in exchange.headers.items() if name not in ("transfer-encoding",)}
    if exchange.raw:
        return httpx.Response(exchange.status, headers=kept, stream=Body(*exchange.raw, held=True))
    kept.pop("content-length", None)
    return httpx.Response(exchange.status, headers=kept, content=exchange.body)


async def until(condition: Callable[[], bool], shape: Shape | None = None, turns: int = 5000) -> None:
    """Let everything run until the condition holds. Raises what ended the shape, or AssertionError."""
    for _ in range(turns):
        if condition():
            return
        if shape is not None and shape.error is not None:
            raise shape.error
        await asyncio.sleep(0)
    raise AssertionError("the condition did not come to hold")


def defining(query: dict[str, str], *names: str) -> dict[str, str]:
    """The query without `names`."""
    return {name: value for name, value in query.items() if name not in names}
