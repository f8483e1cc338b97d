"""Limits on what the websockets of one person, and of anonymous clients, may send and use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message

from scriptwriter.api.middleware import page_websocket, websocket_connections
from scriptwriter.api.middleware.page_websocket import ANONYMOUS_MESSAGE_LIMIT, EVENT, PageSocket
from scriptwriter.api.middleware.websocket_connections import (
    ANONYMOUS,
    KEPT_TABS,
    MOST_ANONYMOUS,
    MOST_OF_A_PERSON,
    MOST_UNSENT,
    OF_A_PERSON,
    Connection,
    EventQuota,
    TooMany,
    expired_tabs,
    opened,
    outdated_tabs,
)
from scriptwriter.web.connected_events import pace
from tests.support.waiting import eventually


class PendingEvent:
    """An event that is being handled; `finish` ends it."""

    def __init__(self) -> None:
        self._callbacks: list[Any] = []
        self._over = False
        self.cancelled = False

    def done(self) -> bool:
        """As for a future."""
        return self._over

    def all_done(self) -> bool:
        """Whether no event that it caused is pending."""
        return self._over

    def cancel(self) -> bool:
        """As for a future."""
        self.cancelled = True
        self.finish()
        return True

    def add_done_callback(self, callback: Any, /) -> None:
        """As for a future."""
        self._callbacks.append(callback)

    def finish(self) -> None:
        """End the handling of the event."""
        self._over = True
        for each in self._callbacks:
            each(self)


def test_what_an_event_started_ends_with_its_connection() -> None:
    """An event that arrives after the end is cancelled as well."""
    early, late = PendingEvent(), PendingEvent()
    with opened("writer", bool) as connection:
        connection.carry("tab", early, follows=True)
        assert not early.cancelled
    connection.carry("tab", late, follows=False)

    assert early.cancelled and late.cancelled


async def test_a_person_with_too_many_pending_events_waits() -> None:
    """Counted over all of their websockets; another person does not wait."""
    with opened("writer", bool) as one, opened("writer", bool) as two, opened("other", bool) as other:
        events = [PendingEvent() for _ in range(OF_A_PERSON.waiting)]
        for number, event in enumerate(events):
            (one, two)[number % 2].carry("tab", event, follows=False)
        waiting = asyncio.ensure_future(two.quota.wait_until_allowed(1))
        await other.quota.wait_until_allowed(1)
        assert not waiting.done()

        events[0].finish()
        await asyncio.wait_for(waiting, 5)


async def test_long_events_wait_for_each_other() -> None:
    """The characters of a person's pending events are limited, too; a single event is always admitted."""
    quota = EventQuota(ANONYMOUS)
    await quota.wait_until_allowed(10 * ANONYMOUS.characters)
    quota.begin(ANONYMOUS.characters)

    waiting = asyncio.ensure_future(quota.wait_until_allowed(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    quota.handled(ANONYMOUS.characters)
    await asyncio.wait_for(waiting, 5)


def test_the_websockets_of_a_person_are_limited() -> None:
    """Another person can still open one."""
    with ExitStack() as stack:
        for _ in range(MOST_OF_A_PERSON):
            stack.enter_context(opened("writer", bool))
        with pytest.raises(TooMany):
            stack.enter_context(opened("writer", bool))
        stack.enter_context(opened("other", bool))
    with opened("writer", bool):
        pass


def test_the_oldest_anonymous_websocket_is_closed_for_the_next() -> None:
    """A flood of anonymous websockets does not block the sign-in page."""
    closed: list[int] = []
    with ExitStack() as stack:
        for number in range(MOST_ANONYMOUS + 1):
            stack.enter_context(opened("", lambda number=number: closed.append(number)))

    assert closed == [0]


def test_websockets_of_an_ended_session_count_as_anonymous() -> None:
    """A stolen session that was ended does not use up the limit of its person."""
    closed: list[int] = []
    with ExitStack() as stack:
        stolen = [
            stack.enter_context(opened("writer", lambda number=number: closed.append(number)))
            for number in range(MOST_OF_A_PERSON)
        ]
        for each in stolen:
            each.carry("tab", PendingEvent(), follows=False)
            each.sign_out()
        stack.enter_context(opened("writer", bool))
        for _ in range(MOST_ANONYMOUS - MOST_OF_A_PERSON + 1):
            stack.enter_context(opened("", bool))

        assert closed == [0]
        assert outdated_tabs(stolen[1]) == ["tab"]


def test_the_tabs_that_a_person_closed_last_are_kept() -> None:
    """No tab of an anonymous client is kept."""
    with opened("", bool) as connection:
        connection.carry("tab", PendingEvent(), follows=False)
    assert outdated_tabs(connection) == ["tab"]

    gone: list[str] = []
    for number in range(KEPT_TABS + 2):
        with opened("closes many", bool) as connection:
            connection.carry(f"tab {number}", PendingEvent(), follows=False)
        gone += outdated_tabs(connection)
    assert gone == ["tab 0", "tab 1"]


def test_tabs_and_budgets_of_people_who_left_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a process does not grow with every person who was ever connected."""
    with opened("left", bool) as connection, opened("stays", bool):
        connection.carry("a tab of theirs", PendingEvent(), follows=False)
        budget = connection.quota
    outdated_tabs(connection)
    assert "a tab of theirs" not in expired_tabs()

    monkeypatch.setattr(websocket_connections, "KEPT_SECONDS", 0.0)
    with opened("stays", bool) as other:
        assert "a tab of theirs" in expired_tabs()
        assert expired_tabs() == []
        with opened("left", bool) as again, opened("stays", bool) as one_more:
            assert again.quota is not budget
            assert one_more.quota is other.quota


async def test_a_page_that_reads_nothing_has_two_unread_messages_at_most() -> None:
    """Further messages wait until it reads or disconnects."""
    with opened("writer", bool) as connection:
        connection.serve("tab")
        sent: list[int] = []
        pages: Any = SimpleNamespace(emit_update=lambda update, token: _noted(sent, update))
        pace(pages)
        emitting = [
            asyncio.ensure_future(pages.emit_update(number, "tab")) for number in range(MOST_UNSENT + 2)
        ]
        await eventually(lambda: len(sent) == MOST_UNSENT)
        await pages.emit_update(100, "another tab")
        assert sent == [*range(MOST_UNSENT), 100]

        connection.sent()
        await eventually(lambda: len(sent) == MOST_UNSENT + 2)
    await asyncio.gather(*emitting)


async def _noted(sent: list[int], number: int) -> None:
    sent.append(number)


async def test_a_page_that_does_not_read_in_time_is_disconnected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even when it does not read the close message either."""
    monkeypatch.setattr(page_websocket, "UNREAD_SECONDS", 0.01)
    monkeypatch.setattr(page_websocket, "CLOSE_SECONDS", 0.01)

    async def never(_: Message) -> None:
        await asyncio.Event().wait()

    with opened("writer", bool) as person:
        page = Page()
        socket = PageSocket(page.receive, never, lambda event, known: event, person)
        await socket.send({"type": "websocket.send", "text": EVENT + ",{}]"})
        message = await asyncio.wait_for(socket.receive(), 10)
    assert message["type"] == "websocket.disconnect"


def test_anonymous_websockets_are_opened_at_a_limited_rate() -> None:
    """A burst of them waits, and is refused where the wait would be long."""
    quota = EventQuota(websocket_connections.OPENED_BY_NOBODY)
    waits = [quota.take() for _ in range(websocket_connections.OPENED_BY_NOBODY.burst + 60)]

    assert waits[0] == 0
    assert 1 < waits[-1] < 3
    with pytest.raises(TooMany):
        for _ in range(1_000):
            quota.take(websocket_connections.LONGEST_WAIT)


class Page:
    """The client's side of a websocket."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        """The next message of the page; after the last one, wait for ever."""
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop(0)

    async def send(self, message: Message) -> None:
        """Record what the application sends."""
        self.sent.append(message)


@pytest.fixture
async def anonymous() -> AsyncIterator[Connection]:
    """A connection of an anonymous client."""
    async with AsyncExitStack() as stack:
        yield stack.enter_context(opened("", bool))


def _socket(page: Page, connection: Connection) -> PageSocket:
    return PageSocket(page.receive, page.send, lambda event, known: event, connection)


async def test_an_anonymous_client_may_not_leave_a_message_unfinished(
    anonymous: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server holds the beginning in memory, so it closes such a websocket."""
    monkeypatch.setattr(page_websocket, "ANONYMOUS_SILENCE", 0.05)
    page = Page()

    message = await asyncio.wait_for(_socket(page, anonymous).receive(), 10)

    assert message["type"] == "websocket.disconnect"
    assert page.sent[0]["code"] == 1008


@pytest.mark.parametrize("known", [True, False])
async def test_messages_of_anonymous_clients_must_be_short(anonymous: Connection, known: bool) -> None:
    """A signed-in person may send longer ones."""
    text = '42/_event,["event",{"name":"x","payload":{"a":"' + "😀" * ANONYMOUS_MESSAGE_LIMIT + '"}}]'
    page = Page({"type": "websocket.receive", "text": text})
    with opened("writer", bool) as person:
        message = await _socket(page, person if known else anonymous).receive()

    assert message["type"] == ("websocket.receive" if known else "websocket.disconnect")


def test_the_header_of_an_event_identifies_its_connection_once() -> None:
    """The header is removed, so that no page sees it."""
    with opened("writer", bool) as connection:
        headers = {websocket_connections.HEADER: connection.id, "host": "x"}

        assert websocket_connections.take(headers) is connection
        assert headers == {"host": "x"}
    assert websocket_connections.take({websocket_connections.HEADER: connection.id}) is None
