"""Bytes of messages that are not whole, over real connections of this machine."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from starlette.types import Scope

from scriptwriter.api.middleware import unfinished_messages
from scriptwriter.api.middleware.unfinished_messages import READ_AHEAD, counted
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux counts for us")

LIMIT = 1_000_000


class Line:
    """Both ends of a connection; the server's end reads all that comes."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client = socket.create_connection(listening.getsockname())
            self.server, _ = listening.accept()

    @property
    def scope(self) -> Scope:
        """As the server describes it."""
        (host, port), own = self.client.getsockname(), self.server.getsockname()
        return {"type": "websocket", "client": (host, str(port)), "server": (own[0], str(own[1]))}

    def bring(self, size: int) -> None:
        """So many bytes come, and the server takes them."""
        for _ in range(size // 10_000):
            self.client.sendall(b"x" * 10_000)
            self.server.recv(10_000, socket.MSG_WAITALL)

    def close(self) -> None:
        """Both ends."""
        self.client.close()
        self.server.close()


@pytest.fixture
def line() -> Iterator[Callable[[], Line]]:
    """Opens a connection."""
    with ExitStack() as stack:

        def open_one() -> Line:
            made = Line()
            stack.callback(made.close)
            return made

        yield open_one


async def test_what_comes_without_a_whole_message_has_a_limit(line: Callable[[], Line]) -> None:
    """Of that connection alone, and it is found out without anybody asking."""
    one, other, refused = line(), line(), []
    with (
        counted(one.scope, LIMIT, lambda: refused.append("one")),
        counted(other.scope, LIMIT, lambda: refused.append("other")),
    ):
        for each in (one, other):
            each.bring(LIMIT)
        unfinished_messages.check()
        assert refused == []

        one.bring(READ_AHEAD + 20_000)
        await eventually(lambda: refused == ["one"])
        unfinished_messages.check()
    assert refused == ["one"]


async def test_whole_messages_are_not_counted(line: Callable[[], Line]) -> None:
    """Nor what the server has not taken yet."""
    one, refused = line(), []
    with counted(one.scope, LIMIT, lambda: refused.append("one")) as incoming:
        for _ in range(5):
            one.bring(LIMIT)
            incoming.finished()
        one.client.sendall(b"x" * 100_000)

        assert incoming.unfinished() == 0
        unfinished_messages.check()
    assert refused == []


async def test_connections_on_which_nothing_comes_are_not_checked(line: Callable[[], Line]) -> None:
    """However many are open: a check is planned when something has come, and counts that connection alone."""
    lines, refused = [line() for _ in range(20)], []
    with ExitStack() as stack:
        for number, each in enumerate(lines):
            stack.enter_context(counted(each.scope, LIMIT, lambda number=number: refused.append(number)))
        await eventually(lambda: not unfinished_messages.planned())

        lines[7].bring(LIMIT + READ_AHEAD + 20_000)
        await eventually(lambda: refused == [7])
        await eventually(lambda: not unfinished_messages.planned())


async def test_a_client_that_does_not_read_is_counted_too(line: Callable[[], Line]) -> None:
    """The kernel tells of nothing that comes where the server cannot send, and reads at once."""
    one, refused = line(), []
    with counted(one.scope, LIMIT, lambda: refused.append("one")) as incoming:
        one.server.setblocking(False)
        with incoming.sending(), suppress(BlockingIOError):
            while True:
                one.server.send(b"x" * 100_000)
        one.server.setblocking(True)
        unfinished_messages.check()

        one.bring(LIMIT + READ_AHEAD + 20_000)
        await eventually(lambda: refused == ["one"])


async def test_all_connections_together_have_a_limit_too(
    line: Callable[[], Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest ones go first, and no more of them than it takes."""
    monkeypatch.setattr(unfinished_messages, "MOST_OF_ALL", 1_000_000)
    sizes, refused = (500_000, 300_000, 600_000, 50_000), []
    with ExitStack() as stack:
        for size in sizes:
            one = line()
            stack.enter_context(counted(one.scope, LIMIT, lambda size=size: refused.append(size)))
            one.bring(size)
        unfinished_messages.check()

    assert refused == [600_000]


async def test_a_connection_ends_with_its_websocket(line: Callable[[], Line]) -> None:
    """Nothing keeps it open, and one that is not found is not counted."""
    one = line()
    with counted(one.scope, LIMIT, bool):
        one.server.close()
    assert one.client.recv(1) == b""

    for scope in ({"client": None, "server": None}, {"client": ("127.0.0.1", "1"), "server": ("x", "0")}):
        with counted(scope, LIMIT, bool) as incoming:
            assert incoming.unfinished() == 0
