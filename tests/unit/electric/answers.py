"""An HTTP transport that answers the requests of a stream from a list."""

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
    """A response body in pieces. An exception among them cuts the body off; with `endless` it never ends."""

    def __init__(self, *pieces: bytes | Exception, endless: bool = False) -> None:
        self.pieces = pieces
        self.endless = endless
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece
        if self.endless:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed.set()


class Answers(httpx.AsyncBaseTransport):
    """Gives one answer for each request, raises those that are exceptions, and lets further requests wait."""

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


class Sleeps:
    """Replaces sleeping: records the seconds and does not wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


class Clock:
    """A clock whose time changes only when a test sets it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def stream(transport: httpx.AsyncBaseTransport, **options: Any) -> ShapeStream:
    """A stream of the table `notes` over `transport`, without real waits and with the longest jitter."""
    defaults: dict[str, Any] = {
        "table": "notes",
        "client": httpx.AsyncClient(transport=transport),
        "sleep": Sleeps(),
        "clock": Clock(),
        "nonce": "n",
        "backoff": Backoff(jitter=lambda: 1.0),
    }
    return ShapeStream(URL, **(defaults | options))


def change(operation: str, key: str, position: str | None = None, **value: str | None) -> dict[str, Any]:
    """A change message of the row `key`; `position` is its position in the log."""
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
    """The etag of an answer to a request from the offset `asked`, in Electric's format."""
    return f'"{handle}:{asked}:{offset}"'


def batch(offset: str, *messages: Any, handle: str = "h1", status: int = 200) -> httpx.Response:
    """A response with these messages; if the last one is UP_TO_DATE, with the header of the same meaning."""
    extra_headers = {"electric-up-to-date": ""} if messages and messages[-1] == UP_TO_DATE else {}
    return httpx.Response(status, headers=headers(offset, handle=handle) | extra_headers, json=list(messages))


def snapshot(*messages: Any, handle: str = "h1") -> tuple[httpx.Response, httpx.Response]:
    """The two responses of a small first sync."""
    return batch("0_0", *messages, handle=handle), batch("0_inf", UP_TO_DATE, handle=handle)


def must_refetch(handle: str | None = None) -> httpx.Response:
    """A 409, with or without the next handle."""
    named = {} if handle is None else {"electric-handle": handle}
    return httpx.Response(409, headers=named, json=[MUST_REFETCH])


def events(
    *messages: Any, cut: Exception | None = None, endless: bool = False, handle: str = "h1"
) -> httpx.Response:
    """An event stream: the messages in one piece, then the end, a `cut`, or silence for ever (`endless`)."""
    pieces: list[bytes | Exception] = [
        b"data: " + json.dumps(message).encode() + b"\n\n" for message in messages
    ]
    if cut is not None:
        pieces.append(cut)
    extra_headers = headers("0_inf", handle=handle) | {"content-type": "text/event-stream"}
    return httpx.Response(200, headers=extra_headers, stream=Body(*pieces, endless=endless))


def recorded(exchange: Exchange) -> httpx.Response:
    """The response of a recorded exchange; an event stream stays open."""
    kept = {name: value for name, value in exchange.headers.items() if name not in ("transfer-encoding",)}
    if exchange.raw:
        return httpx.Response(exchange.status, headers=kept, stream=Body(*exchange.raw, endless=True))
    kept.pop("content-length", None)
    return httpx.Response(exchange.status, headers=kept, content=exchange.body)


async def until(condition: Callable[[], bool], shape: Shape | None = None, turns: int = 5000) -> None:
    """Let all tasks run until the condition holds. Raises the error of the shape, or AssertionError."""
    for _ in range(turns):
        if condition():
            return
        if shape is not None and shape.error is not None:
            raise shape.error
        await asyncio.sleep(0)
    raise AssertionError("the condition did not come to hold")


def defining(query: dict[str, str], *names: str) -> dict[str, str]:
    """The query without the parameters `names`."""
    return {name: value for name, value in query.items() if name not in names}
