"""The open websockets of pages in this process, by person, and the rate limits of their events.

All websockets of a person share one limit of events per second and one of events that wait to be handled.
Beyond it only this person waits. A websocket without a session has low limits of its own.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

UNKNOWN = "?"
"""The person of a session that could not be looked up, because the database is unavailable."""
HEADER = "x-scriptwriter-connection"
"""The header that identifies an event's connection. A client's own header of this name is dropped."""
MOST_OF_A_PERSON = 45
"""Open websockets of one person."""
MOST_ANONYMOUS = 200
"""Open websockets without a session in this process. A further one closes the oldest."""
MOST_UNSENT = 2
"""Messages to one page that are not sent yet. A further `emit` waits."""
KEPT_TABS, KEPT_UNKNOWN_TABS = 40, 1_000
"""Closed tabs whose state is kept in case they reconnect: of one person, and of UNKNOWN persons."""
KEPT_SECONDS = 120.0
"""How long that state is kept. A lost connection reconnects sooner. A large project needs 10 MB per tab."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Token bucket of events (size, rate per second); events waiting to be handled, and their characters."""

    burst: int
    per_second: float
    waiting: int
    characters: int


OF_A_PERSON = Limits(burst=1_000, per_second=100.0, waiting=40, characters=4_000_000)
ANONYMOUS = Limits(burst=120, per_second=10.0, waiting=10, characters=32_000)


OPENED_BY_NOBODY = Limits(burst=300, per_second=30.0, waiting=0, characters=0)
"""Rate of new websockets without a session in this process."""
LONGEST_WAIT = 10.0
"""Seconds that a new one waits for its turn at most; else it is refused."""


class TooMany(Exception):
    """The limit of open websockets is reached."""


class Work(Protocol):
    """An event's task with everything that it started (Reflex's EventFuture)."""

    def done(self) -> bool:
        """Whether the event itself is handled."""
        ...

    def all_done(self) -> bool:
        """Whether everything that it started has ended as well."""
        ...

    def cancel(self) -> bool:
        """End all of it."""
        ...

    def add_done_callback(self, callback: Callable[[object], object], /) -> None:
        """Call `callback` when the event itself is handled."""
        ...


@dataclass(eq=False)
class EventQuota:
    """The quota of events of one person, over all their websockets, or of one websocket without a session.

    `since` is when the last event was counted (time.monotonic).
    """

    limits: Limits
    connections: set["Connection"] = field(default_factory=set)
    _waiting: int = 0
    _characters: int = 0
    _left: float = 0.0
    since: float = field(default_factory=time.monotonic)
    _handled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._left = self.limits.burst

    async def wait_until_allowed(self, characters: int) -> None:
        """Wait until an event of this many characters is within the limits."""
        await asyncio.sleep(self.take())
        while self._waiting and (
            self._waiting >= self.limits.waiting or self._characters + characters > self.limits.characters
        ):
            self._handled.clear()
            await self._handled.wait()

    def take(self, longest: float = float("inf")) -> float:
        """Take one event from the bucket; returns the seconds to wait. Raises TooMany above `longest`."""
        now = time.monotonic()
        gained = (now - self.since) * self.limits.per_second
        self._left, self.since = min(self.limits.burst, self._left + gained), now
        wait = max(0.0, (1 - self._left) / self.limits.per_second)
        if wait > longest:
            raise TooMany
        self._left -= 1
        return wait

    def begin(self, characters: int) -> None:
        """Count an event as waiting for its handler, until `handled`."""
        self._waiting += 1
        self._characters += characters

    def handled(self, characters: int) -> None:
        """Count an event as handled."""
        self._waiting -= 1
        self._characters -= characters
        self._handled.set()


@dataclass(eq=False)
class Connection:
    """One open websocket; `person` is "" without a session, `close` ends it.

    `signed_out` says that its session has ended since.
    """

    person: str
    quota: EventQuota
    close: Callable[[], object]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    tokens: set[str] = field(default_factory=set)
    arriving: int = 0
    signed_out: bool = False
    _works: set[Work] = field(default_factory=set)
    _unsent: int = 0
    _sent: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: bool = False

    def serve(self, token: str) -> None:
        """Record that the tab `token` uses this websocket."""
        self.tokens.add(token)
        _of_tabs[token] = self
        _closed_tabs.pop(token, None)

    async def emit(self) -> None:
        """Wait until fewer than MOST_UNSENT messages to the page are unsent, then count one more.

        A message that the page does not read stays in this process's memory. Background events send only the
        newest state of a project, so a slow page gets fewer messages.
        """
        while self._unsent >= MOST_UNSENT and not self._ended:
            self._sent.clear()
            await self._sent.wait()
        self._unsent += 1

    def sent(self) -> None:
        """Count a message as sent to the page."""
        self._unsent = max(0, self._unsent - 1)
        self._sent.set()

    def carry(self, token: str, work: Work, *, follows: bool) -> None:
        """Record the work of an event of the tab `token`. It is cancelled when this websocket closes."""
        self.serve(token)
        self._works = {each for each in self._works if not each.all_done()} | {work}
        if self._ended:
            work.cancel()
        elif not follows and not work.done():
            quota, characters = self.quota, self.arriving
            quota.begin(characters)
            work.add_done_callback(lambda _: quota.handled(characters))

    def sign_out(self) -> None:
        """Record that its session has ended: from now on it counts as one without a session."""
        if not self.signed_out:
            self.signed_out = True
            self.quota.connections.discard(self)
            self.quota = EventQuota(OF_A_PERSON)
            _let_go(self)

    def end(self) -> None:
        """Cancel everything that its events started."""
        self._ended = True
        self._sent.set()
        for work in self._works:
            work.cancel()
        self._works.clear()


