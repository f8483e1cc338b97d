"""How much the websockets of one person, and of nobody known, may send and hold."""

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
    Sender,
    TooMany,
    expired_tabs,
    opened,
    outdated_tabs,
)
from scriptwriter.web.connected_events import pace
from tests.support.waiting import eventually


class Handled:
    """An event on its way to its handler; `finish` is that it has come through."""

    def __init__(self) -> None:
        self._callbacks: list[Any] = []
        self._over = False
        self.cancelled = False

    def done(self) -> bool:
        """As a future."""
        return self._over

    def all_done(self) -> bool:
        """Nothing follows from it."""
        return self._over

    def cancel(self) -> bool:
        """As a future."""
        self.cancelled = True
        self.finish()
        return True

    def add_done_callback(self, callback: Any, /) -> None:
        """As a future."""
        self._callbacks.append(callback)

    def finish(self) -> None:
        """It is handled."""
        self._over = True
        for each in self._callbacks:
            each(self)


def test_what_an_event_started_ends_with_its_connection() -> None:
    """And what arrives after the end does not begin."""
    early, late = Handled(), Handled()
    with opened("writer", bool) as connection:
        connection.carry("tab", early, follows=True)
        assert not early.cancelled
    connection.carry("tab", late, follows=False)

    assert early.cancelled and late.cancelled


async def test_a_person_waits_while_too_much_of_theirs_is_unhandled() -> None:
    """Over all their websockets together; somebody else does not wait."""
    with opened("writer", bool) as one, opened("writer", bool) as two, opened("other", bool) as other:
        works = [Handled() for _ in range(OF_A_PERSON.waiting)]
        for number, work in enumerate(works):
            (one, two)[number % 2].carry("tab", work, follows=False)
        waiting = asyncio.ensure_future(two.sender.admit(1))
        await other.sender.admit(1)
        assert not waiting.done()

        works[0].finish()
        await asyncio.wait_for(waiting, 5)


