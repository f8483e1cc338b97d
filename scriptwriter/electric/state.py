"""The state of a client in a shape's log. Every rule of the protocol is a pure transition of `ShapeState`.

    ┌───────────┐      200      ┌───────────┐            up-to-date             ┌───────────┐ ──┐ up-to-date
    │  initial  │ ────────────▶ │  syncing  │ ────────────────────────────────▶ │   live    │   │
    └───────────┘               └───────────┘ ◀──────────────────────────────── └───────────┘ ◀─┘
      ▲     ▲     must-refetch    │            interrupted, a stale event stream,           │
      │     └─────────────────────┘            a 200 that is not up to date                 │
      └─────────────────────────────────────────────────────────────────────────────────────┘ must-refetch

A 200 that is up to date at once leads from initial to live.

    state     handle   offset                       cursor   schema   live    the next request
    initial   None     -1                           None     None     False   is plain, from -1
    syncing   set      in the snapshot or the log   any      set      False   is plain, from the offset
    live      set      in the log                   any      set      True    waits: long poll or event stream

There is no other combination, but for old servers (before 1.0), whose 204 may come before any schema.

- up-to-date is a message, in a body or in an event stream, or a header, or a 204.
- must-refetch is a 409, or a message, or a 400 that names the offset.
- interrupted is an outage: the next request is plain, so that its answer shows when the shape is live again.
- A stale answer is a cache's: it has another handle, an earlier offset, or the etag of another request. It
  changes nothing but `stale` and the next address. After STALE_REPLIES in a row the server itself must have
  sent it, so the next state is initial.

Kept in every state: `expired` (handles), `long_poll_only`, `nonce`, and what makes addresses new: `busters`,
`busting` (in the next request) and `bypassing` (in every request until up-to-date).

Two rules for editors:

1. A transition uses the state and its arguments alone: no clock, no I/O, no randomness. It returns a new
   state, or raises and leaves the old one valid.
2. Only `_accepted`, `streamed` and `_restarted` change handle and offset. `_restarted` resets a new field, or
   the list above names it as kept. Every rule has a number and a test in SPEC.md.
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
    """A complete response. The names in `headers` are in lower case, or looked up without case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ShapeState:
    """A state, as drawn above. `nonce` makes this client's cache busters differ from those of others.

    `stale`, `refetches` and `short_streams` count such answers in a row; `busters` counts all cache busters.
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
        """The query of the next request, without the shape's definition. `sse` asks for events when live."""
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
        """The state after a complete response, and the messages to apply (none if it was stale).

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
        """The state after an event stream opened, and whether to read it (False: it is stale).

        The offset stays: the header may be ahead of events that have not come yet.
        """
        if self._is_stale(headers):  # a plain request decides: its answer can be a must-refetch
            return replace(self._busted(), live=False, stale=self.stale + 1), False
        return self._accepted(headers, self.offset), True

    def streamed(self, messages: Sequence[Message]) -> Self:
        """The state after events that end with up-to-date or must-refetch."""
        if messages[-1] == REFETCH:
            return self.must_refetch(None)
        positions = [message.position for message in messages if isinstance(message, Change)]
        reached = next((position for position in reversed(positions) if position), self.offset)
        return replace(self, offset=reached)._caught_up()

    def stream_closed(self, lived: float, *, heard: bool) -> Self:
        """The state after an event stream ended that was open for `lived` seconds. `heard`: a byte came."""
        if heard:
            return replace(self, short_streams=0)
        if lived >= SILENCE_SECONDS:  # keep-alives were due: a proxy buffers the events
            return replace(self, long_poll_only=True)
        if lived >= SHORT_STREAM_SECONDS:
            return self
        if self.short_streams + 1 < SHORT_STREAMS:
            return replace(self, short_streams=self.short_streams + 1)
        return replace(self, short_streams=0, long_poll_only=True)

    def must_refetch(self, handle: str | None) -> Self:
        """The initial state: the log is gone. `handle` is that of the next log, if the server names it."""
        expired = [old for old in self.expired if old != handle]
        if self.handle is not None and self.handle != handle:
            expired.append(self.handle)
        restarted = self._restarted(bypassing=self.handle is not None and self.handle == handle)
        return replace(restarted, expired=tuple(expired[-EXPIRED_KEPT:]))

    def interrupted(self) -> Self:
        """The state after an outage: the next request is plain."""
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
        """Servers before 1.0 end a long poll with 204. They have no event streams."""
        told = {protocol.OFFSET_HEADER: self.offset, **headers}
        if self.handle is not None:
            told.setdefault(protocol.HANDLE_HEADER, self.handle)
        if self._answers_another_request(told):
            return self._after_stale()
        moved = self._accepted(told, told[protocol.OFFSET_HEADER])
        return replace(moved, long_poll_only=True)._caught_up(), [CAUGHT_UP]

    def _after_refusal(self, reply: Reply) -> Self:
        text, fields = protocol.refusal(reply.body)
        if reply.status in (408, 429) or reply.status >= 500:
            raise Unavailable(f"{reply.status} {text}", protocol.retry_after(reply.headers))
        if reply.status == 400 and protocol.OFFSET in fields and self.offset != protocol.START:
            return self._restarted()  # the log ends before the offset: the server lost its tail
        raise RequestRefused(reply.status, text)

    def _is_stale(self, headers: Mapping[str, str]) -> bool:
        """Whether a cache gave an answer to another request. Raises MissingHeader."""
        if self._answers_another_request(headers):
            return True
        _require(headers, protocol.CURSOR_HEADER if self.live else protocol.SCHEMA_HEADER)
        return False

    def _answers_another_request(self, headers: Mapping[str, str]) -> bool:
        """Whether the handle is another one, or the answer starts or ends at an impossible offset."""
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
        # No cache answers at new addresses again and again: the server itself has this handle.
        if self.handle is None:
            return replace(self._busted(), expired=(), stale=0, bypassing=True), []
        return self._restarted(), [REFETCH]

    def _restarted(self, *, bypassing: bool = True) -> Self:
        """The initial state. `bypassing`: the handle may stay the same, so caches may know its addresses."""
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
            short_streams=0,  # the end of the log explains why a stream was short
        )

    def _busted(self) -> Self:
        return replace(self, busters=self.busters + 1, busting=True)


def _require(headers: Mapping[str, str], *names: str) -> None:
    if missing := [name for name in names if name not in headers]:
        raise MissingHeader(*missing)
