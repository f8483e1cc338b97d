"""The HTTP loop that follows a shape's log. The rules of the protocol are in state.py."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, TypeAlias

import httpx

from . import connection, protocol
from .errors import Unavailable
from .protocol import Message, Schema
from .retry import Backoff
from .sse import EventReader
from .state import Reply, ShapeState

log = logging.getLogger(__name__)

QUICK_SECONDS = 1.0
FREE_REPEATS = 3

StatusName: TypeAlias = Literal["syncing", "live", "resyncing", "disconnected", "failed"]


@dataclass(frozen=True, slots=True)
class Status:
    """How current a shape is, and since when (seconds on the stream's clock, `time.monotonic`).

    - syncing: the first snapshot is being read.
    - live: the rows are up to date.
    - resyncing: the rows are old, and a new snapshot or the missed changes are being read.
    - disconnected: the server does not answer, and the request is repeated.
    - failed: an error ended the stream.
    """

    name: StatusName
    since: float


class ShapeStream:
    """Follows one shape and yields its messages in batches. It keeps handle and offset through an outage.

    `url` is the whole address of the shape endpoint (…/v1/shape); `params` fill `$1`, `$2`, … of `where`.
    Without a `client` the stream has its own, which is best; the caller closes a `client` that it gives.
    `on_status` is called after each change of `status`. `past_caches` is for a caller that has seen this
    shape before: no cache answers until the shape is up to date, so that no row is older than one seen.
    """

    def __init__(
        self,
        url: str,
        *,
        table: str,
        where: str | None = None,
        params: Sequence[str] = (),
        columns: Sequence[str] | None = None,
        secret: str | None = None,
        client: httpx.AsyncClient | None = None,
        live_sse: bool = True,
        past_caches: bool = False,
        on_status: Callable[[], object] | None = None,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        nonce: str | None = None,
    ) -> None:
        self.table = table
        self.on_status = on_status
        self._url = httpx.URL(url)
        if self._url.scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is not an HTTP address")
        self._definition = {protocol.TABLE: table}
        if where is not None:
            self._definition[protocol.WHERE] = where
        for number, value in enumerate(params, start=1):
            self._definition[protocol.parameter(number)] = value
        if columns is not None:
            self._definition[protocol.COLUMNS] = ",".join(columns)
        if secret is not None:
            self._definition[protocol.SECRET] = secret
            connection.keep_secrets_out_of_the_log()
        self._client = client
        self._live_sse = live_sse
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._sleep = sleep
        self._state = ShapeState(nonce or secrets.token_hex(6), bypassing=past_caches)
        self._failures = 0
        self._repeats = 0
        self._synced = False
        self._warned = False
        self.status = Status("syncing", clock())

    def __repr__(self) -> str:
        return f"<ShapeStream of {self.table}, {self.status.name} at {self._state.offset}>"

    @property
    def schema(self) -> Schema | None:
        """The types of the columns in the batch that was yielded last."""
        return self._state.schema

    async def batches(self) -> AsyncGenerator[list[Message]]:
        """Yield messages for ever, in the order of the log. Close it with `aclosing`.

        A batch of a snapshot may end at any message. Apply the messages at each `up-to-date`, and discard the
        rows at each `must-refetch`. Raises RequestRefused or ProtocolError; every other failure is retried.
        """
        own = connection.shape_client() if self._client is None else None
        client = self._client or own
        assert client is not None
        try:
            while True:
                try:
                    async with aclosing(self._ask(client)) as answer:
                        async for batch in answer:
                            yield batch
                            self._note(batch)
                    await self._pace()
                except (httpx.RequestError, TimeoutError, Unavailable) as failure:
                    await self._recover(failure)
        finally:
            if own is not None:
                await own.aclose()

    def fail(self) -> None:
        """Set the status to failed: an error of the caller ended the stream."""
        self._set_status("failed")

    async def _ask(self, client: httpx.AsyncClient) -> AsyncGenerator[list[Message]]:
        """Send one request and yield what it brings."""
        before = self._state
        streaming = before.live and self._live_sse and not before.long_poll_only
        timeout = connection.LONG_POLL_TIMEOUT if before.live else connection.SNAPSHOT_TIMEOUT
        headers = {}
        if streaming:
            timeout = connection.STREAM_TIMEOUT
            headers = {"accept": protocol.EVENT_STREAM, "accept-encoding": "identity"}
        url = self._url.copy_merge_params(self._definition | before.request(sse=streaming))
        asked = self._clock()
        try:
            async with asyncio.timeout(connection.STREAM_OPENS_WITHIN if streaming else None):
                response = await client.send(
                    client.build_request("GET", url, headers=headers, timeout=timeout), stream=True
                )
        except TimeoutError:
            self._state = before.stream_closed(0.0, heard=False)
            raise
        try:
            kind = response.headers.get("content-type", "")
            if response.status_code == 200 and kind.startswith(protocol.EVENT_STREAM):
                async with aclosing(self._events(response)) as batches:
                    async for batch in batches:
                        yield batch
                return
            body = await response.aread()
        finally:
            await response.aclose()
        if response.status_code != 200:
            body = connection.without(self._definition.get(protocol.SECRET), body)
        self._state, messages = before.after(Reply(response.status_code, response.headers, body))
        self._warn_of_caches(before)
        self._failures = 0
        quick = not before.live or self._clock() - asked < QUICK_SECONDS
        self._repeats = self._repeats + 1 if quick and self._state.offset == before.offset else 0
        if messages:
            yield messages

    async def _events(self, response: httpx.Response) -> AsyncGenerator[list[Message]]:
        before = self._state
        self._state, fresh = before.opened(response.headers)
        if not fresh:
            self._warn_of_caches(before)
            self._repeats += 1
            return
        opened = self._clock()
        heard = False
        reader = EventReader()
        batch: list[Message] = []
        try:
            async for piece in response.aiter_bytes():  # decompressed, if a proxy compressed it unasked
                heard = True
                self._failures = self._repeats = 0
                for data in reader.feed(piece):
                    message = protocol.message(protocol.decoded(data))
                    batch.append(message)
                    if message in (protocol.CAUGHT_UP, protocol.REFETCH):
                        self._state = self._state.streamed(batch)
                        yield batch
                        if message == protocol.REFETCH:
                            return
                        batch = []
        finally:
            lived = self._clock() - opened
            if lived >= QUICK_SECONDS:
                self._failures = 0  # without a byte, but not short: a proxy cuts quiet streams off
            self._state = self._state.stream_closed(lived, heard=heard)

    async def _pace(self) -> None:
        """Wait if the last answers came quickly without progress: repeats, refetches, or short streams."""
        excess = max(self._repeats - FREE_REPEATS, self._state.refetches - 1, self._state.short_streams)
        if excess > 0:
            await self._sleep(self._backoff.wait(excess))

    async def _recover(self, failure: Exception) -> None:
        self._failures += 1
        if self._failures == 1 and isinstance(failure, connection.CUT):
            return  # servers close a connection after some number of requests, without notice
        self._state = self._state.interrupted()
        quiet = self.status.name == "disconnected"
        self._set_status("disconnected")
        wait = self._backoff.wait(self._failures, getattr(failure, "retry_after", None))
        reason = f"{type(failure).__name__}: {failure}"
        level = logging.DEBUG if quiet else logging.WARNING
        log.log(level, "shape of %s: no answer, asking again in %.1f s (%s)", self.table, wait, reason)
        await self._sleep(wait)

    def _warn_of_caches(self, before: ShapeState) -> None:
        if self._state.stale > before.stale and not self._warned:
            self._warned = True
            log.warning(
                "shape of %s: a cache on the way gave another request's answer; asking past it. "
                "Its key must hold the whole query, handle and offset above all.",
                self.table,
            )

    def _note(self, batch: list[Message]) -> None:
        """Update the status, after the caller has taken the batch: `on_status` then finds the new rows."""
        if protocol.CAUGHT_UP in batch:
            self._synced = True
            self._set_status("live")
        elif self.status.name == "disconnected" or protocol.REFETCH in batch:
            self._set_status("resyncing" if self._synced else "syncing")

    def _set_status(self, name: StatusName) -> None:
        if name != self.status.name:
            self.status = Status(name, self._clock())
            if self.on_status is not None:
                self.on_status()
