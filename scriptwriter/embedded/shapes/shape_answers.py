"""Status, headers and body of each answer, as Electric sends them.

Source: exchanges recorded from sync-service 1.7.12.
"""

import json
import math
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from .shape_index import Shape
from .shape_log import Read
from .shape_request import BadRequest, ShapeRequest

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[str, str]]

SHAPE_METHODS = "GET, POST, HEAD, DELETE, OPTIONS"
JSON = ("content-type", "application/json; charset=utf-8")
PRIVATE = ("cache-control", "max-age=0, private, must-revalidate")
_NO_STORE = [("cache-control", "no-store"), JSON, ("surrogate-control", "no-store")]
_EXPOSED = (
    "electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,"
    "electric-up-to-date,electric-internal-known-error,retry-after"
)
_CACHE_FIRST = "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746"
_CACHE_CATCH_UP = "public, max-age=60, stale-while-revalidate=300"
_CACHE_LIVE = "public, max-age=5, stale-while-revalidate=5"
_CACHE_SSE = "public, max-age=59"
_MUST_REFETCH = b'[{"headers":{"control":"must-refetch"}}]'
_EPOCH = 1728432000  # 2024-10-09, from which Electric counts cursors


class Answer(Exception):
    """A complete response. It is an exception, so that any function can end the request with it."""

    def __init__(self, status: int, body: bytes, headers: Iterable[tuple[str, str]]) -> None:
        self.status, self.body, self.headers = status, body, list(headers)


def to_json(value: object) -> bytes:
    """JSON without spaces, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def common_headers(origin: str, methods: str) -> Headers:
    """The headers of every answer."""
    return [
        ("vary", "accept-encoding"),
        ("x-request-id", secrets.token_urlsafe(15)),
        ("electric-server", "ElectricSQL/1.7.12"),
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", _EXPOSED),
        ("access-control-allow-methods", methods),
    ]


def unauthorized() -> Answer:
    """The secret is missing or wrong."""
    common = [h for h in common_headers("*", SHAPE_METHODS) if not h[0].startswith("access-control")]
    return Answer(401, to_json({"message": "Unauthorized - Invalid API secret"}), [*common, PRIVATE])


def bad_request(bad: BadRequest, common: Headers) -> Answer:
    """The client has to change the request."""
    return Answer(400, to_json({"message": "Invalid request", "errors": bad.errors}), [*common, *_NO_STORE])


def snapshot_failed(reason: str, common: Headers) -> Answer:
    """The table cannot be a shape."""
    return Answer(500, to_json({"message": reason}), [*common, *_NO_STORE])


def unavailable(common: Headers) -> Answer:
    """Postgres is away. The message is Electric's."""
    body = to_json({"message": "Timeout waiting for Postgres lock acquisition"})
    return Answer(503, body, [*common, *_NO_STORE, ("retry-after", "5")])


def must_refetch(shape: Shape | None, common: Headers) -> Answer:
    """The client has to start again, with this shape. None: the shape ended while the client waited."""
    if shape is None:
        return Answer(
            409, _MUST_REFETCH, [*common, ("cache-control", "public, max-age=1, must-revalidate"), JSON]
        )
    caching = ("cache-control", "public, max-age=60, must-revalidate")
    named = [("etag", f'"{shape.handle}::"'), ("electric-handle", shape.handle)]
    return Answer(409, _MUST_REFETCH, [*common, caching, JSON, *named])


def shape_headers(
    request: ShapeRequest, shape: Shape, read: Read, has_data: bool, common: Headers, method: str
) -> Headers:
    """The headers of a 200 that carries a part of a shape."""
    if method == "POST":
        caching = "no-cache"
    elif request.live:
        caching = _CACHE_SSE if request.sse else _CACHE_LIVE
    else:
        caching = _CACHE_FIRST if request.offset == "-1" else _CACHE_CATCH_UP
    headers = [
        *common,
        ("cache-control", caching),
        ("content-type", "text/event-stream") if request.sse else JSON,
    ]
    if request.live:
        headers.append(("electric-cursor", _cursor(request.cursor)))
    tag = f"{shape.handle}:{request.offset}:{read.offset}"
    headers.append(("etag", f'"{tag}"' if has_data else f'"{tag}:{time.monotonic_ns()}"'))
    headers.append(("electric-handle", shape.handle))
    if not request.live:
        headers.append(("electric-schema", shape.electric_schema))
    if read.is_up_to_date:
        headers.append(("electric-up-to-date", ""))
    headers += [("electric-has-data", "true" if has_data else "false"), ("electric-offset", read.offset)]
    return [*headers, ("connection", "keep-alive")] if request.sse else headers


def body_of(shape: Shape, read: Read) -> bytes:
    """The messages as one JSON array."""
    return b"[" + b",".join(messages_of(shape, read)) + b"]"


async def start(send: Send, status: int, headers: Headers) -> None:
    """Send the status and headers."""
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


async def respond(send: Send, status: int, headers: Headers, body: bytes, *, with_length: bool) -> None:
    """Send a whole response. Electric sends a length only with bodies that it did not read from a log."""
    if with_length and status not in (204, 304):
        headers = [*headers, ("content-length", str(len(body)))]
    await start(send, status, headers)
    await send({"type": "http.response.body", "body": body})


def messages_of(shape: Shape, read: Read) -> list[bytes]:
    """The messages, with up-to-date behind the last one."""
    if not read.is_up_to_date:
        return read.messages
    return [
        *read.messages,
        b'{"headers":{"control":"up-to-date","global_last_seen_lsn":"%d"}}' % shape.log.lsn,
    ]


def _cursor(given: str) -> str:
    # The end of the current 20 seconds, or another number if the client sent that one.
    cursor = math.ceil((time.time() - _EPOCH) / 20) * 20
    return str(cursor + random.randint(1, 3600) if given == str(cursor) else cursor)
