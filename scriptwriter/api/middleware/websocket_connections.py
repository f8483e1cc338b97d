"""Websockets of pages that are open in this process: whose they are, and how much each person may send.

A person's websockets share one budget of events a second and one of events that are not handled yet; whoever
spends it waits, and nobody else does. An anonymous websocket has small budgets of its own.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

UNKNOWN = "?"
"""The person of a session that the database, which is away, cannot say anything about."""
HEADER = "x-scriptwriter-connection"
"""The header by which an event's connection is found; what a client sends under this name is dropped."""
MOST_OF_A_PERSON = 45
"""Open websockets of one person."""
MOST_ANONYMOUS = 200
"""Open websockets of nobody known, all together; the oldest is closed for the next one."""
MOST_UNSENT = 2
"""Messages to one page that the network has not taken yet; whoever sends it more waits."""
KEPT_TABS, KEPT_UNKNOWN_TABS = 40, 1_000
"""Closed tabs of one person, and of all that are UNKNOWN, whose state is kept for when they come back."""
KEPT_SECONDS = 120.0
"""How long it is kept: a line that was cut is back by then. In a tab a large project takes 10 MB and more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Events at once, and a second in the long run; events, and their characters, not handled yet."""

    burst: int
    per_second: float
    waiting: int
    characters: int


OF_A_PERSON = Limits(burst=1_000, per_second=100.0, waiting=40, characters=4_000_000)
ANONYMOUS = Limits(burst=120, per_second=10.0, waiting=10, characters=32_000)


OPENED_BY_NOBODY = Limits(burst=300, per_second=30.0, waiting=0, characters=0)
"""Anonymous websockets that are opened in this process: each costs what a page costs."""
LONGEST_WAIT = 10.0
"""Seconds that one of them waits for its turn; it is refused if it would have to wait longer."""


class TooMany(Exception):
    """There are as many websockets as there may be, of this person or of nobody known."""


class Work(Protocol):
    """What an event started: itself, and everything that it led to."""

    def done(self) -> bool:
        """Whether the event itself is handled."""
        ...

    def all_done(self) -> bool:
        """Whether what it led to has ended as well."""
        ...

    def cancel(self) -> bool:
        """End all of it."""
        ...

    def add_done_callback(self, callback: Callable[[object], object], /) -> None:
        """Call `callback` when the event itself is handled."""
        ...


@dataclass(eq=False)
class Sender:
    """Who sends events: a person over all their websockets, or one anonymous websocket.

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

    async def admit(self, characters: int) -> None:
        """Wait until an event of this length is within the limits."""
        await asyncio.sleep(self.take())
        while self._waiting and (
            self._waiting >= self.limits.waiting or self._characters + characters > self.limits.characters
        ):
            self._handled.clear()
            await self._handled.wait()

    def take(self, longest: float = float("inf")) -> float:
        """Spend one event: the seconds to wait for it. Raises TooMany where that is longer than `longest`."""
        now = time.monotonic()
        gained = (now - self.since) * self.limits.per_second
        self._left, self.since = min(self.limits.burst, self._left + gained), now
        wait = max(0.0, (1 - self._left) / self.limits.per_second)
        if wait > longest:
            raise TooMany
        self._left -= 1
        return wait

    def begin(self, characters: int) -> None:
        """An event is on its way to its handler."""
        self._waiting += 1
        self._characters += characters

    def handled(self, characters: int) -> None:
        """It has come through."""
        self._waiting -= 1
        self._characters -= characters
        self._handled.set()


@dataclass(eq=False)
class Connection:
    """One open websocket; `person` is "" where nobody is known, `close` ends it from outside.

    `signed_out` says that its session has ended since.
    """

    person: str
    sender: Sender
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
        """Note that the tab `token` is open over this websocket."""
        self.tokens.add(token)
        _of_tabs[token] = self
        _closed_tabs.pop(token, None)

    async def emit(self) -> None:
        """Wait until the page has taken what it was sent before, and count one more message to it.

        A page that takes nothing holds what is sent to it in memory. What follows a project sends the newest
        only, so a page that is slow gets fewer messages.
        """
        while self._unsent >= MOST_UNSENT and not self._ended:
            self._sent.clear()
            await self._sent.wait()
        self._unsent += 1

    def sent(self) -> None:
        """A message is on its way to the page: the network has it."""
        self._unsent = max(0, self._unsent - 1)
        self._sent.set()

    def carry(self, token: str, work: Work, *, follows: bool) -> None:
        """Note what an event for the tab `token` has started: it ends with this websocket."""
        self.serve(token)
        self._works = {each for each in self._works if not each.all_done()} | {work}
        if self._ended:
            work.cancel()
        elif not follows and not work.done():
            sender, characters = self.sender, self.arriving
            sender.begin(characters)
            work.add_done_callback(lambda _: sender.handled(characters))

    def sign_out(self) -> None:
        """Its session has ended: it is no longer of its person, whose limits it would use up."""
        if not self.signed_out:
            self.signed_out = True
            self.sender.connections.discard(self)
            self.sender = Sender(OF_A_PERSON)
            _let_go(self)

    def end(self) -> None:
        """End everything that it started."""
        self._ended = True
        self._sent.set()
        for work in self._works:
            work.cancel()
        self._works.clear()


async def wait_for_turn(person: str) -> None:
    """Wait until the websocket of a person ("" for nobody known) may be opened. Raises TooMany."""
    if not person:
        await asyncio.sleep(_opened_by_nobody.take(LONGEST_WAIT))


_opened_by_nobody = Sender(OPENED_BY_NOBODY)
_open: dict[str, Connection] = {}
_of_tabs: dict[str, Connection] = {}
"""By a tab's token, the websocket over which it is open, or was opened last."""
_closed_tabs: dict[str, tuple[str, float]] = {}
"""Closed tabs that are kept, by their tokens: the person, and when it was closed (time.monotonic), oldest
first."""
_people: dict[str, Sender] = {}
_anonymous: dict[Connection, None] = {}
_unknown_tabs: dict[str, None] = {}


