"""Owns where a client stands in a shape's log: every rule of the protocol is a pure transition here.

Does not know HTTP clients, clocks, rows or types. The invariants are numbered in SPEC.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from . import protocol
from .errors import MissingHeader, RequestRefused, Unavailable
from .protocol import CAUGHT_UP, REFETCH, Change, Message, Schema

SHORT_STREAM_SECONDS = 1.0
SHORT_STREAMS = 3
SILENCE_SECONDS = 2 * protocol.KEEP_ALIVE_SECONDS
STALE_REPLIES = 3
EXPIRED_KEPT = 16


@dataclass(frozen=True, slots=True)
class Reply:
    """What a finished response says. `headers` are looked up in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ShapeState:
    """A place in a shape's log.

    initial (no handle, offset -1) → syncing (handle) → live (caught up: the next request waits).
    A must-refetch leads back to initial from anywhere. `nonce` makes this client's cache busters its own;
    `busting` puts one into the next request, `bypassing` into every one until the shape is up to date.
    """

    nonce: str
    handle: str | None = None
    offset: str = protocol.START
    cursor: str | None = None
    schema: Schema | None = None
    live: bool = False
    expired: tuple[str, ...] = ()
    busters: int = 0
    busting: bool = False
    bypassing: bool = False
    stale: int = 0
    refetches: int = 0
    short_streams: int = 0
    long_poll_only: bool = False

    def request(self, *, sse: bool = False) -> dict[str, str]:
        """The query of the next request, without what defines the shape; `sse` asks for events when live."""
        query = {protocol.OFFSET: self.offset}
        if self.handle is not None:
            query[protocol.HANDLE] = self.handle
        if self.live:
            query[protocol.LIVE] = protocol.TRUE
            if self.cursor is not None:
                query[protocol.CURSOR] = self.cursor
            if sse and not self.long_poll_only:
                query[protocol.LIVE_SSE] = protocol.TRUE
        if self.busting or self.bypassing:
            query[protocol.CACHE_BUSTER] = f"{self.nonce}-{self.busters}"
        return query

    def after(self, reply: Reply) -> tuple[Self, list[Message]]:
        """The place after a finished response, and the messages to apply (none if it was stale).

        Raises Unavailable (ask again later), RequestRefused, MissingHeader, ProtocolError.
        """
        if reply.status == 409:
            return self.must_refetch(reply.headers.get(protocol.HANDLE_HEADER)), [REFETCH]
        if reply.status == 204:
            return self._after_nothing(reply.headers)
        if reply.status != 200:
            return self._after_refusal(reply), [REFETCH]
        if self._is_stale(reply.headers):
            return self._after_stale()
        messages = protocol.messages(reply.body)
        if REFETCH in messages:
            return self.must_refetch(None), [REFETCH]
        up_to_date = CAUGHT_UP in messages
        if protocol.UP_TO_DATE_HEADER in reply.headers and not up_to_date:
            messages.append(CAUGHT_UP)
            up_to_date = True
        moved = self._accepted(reply.headers, reply.headers[protocol.OFFSET_HEADER])
        return (moved._caught_up() if up_to_date else replace(moved, live=False)), messages

    def opened(self, headers: Mapping[str, str]) -> tuple[Self, bool]:
        """The place when an event stream opens, and whether it may be read (False: a stale copy).

        The offset stays: the header may be ahead of events that have not come yet.
        """
        if self._is_stale(headers):  # let a catch-up decide, which can say must-refetch
            return replace(self._busted(), live=False, stale=self.stale + 1), False
        return self._accepted(headers, self.offset), True

    def streamed(self, messages: Sequence[Message]) -> Self:
        """The place after events that end with up-to-date or must-refetch."""
        if messages[-1] == REFETCH:
            return self.must_refetch(None)
        positions = [message.position for message in messages if isinstance(message, Change)]
        reached = next((position for position in reversed(positions) if position), self.offset)
        return replace(self, offset=reached)._caught_up()

    def stream_closed(self, lived: float, *, heard: bool) -> Self:
        """The place after an event stream of `lived` seconds ended; `heard` says that any byte came."""
        if heard:
            return replace(self, short_streams=0)
        if lived >= SILENCE_SECONDS:  # keep-alives were due: something in between holds the events back
            return replace(self, long_poll_only=True)
        if lived >= SHORT_STREAM_SECONDS:
            return self
        if self.short_streams + 1 < SHORT_STREAMS:
            return replace(self, short_streams=self.short_streams + 1)
        return replace(self, short_streams=0, long_poll_only=True)

    def must_refetch(self, handle: str | None) -> Self:
        """Back to the start: the log is gone; `handle` is its successor's, where the server knows it."""
        expired = [old for old in self.expired if old != handle]
        if self.handle is not None and self.handle != handle:
            expired.append(self.handle)
        restarted = self._restarted(bypassing=self.handle is not None and self.handle == handle)
        return replace(restarted, expired=tuple(expired[-EXPIRED_KEPT:]))

    def interrupted(self) -> Self:
        """The place after an outage: catch up first, so that being live again is known and not guessed."""
        return replace(self, live=False)

    def _accepted(self, headers: Mapping[str, str], offset: str) -> Self:
        schema = headers.get(protocol.SCHEMA_HEADER)
        return replace(
            self,
            handle=headers[protocol.HANDLE_HEADER],
            offset=offset,
            cursor=headers.get(protocol.CURSOR_HEADER, self.cursor),
            schema=protocol.schema(schema) if schema is not None and self.schema is None else self.schema,
            busting=False,
            stale=0,
        )

    def _caught_up(self) -> Self:
        return replace(self, live=True, refetches=0, bypassing=False)

    def _after_nothing(self, headers: Mapping[str, str]) -> tuple[Self, list[Message]]:
        """Servers before 1.0 end a long poll with 204; they know no event streams either."""
        told = {protocol.OFFSET_HEADER: self.offset, **headers}
        if self.handle is not None:
            told.setdefault(protocol.HANDLE_HEADER, self.handle)
        if self._is_anothers(told):
            return self._after_stale()
        moved = self._accepted(told, told[protocol.OFFSET_HEADER])
        return replace(moved, long_poll_only=True)._caught_up(), [CAUGHT_UP]

    def _after_refusal(self, reply: Reply) -> Self:
        text, fields = protocol.refusal(reply.body)
        if reply.status in (408, 429) or reply.status >= 500:
            raise Unavailable(f"{reply.status} {text}", protocol.retry_after(reply.headers))
        if reply.status == 400 and protocol.OFFSET in fields and self.offset != protocol.START:
            return self._restarted()  # the log ends before our offset: the server lost its tail
        raise RequestRefused(reply.status, text)

    def _is_stale(self, headers: Mapping[str, str]) -> bool:
        """Whether it is a cache's answer to another question than ours. Raises MissingHeader."""
        if self._is_anothers(headers):
            return True
        _require(headers, protocol.CURSOR_HEADER if self.live else protocol.SCHEMA_HEADER)
        return False

    def _is_anothers(self, headers: Mapping[str, str]) -> bool:
        """Whether this is of another life of the shape, or begins or ends where an answer to us cannot."""
        _require(headers, protocol.HANDLE_HEADER, protocol.OFFSET_HEADER)
        handle = headers[protocol.HANDLE_HEADER]
        if handle in self.expired if self.handle is None else handle != self.handle:
            return True
        start = protocol.asked_from(headers)
        if start is not None and start != self.offset:
            return True
        return protocol.is_before(headers[protocol.OFFSET_HEADER], self.offset)

    def _after_stale(self) -> tuple[Self, list[Message]]:
        if self.stale < STALE_REPLIES:
            return replace(self._busted(), stale=self.stale + 1), []
        # No cache keeps answering under new names: it is the server that holds this handle.
        if self.handle is None:
            return replace(self._busted(), expired=(), stale=0, bypassing=True), []
        return self._restarted(), [REFETCH]

    def _restarted(self, *, bypassing: bool = True) -> Self:
        """Back to the start; `bypassing` where the handle may stay, so that caches know its addresses."""
        return replace(
            self._busted(),
            handle=None,
            offset=protocol.START,
            cursor=None,
            schema=None,
            live=False,
            stale=0,
            bypassing=bypassing,
            refetches=self.refetches + 1,
            short_streams=0,  # the end of the log explains that of a stream
        )

    def _busted(self) -> Self:
        return replace(self, busters=self.busters + 1, busting=True)


def _require(headers: Mapping[str, str], *names: str) -> None:
    if missing := [name for name in names if name not in headers]:
        raise MissingHeader(*missing)
