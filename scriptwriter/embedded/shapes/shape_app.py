"""The ASGI application: Electric's /v1/shape over a ShapeRegistry."""

import asyncio
import hmac
import time
from collections.abc import Coroutine, MutableMapping
from typing import Any, TypeVar

from .shape_answers import (
    JSON,
    PRIVATE,
    SHAPE_METHODS,
    Answer,
    Headers,
    Receive,
    Send,
    bad_request,
    body_of,
    common_headers,
    must_refetch,
    respond,
    shape_headers,
    snapshot_failed,
    start,
    to_json,
    unauthorized,
    unavailable,
)
from .shape_index import Shape
from .shape_link import LinkLost, QueryFailed
from .shape_log import OffsetBeyondEnd, OffsetTooOld, Read
from .shape_registry import ShapeRegistry, SnapshotFailed
from .shape_request import NO_SUBSETS, BadRequest, ShapeRequest, read_query, read_request
from .shape_stream import send_events

Scope = MutableMapping[str, Any]
_T = TypeVar("_T")


class ShapeApp:
    """The ASGI application.

    Times are in seconds. `long_poll`: the wait of a live request. `sse_lifetime`, `sse_keep_alive`: the life
    and the longest silence of an event stream. `beyond_end`: the wait of a request whose offset is beyond the
    log's end. `database_wait`: the wait for Postgres. With `sse_in_parts` each event is sent in three HTTP
    chunks, as Electric does: `data: `, the JSON, two line feeds.
    """

    def __init__(
        self,
        registry: ShapeRegistry,
        secret: str,
        *,
        long_poll: float = 20,
        sse_lifetime: float = 60,
        sse_keep_alive: float = 21,
        beyond_end: float = 10,
        database_wait: float = 5,
        allow_deletion: bool = False,
        sse_in_parts: bool = False,
    ) -> None:
        self._registry = registry
        self._secret = secret
        self._long_poll = long_poll
        self._sse_lifetime = sse_lifetime
        self._sse_keep_alive = sse_keep_alive
        self._beyond_end = beyond_end
        self._database_wait = database_wait
        self._allow_deletion = allow_deletion
        self._sse_in_parts = sse_in_parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            await self._route(scope, receive, send)
        except Answer as answer:
            await respond(send, answer.status, answer.headers, answer.body, with_length=True)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path, headers = scope["method"], scope["path"].rstrip("/"), dict(scope["headers"])
        origin = headers.get(b"origin", b"*").decode("latin-1")
        if path == "/v1/shape" and method in ("GET", "HEAD", "POST", "DELETE"):
            common = common_headers(origin, SHAPE_METHODS)
            query = read_query(scope["query_string"])
            self._authorize(query)
            if method == "DELETE":
                return await self._delete(query, common)
            if method == "POST":
                await _refuse_subset(receive, common)
            known_tag = headers.get(b"if-none-match", b"").decode("latin-1")
            return await self._shape(method, query, known_tag, receive, send, common)
        if path == "/v1/shape" and method == "OPTIONS":
            common = [header for header in common_headers(origin, SHAPE_METHODS) if header[0] != "vary"]
            raise Answer(
                204, b"", [*common, ("access-control-max-age", "86400"), ("connection", "keep-alive")]
            )
        common = common_headers(origin, "GET, HEAD")
        if path == "/v1/health" and method in ("GET", "HEAD"):
            up = self._registry.is_up.is_set()
            status = "active" if up else "starting" if self._registry.has_been_up else "waiting"
            caching = ("cache-control", "no-cache, no-store, must-revalidate")
            raise Answer(200 if up else 202, to_json({"status": status}), [*common, caching, JSON])
        if path == "" and method in ("GET", "HEAD"):
            raise Answer(200, b"", [*common, PRIVATE])
        raise Answer(404, b"Not found", [*common, PRIVATE])

    def _authorize(self, query: dict[str, str]) -> None:
        given = query.get("secret", query.get("api_secret", ""))
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            raise unauthorized()

    async def _delete(self, query: dict[str, str], common: Headers) -> None:
        headers = [*common, ("cache-control", "no-cache"), JSON]
        if not self._allow_deletion:
            raise Answer(405, to_json({"message": "DELETE not allowed"}), headers)
        handle = query.get("handle", "")
        if not query.get("table"):
            if not handle:
                reason = "can't be blank when shape definition is missing"
                raise bad_request(BadRequest("handle", reason), common)
            shape = self._registry.named(handle)
        else:
            try:
                definition = read_request({**query, "offset": "-1", "live": ""}).definition
            except BadRequest as bad:
                raise bad_request(bad, common) from bad
            shape = await self._ask(self._registry.existing(definition), common)
        if shape is None:
            raise Answer(404, to_json({"message": "No existing shape found"}), headers)
        if handle not in ("", shape.handle):
            raise must_refetch(shape, common)
        self._registry.drop(shape)
        raise Answer(202, b"", headers)

    async def _shape(
        self,
        method: str,
        query: dict[str, str],
        known_tag: str,
        receive: Receive,
        send: Send,
        common: Headers,
    ) -> None:
        try:
            request = read_request(query)
        except BadRequest as bad:
            raise bad_request(bad, common) from bad
        shape = await self._shape_of(request, common)
        gone = asyncio.ensure_future(self._over(receive)) if request.live else None
        try:
            read = await self._read(shape, request, common)
            if gone is not None and request.sse:
                headers = shape_headers(request, shape, read, True, common, method)
                await start(send, 200, headers)
                lasts, silence = self._sse_lifetime, self._sse_keep_alive
                return await send_events(send, shape, read, gone, lasts, silence, in_parts=self._sse_in_parts)
            has_data = request.offset != "now"
            if gone is not None and not read.messages and not shape.log.is_dropped:
                waiting = {shape.log.changed, gone}
                await asyncio.wait(waiting, timeout=self._long_poll, return_when="FIRST_COMPLETED")
                shape.used_at = time.monotonic()
                read = await self._read(shape, request, common)
                has_data = bool(read.messages)
            if request.live and shape.log.is_dropped:
                raise must_refetch(None, common)
        finally:
            if gone is not None:
                gone.cancel()
        headers = shape_headers(request, shape, read, has_data, common, method)
        if known_tag and ("etag", known_tag) in headers:
            raise Answer(304, b"", [header for header in headers if header[0] != "electric-schema"])
        body = b"" if method == "HEAD" else body_of(shape, read)
        timed_out = request.live and not has_data
        await respond(send, 200, headers, body, with_length=timed_out or method == "HEAD")

    async def _shape_of(self, request: ShapeRequest, common: Headers) -> Shape:
        """The shape that the handle names, if it is of this definition; else a 409 with the right one."""
        shape = self._registry.named(request.handle)
        starts = request.offset in ("-1", "now")
        if shape is not None and not starts and shape.is_ready and request.definition in shape.definitions:
            shape.used_at = time.monotonic()
            await self._wait_for_database(common)
            if not request.live:
                await _until_read(shape)
            return shape
        found = await self._ask(self._registry.find(request.definition), common)
        if starts or found.handle == request.handle:
            return found
        raise must_refetch(found, common)

    async def _ask(self, question: Coroutine[Any, Any, _T], common: Headers) -> _T:
        """Wait for Postgres, then await a call of the registry. Raises its errors as an Answer."""
        try:
            await self._wait_for_database(common)
        except Answer:
            question.close()
            raise
        try:
            return await question
        except BadRequest as bad:
            raise bad_request(bad, common) from bad
        except SnapshotFailed as failed:
            raise snapshot_failed(str(failed), common) from failed
        except QueryFailed as failed:
            if failed.is_passing:
                raise unavailable(common) from failed
            # Postgres finds this error only in the rows: a division by zero, a text that is not a number.
            raise bad_request(BadRequest("where", failed.message), common) from failed
        except LinkLost as lost:
            raise unavailable(common) from lost

    async def _wait_for_database(self, common: Headers) -> None:
        try:
            await asyncio.wait_for(self._registry.is_up.wait(), self._database_wait)
        except TimeoutError:
            raise unavailable(common) from None

    async def _over(self, receive: Receive) -> None:
        """Return when a live answer has to end: its client has left, or Postgres is away."""
        ends = [asyncio.ensure_future(end) for end in (_disconnected(receive), self._registry.is_down.wait())]
        try:
            await asyncio.wait(ends, return_when="FIRST_COMPLETED")
        finally:
            for end in ends:
                end.cancel()

    async def _read(self, shape: Shape, request: ShapeRequest, common: Headers) -> Read:
        if request.offset == "now":
            return Read([], shape.log.now(), True)
        deadline = time.monotonic() + self._beyond_end
        while True:
            try:
                return shape.log.read(request.offset)
            except OffsetTooOld:
                # With the same handle, a client would take the new snapshot for a stale one.
                self._registry.replace(shape)
                found = await self._ask(self._registry.find(request.definition), common)
                raise must_refetch(found, common) from None
            except OffsetBeyondEnd:
                left = deadline - time.monotonic()
                if shape.log.is_dropped:
                    raise must_refetch(None, common) from None
                if left <= 0:
                    raise bad_request(BadRequest("offset", "out of bounds for this shape"), common) from None
                await asyncio.wait({shape.log.changed}, timeout=left)


async def _until_read(shape: Shape) -> None:
    # A client that has got a change from one shape must also get it from every other shape.
    if shape.reading is not None:
        await asyncio.wait({shape.reading, shape.log.changed}, timeout=1, return_when="FIRST_COMPLETED")


async def _refuse_subset(receive: Receive, common: Headers) -> None:
    body, more = b"", True
    while more and len(body) < 4096:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if body.strip() not in (b"", b"{}"):
        raise bad_request(BadRequest("subset", NO_SUBSETS), common)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