async def test_long_events_wait_for_each_other() -> None:
    """The characters that a person has on their way are limited too; one event alone may always come."""
    sender = Sender(ANONYMOUS)
    await sender.admit(10 * ANONYMOUS.characters)
    sender.begin(ANONYMOUS.characters)

    waiting = asyncio.ensure_future(sender.admit(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    sender.handled(ANONYMOUS.characters)
    await asyncio.wait_for(waiting, 5)


def test_a_person_has_only_so_many_websockets() -> None:
    """Somebody else can open one all the same."""
    with ExitStack() as stack:
        for _ in range(MOST_OF_A_PERSON):
            stack.enter_context(opened("writer", bool))
        with pytest.raises(TooMany):
            stack.enter_context(opened("writer", bool))
        stack.enter_context(opened("other", bool))
    with opened("writer", bool):
        pass


def test_the_oldest_anonymous_websocket_is_closed_for_the_next() -> None:
    """A flood of them keeps nobody from the sign-in page."""
    closed: list[int] = []
    with ExitStack() as stack:
        for number in range(MOST_ANONYMOUS + 1):
            stack.enter_context(opened("", lambda number=number: closed.append(number)))

    assert closed == [0]


def test_a_session_that_has_ended_uses_up_nothing_of_its_person() -> None:
    """Whoever stole it keeps nobody out; the oldest of its websockets is closed for the next stranger."""
    closed: list[int] = []
    with ExitStack() as stack:
        stolen = [
            stack.enter_context(opened("writer", lambda number=number: closed.append(number)))
            for number in range(MOST_OF_A_PERSON)
        ]
        for each in stolen:
            each.carry("tab", Handled(), follows=False)
            each.sign_out()
        stack.enter_context(opened("writer", bool))
        for _ in range(MOST_ANONYMOUS - MOST_OF_A_PERSON + 1):
            stack.enter_context(opened("", bool))

        assert closed == [0]
        assert outdated_tabs(stolen[1]) == ["tab"]


def test_the_tabs_that_a_person_closed_last_are_kept() -> None:
    """Of an anonymous one none is."""
    with opened("", bool) as connection:
        connection.carry("tab", Handled(), follows=False)
    assert outdated_tabs(connection) == ["tab"]

    gone: list[str] = []
    for number in range(KEPT_TABS + 2):
        with opened("closes many", bool) as connection:
            connection.carry(f"tab {number}", Handled(), follows=False)
        gone += outdated_tabs(connection)
    assert gone == ["tab 0", "tab 1"]


def test_who_left_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their tabs and their budgets: a process does not grow with everybody who ever came."""
    with opened("left", bool) as connection, opened("stays", bool):
        connection.carry("a tab of theirs", Handled(), follows=False)
        budget = connection.sender
    outdated_tabs(connection)
    assert "a tab of theirs" not in expired_tabs()

    monkeypatch.setattr(websocket_connections, "KEPT_SECONDS", 0.0)
    with opened("stays", bool) as other:
        assert "a tab of theirs" in expired_tabs()
        assert expired_tabs() == []
        with opened("left", bool) as again, opened("stays", bool) as one_more:
            assert again.sender is not budget
            assert one_more.sender is other.sender


async def test_a_page_that_reads_nothing_is_sent_two_messages() -> None:
    """Whoever sends it more waits, until it has read or is gone."""
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


async def test_a_page_that_does_not_take_a_message_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it does not take that it is closed."""
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


def test_websockets_of_nobody_known_open_one_after_another() -> None:
    """A storm of them has to wait, and is refused where it would wait for long."""
    sender = Sender(websocket_connections.OPENED_BY_NOBODY)
    waits = [sender.take() for _ in range(websocket_connections.OPENED_BY_NOBODY.burst + 60)]

    assert waits[0] == 0
    assert 1 < waits[-1] < 3
    with pytest.raises(TooMany):
        for _ in range(1_000):
            sender.take(websocket_connections.LONGEST_WAIT)


class Page:
    """The other side of a websocket."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        """The next message; after the last one nothing comes."""
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop(0)

    async def send(self, message: Message) -> None:
        """What the application sends."""
        self.sent.append(message)


@pytest.fixture
async def anonymous() -> AsyncIterator[Connection]:
    """A connection of nobody known."""
    async with AsyncExitStack() as stack:
        yield stack.enter_context(opened("", bool))


def _socket(page: Page, connection: Connection) -> PageSocket:
    return PageSocket(page.receive, page.send, lambda event, known: event, connection)


async def test_nobody_known_may_leave_no_message_unfinished(
    anonymous: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server holds its beginning in memory, so such a websocket is closed."""
    monkeypatch.setattr(page_websocket, "ANONYMOUS_SILENCE", 0.05)
    page = Page()

    message = await asyncio.wait_for(_socket(page, anonymous).receive(), 10)

    assert message["type"] == "websocket.disconnect"
    assert page.sent[0]["code"] == 1008


@pytest.mark.parametrize("known", [True, False])
async def test_nobody_known_sends_short_messages_only(anonymous: Connection, known: bool) -> None:
    """What a person may send is longer."""
    text = '42/_event,["event",{"name":"x","payload":{"a":"' + "😀" * ANONYMOUS_MESSAGE_LIMIT + '"}}]'
    page = Page({"type": "websocket.receive", "text": text})
    with opened("writer", bool) as person:
        message = await _socket(page, person if known else anonymous).receive()

    assert message["type"] == ("websocket.receive" if known else "websocket.disconnect")


def test_a_connection_is_found_once_by_the_headers_of_its_events() -> None:
    """And no page is told its name."""
    with opened("writer", bool) as connection:
        headers = {websocket_connections.HEADER: connection.id, "host": "x"}

        assert websocket_connections.take(headers) is connection
        assert headers == {"host": "x"}
    assert websocket_connections.take({websocket_connections.HEADER: connection.id}) is None