@contextmanager
def opened(person: str, close: Callable[[], object]) -> Iterator[Connection]:
    """A connection of a person ("" for nobody known) for the block. Raises TooMany."""
    sender = _sender_of(person)
    if len(sender.connections) >= MOST_OF_A_PERSON:
        raise TooMany
    connection = Connection(person, sender, close)
    if not person:
        _let_go(connection)
    sender.connections.add(connection)
    _open[connection.id] = connection
    try:
        yield connection
    finally:
        connection.end()
        _anonymous.pop(connection, None)
        connection.sender.connections.discard(connection)
        del _open[connection.id]
        for token in connection.tokens:
            if _of_tabs.get(token) is connection:
                del _of_tabs[token]


def take(headers: Mapping[str, str] | None) -> Connection | None:
    """The open connection that an event's headers name, which no page is told: it is taken out of them."""
    if not isinstance(headers, dict):
        return None
    return _open.get(headers.pop(HEADER, ""))


def in_use(token: str) -> bool:
    """Whether an open connection is of this tab."""
    return token in _of_tabs


def of_tab(token: str) -> Connection | None:
    """The open connection of this tab."""
    return _of_tabs.get(token)


def outdated_tabs(connection: Connection) -> list[str]:
    """The tabs whose state nobody needs, now that this connection is closed: all of an anonymous one.

    Of a person those are kept that were closed last, until `expired_tabs` gives them.
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
    """The tabs that were closed KEPT_SECONDS ago and did not come back; each is given once.

    Whoever has no websocket, and sent nothing since then, is forgotten with them.
    """
    ended = time.monotonic() - KEPT_SECONDS
    expired = [token for token, (_, closed_at) in _closed_tabs.items() if closed_at <= ended]
    for token in expired:
        del _closed_tabs[token]
    for person, sender in [*_people.items()]:
        if not sender.connections and sender.since <= ended:
            del _people[person]
    return expired


def next_expiry() -> float | None:
    """Seconds until `expired_tabs` gives another one; None where no closed tab is kept."""
    closed_at = next((closed_at for _, closed_at in _closed_tabs.values()), None)
    return None if closed_at is None else max(0.0, closed_at + KEPT_SECONDS - time.monotonic())


def _let_go(connection: Connection) -> None:
    """Count it among those of nobody known."""
    if len(_anonymous) >= MOST_ANONYMOUS:
        oldest = next(iter(_anonymous))
        # It is counted no longer, though it takes a moment until it is closed.
        del _anonymous[oldest]
        oldest.close()
    _anonymous[connection] = None


def _sender_of(person: str) -> Sender:
    if not person:
        return Sender(ANONYMOUS)
    return Sender(OF_A_PERSON) if person == UNKNOWN else _people.setdefault(person, Sender(OF_A_PERSON))