async def wait_to_open(person: str) -> None:
    """Wait until a websocket of this person ("" without a session) may be opened. Raises TooMany."""
    if not person:
        await asyncio.sleep(_opened_by_nobody.take(LONGEST_WAIT))


_opened_by_nobody = EventQuota(OPENED_BY_NOBODY)
_open: dict[str, Connection] = {}
_of_tabs: dict[str, Connection] = {}
"""The newest websocket of each tab, by the tab's token."""
_closed_tabs: dict[str, tuple[str, float]] = {}
"""Closed tabs whose state is kept, by token: person and time of closing (time.monotonic), oldest first."""
_people: dict[str, EventQuota] = {}
_anonymous: dict[Connection, None] = {}
_unknown_tabs: dict[str, None] = {}


@contextmanager
def opened(person: str, close: Callable[[], object]) -> Iterator[Connection]:
    """A block with an open connection of this person ("" without a session). Raises TooMany."""
    quota = _quota_of(person)
    if len(quota.connections) >= MOST_OF_A_PERSON:
        raise TooMany
    connection = Connection(person, quota, close)
    if not person:
        _let_go(connection)
    quota.connections.add(connection)
    _open[connection.id] = connection
    try:
        yield connection
    finally:
        connection.end()
        _anonymous.pop(connection, None)
        connection.quota.connections.discard(connection)
        del _open[connection.id]
        for token in connection.tokens:
            if _of_tabs.get(token) is connection:
                del _of_tabs[token]


def take(headers: Mapping[str, str] | None) -> Connection | None:
    """The open connection that an event's headers name. The header is removed, so that no page gets it."""
    if not isinstance(headers, dict):
        return None
    return _open.get(headers.pop(HEADER, ""))


def in_use(token: str) -> bool:
    """Whether this tab has an open connection."""
    return token in _of_tabs


def of_tab(token: str) -> Connection | None:
    """The open connection of this tab, or None."""
    return _of_tabs.get(token)


def outdated_tabs(connection: Connection) -> list[str]:
    """The tabs whose state can be dropped now that this connection has closed.

    These are all tabs of a connection without a session. The states of a person's most recently closed tabs
    are kept until `expired_tabs` returns them.
    """
    if not connection.person or connection.signed_out:
        return list(connection.tokens)
    for token in connection.tokens:
        _closed_tabs.pop(token, None)
        _closed_tabs[token] = (connection.person, time.monotonic())
    most = KEPT_UNKNOWN_TABS if connection.person == UNKNOWN else KEPT_TABS
    of_person = [token for token, (person, _) in _closed_tabs.items() if person == connection.person]
    outdated = of_person[:-most]
    for token in outdated:
        del _closed_tabs[token]
    return outdated


def expired_tabs() -> list[str]:
    """The tabs that were closed KEPT_SECONDS ago and did not reconnect. Each is returned once.

    The quotas of people who have no websocket, and sent nothing since then, are deleted too.
    """
    ended = time.monotonic() - KEPT_SECONDS
    expired = [token for token, (_, closed_at) in _closed_tabs.items() if closed_at <= ended]
    for token in expired:
        del _closed_tabs[token]
    for person, quota in [*_people.items()]:
        if not quota.connections and quota.since <= ended:
            del _people[person]
    return expired


def next_expiry() -> float | None:
    """Seconds until the next tab expires; None if no closed tab is kept."""
    closed_at = next((closed_at for _, closed_at in _closed_tabs.values()), None)
    return None if closed_at is None else max(0.0, closed_at + KEPT_SECONDS - time.monotonic())


def _let_go(connection: Connection) -> None:
    """Count the connection among those without a session."""
    if len(_anonymous) >= MOST_ANONYMOUS:
        oldest = next(iter(_anonymous))
        # Stop counting it now, although closing it takes a moment.
        del _anonymous[oldest]
        oldest.close()
    _anonymous[connection] = None


def _quota_of(person: str) -> EventQuota:
    if not person:
        return EventQuota(ANONYMOUS)
    new = EventQuota(OF_A_PERSON)
    return new if person == UNKNOWN else _people.setdefault(person, new)
