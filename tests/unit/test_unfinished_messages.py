"""Bytes of incomplete websocket messages, counted on real connections of this machine."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from starlette.types import Scope

from scriptwriter.api.middleware import unfinished_messages
from scriptwriter.api.middleware.unfinished_messages import READ_AHEAD, counted
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux has TCP_INFO")

LIMIT = 1_000_000


class Connection:
    """Both ends of a TCP connection; the server's end reads everything."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client = socket.create_connection(listening.getsockname())
            self.server, _ = listening.accept()

    @property
    def scope(self) -> Scope:
        """The ASGI scope of the connection."""
        (host, port), own = self.client.getsockname(), self.server.getsockname()
        return {"type": "websocket", "client": (host, str(port)), "server": (own[0], str(own[1]))}

    def transfer(self, size: int) -> None:
        """Send `size` bytes from the client, and read them at the server."""
        for _ in range(size // 10_000):
            self.client.sendall(b"x" * 10_000)
            self.server.recv(10_000, socket.MSG_WAITALL)

    def close(self) -> None:
        """Close both ends."""
        self.client.close()
        self.server.close()


@pytest.fixture
def connect() -> Iterator[Callable[[], Connection]]:
    """A function that opens a connection."""
    with ExitStack() as stack:

        def open_one() -> Connection:
            made = Connection()
            stack.callback(made.close)
            return made

        yield open_one


async def test_an_incomplete_message_is_limited_per_connection(connect: Callable[[], Connection]) -> None:
    """The limit is enforced without anybody asking for a check."""
    one, other, refused = connect(), connect(), []
    with (
        counted(one.scope, LIMIT, lambda: refused.append("one")),
        counted(other.scope, LIMIT, lambda: refused.append("other")),
    ):
        for each in (one, other):
            each.transfer(LIMIT)
        unfinished_messages.check()
        assert refused == []

        one.transfer(READ_AHEAD + 20_000)
        await eventually(lambda: refused == ["one"])
        unfinished_messages.check()
    assert refused == ["one"]


async def test_complete_messages_are_not_counted(connect: Callable[[], Connection]) -> None:
    """Nor are bytes that the server has not read yet."""
    one, refused = connect(), []
    with counted(one.scope, LIMIT, lambda: refused.append("one")) as incoming:
        for _ in range(5):
            one.transfer(LIMIT)
            incoming.finished()
        one.client.sendall(b"x" * 100_000)

        assert incoming.unfinished() == 0
        unfinished_messages.check()
    assert refused == []


async def test_idle_connections_are_not_checked(connect: Callable[[], Connection]) -> None:
    """A check is planned when bytes arrive, and counts only that connection."""
    connections, refused = [connect() for _ in range(20)], []
    with ExitStack() as stack:
        for number, each in enumerate(connections):
            stack.enter_context(counted(each.scope, LIMIT, lambda number=number: refused.append(number)))
        await eventually(lambda: not unfinished_messages.planned())

        connections[7].transfer(LIMIT + READ_AHEAD + 20_000)
        await eventually(lambda: refused == [7])
        await eventually(lambda: not unfinished_messages.planned())


async def test_the_bytes_of_a_client_that_does_not_read_are_counted(
    connect: Callable[[], Connection],
) -> None:
    """A server that cannot send gets no event for incoming bytes, which it reads at once."""
    one, refused = connect(), []
    with counted(one.scope, LIMIT, lambda: refused.append("one")) as incoming:
        one.server.setblocking(False)
        with incoming.sending(), suppress(BlockingIOError):
            while True:
                one.server.send(b"x" * 100_000)
        one.server.setblocking(True)
        unfinished_messages.check()

        one.transfer(LIMIT + READ_AHEAD + 20_000)
        await eventually(lambda: refused == ["one"])


async def test_all_connections_together_are_limited(
    connect: Callable[[], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest ones are closed first, and only as many as necessary."""
    monkeypatch.setattr(unfinished_messages, "MOST_OF_ALL", 1_000_000)
    sizes, refused = (500_000, 300_000, 600_000, 50_000), []
    with ExitStack() as stack:
        for size in sizes:
            one = connect()
            stack.enter_context(counted(one.scope, LIMIT, lambda size=size: refused.append(size)))
            one.transfer(size)
        unfinished_messages.check()

    assert refused == [600_000]


async def test_a_connection_ends_with_its_websocket(connect: Callable[[], Connection]) -> None:
    """Counting does not keep it open. A connection that is not found is not counted."""
    one = connect()
    with counted(one.scope, LIMIT, bool):
        one.server.close()
    assert one.client.recv(1) == b""

    for scope in ({"client": None, "server": None}, {"client": ("127.0.0.1", "1"), "server": ("x", "0")}):
        with counted(scope, LIMIT, bool) as incoming:
            assert incoming.unfinished() == 0
