"""Limits the bytes of a websocket message that have arrived before the message is complete.

The server (Granian) keeps up to 64 MB of a message before the application sees any of it, and has no setting
for that. Linux counts the bytes that arrived over a connection (tcp(7), TCP_INFO): those since the last
complete message are what the server keeps. Other systems have no such count, so nothing is limited there.

A connection is counted again only after something arrived, which the kernel reports (epoll(7),
edge-triggered): a connection on which nothing arrives costs nothing. The kernel does not report an arrival
that was read meanwhile, unless the socket is writable. So a connection that is not writable is counted at
every check. A socket becomes unwritable only by a send (`Incoming.sending`).
"""

import asyncio
import fcntl
import os
import select
import socket
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from starlette.types import Scope

READ_AHEAD = 128 * 1024
"""Bytes that the server may have read beyond the last message that it has passed to the application."""
MOST_OF_ALL = 64 * 1024 * 1024
"""Bytes of all unfinished messages in this process. Above it, the largest are refused."""
CHECKED_EVERY = 0.05
"""Seconds between two checks. All bytes that arrive in between stay in memory."""
_RECEIVED = struct.Struct("@128xQ")
"""tcpi_bytes_received in `struct tcp_info` of linux/tcp.h."""
_UNREAD = struct.Struct("@i")


@dataclass(eq=False)
class Incoming:
    """The counter of one connection's bytes.

    `limit` is in bytes. `counted` says whether the connection is among those that are checked, `refused`
    whether `refuse` was called, which happens once.
    """

    limit: int
    refuse: Callable[[], object]
    refused: bool = False
    counted: bool = False
    _socket: socket.socket | None = None
    _whole: int = 0
    _sends: int = 0

    def finished(self) -> None:
        """Note that a complete message has been passed to the application."""
        self._whole = self._taken()
        _checks.unfinished.pop(self, None)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """A block in which something is sent over this connection."""
        self._sends += 1
        try:
            yield
        finally:
            self._sends -= 1
            _checks.check_soon(self)

    def unfinished(self) -> int:
        """Bytes that the server has read since the last complete message.

        Up to READ_AHEAD of them may belong to later messages that are complete as well.
        """
        return 0 if self.refused else self._taken() - self._whole

    def may_arrive_unseen(self) -> bool:
        """Whether the next check has to count this connection even if the kernel reports no arrival."""
        if self._socket is None or self.refused:
            return False
        return bool(self._sends) or self._unread() > 0 or not self._writable()

    def stop(self) -> None:
        """Refuse the unfinished message."""
        self.refused = True
        self.refuse()

    def cut(self) -> None:
        """Shut the connection down immediately, even if the server still has data to send over it."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _taken(self) -> int:
        if self._socket is None:
            return 0
        try:
            told = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED.size)
            return _RECEIVED.unpack(told)[0] - self._unread()
        except (OSError, struct.error):
            return self._whole

    def _unread(self) -> int:
        assert self._socket is not None
        try:
            return _UNREAD.unpack(fcntl.ioctl(self._socket, termios.FIONREAD, bytes(_UNREAD.size)))[0]
        except OSError:
            return 0

    def _writable(self) -> bool:
        assert self._socket is not None
        asked = select.poll()
        asked.register(self._socket, select.POLLOUT)
        return bool(asked.poll(0))


@dataclass(eq=False)
class _Checks:
    """The connections whose bytes are counted: `open`, by the file descriptors that this module made.

    `due` are those that the next check counts even if the kernel reports no arrival. `unfinished` has the
    bytes of each unfinished message at its last count.
    """

    open: dict[int, Incoming] = field(default_factory=dict)
    due: set[Incoming] = field(default_factory=set)
    unfinished: dict[Incoming, int] = field(default_factory=dict)
    _arrivals: "select.epoll | None" = None
    _loop: asyncio.AbstractEventLoop | None = None
    _timer: asyncio.TimerHandle | None = None

    def add(self, incoming: Incoming, connection: socket.socket) -> None:
        """Start counting the bytes of `connection`."""
        if self._arrivals is None:
            self._loop, self._arrivals = asyncio.get_running_loop(), select.epoll()
            self._loop.add_reader(self._arrivals, self._arrived)
        self.open[connection.fileno()], incoming.counted = incoming, True
        # EPOLLOUT as well, for the reason in the docstring of the module.
        self._arrivals.register(connection, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        self.check_soon(incoming)

    def remove(self, incoming: Incoming, connection: socket.socket) -> None:
        """Stop counting the bytes of `connection`."""
        assert self._arrivals is not None and self._loop is not None
        # Closing this descriptor would not unregister it, because the server's keeps the socket open.
        self._arrivals.unregister(connection)
        del self.open[connection.fileno()]
        incoming.counted = False
        self.due.discard(incoming)
        self.unfinished.pop(incoming, None)
        if not self.open:
            self._loop.remove_reader(self._arrivals)
            self._arrivals.close()
            if self._timer is not None:
                self._timer.cancel()
            self._arrivals = self._loop = self._timer = None

    def check_soon(self, incoming: Incoming) -> None:
        """Count a connection at the next check, CHECKED_EVERY seconds from now at the latest."""
        if incoming.counted:
            self.due.add(incoming)
            self._schedule()

    def check(self) -> None:
        """Count the connections on which something arrived, and refuse those that exceed a limit."""
        if self._arrivals is None:
            return
        arrived = self._arrivals.poll(0, max(1, len(self.open)))
        counted = self.due.union(self.open[number] for number, _ in arrived if number in self.open)
        self.due = {each for each in counted if each.may_arrive_unseen()}
        for each in counted:
            if size := each.unfinished():
                self.unfinished[each] = size
            else:
                self.unfinished.pop(each, None)
        self._refuse()

    def planned(self) -> bool:
        """Whether a check is to come without anything that has to come before."""
        return self._timer is not None

    def _refuse(self) -> None:
        together = sum(self.unfinished.values())
        for each, size in sorted(self.unfinished.items(), key=lambda item: -item[1]):
            if size <= each.limit and together <= MOST_OF_ALL:
                break
            del self.unfinished[each]
            each.stop()
            together -= size

    def _arrived(self) -> None:
        """Something came: the next check counts it, together with all that comes until then."""
        assert self._loop is not None and self._arrivals is not None
        self._loop.remove_reader(self._arrivals)
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None and self._loop is not None:
            self._timer = self._loop.call_later(CHECKED_EVERY, self._checked)

    def _checked(self) -> None:
        assert self._loop is not None and self._arrivals is not None
        self._timer = None
        self.check()
        self._loop.add_reader(self._arrivals, self._arrived)
        if self.due:
            self._schedule()


_checks = _Checks()
check = _checks.check
planned = _checks.planned


@contextmanager
def counted(scope: Scope, limit: int, refuse: Callable[[], object]) -> Iterator[Incoming]:
    """Within the block, limit the bytes of unfinished messages on the websocket of this ASGI `scope`.

    Yields its counter. Calls `refuse` once: when an unfinished message exceeds `limit` bytes, or when all
    connections together exceed MOST_OF_ALL and this is one of the largest.
    """
    found = _socket_of(scope)
    incoming = Incoming(limit + READ_AHEAD, refuse, _socket=found)
    if found is None:
        yield incoming
        return
    with found:
        incoming.finished()
        _checks.add(incoming, found)
        try:
            yield incoming
        finally:
            _checks.remove(incoming, found)


def _socket_of(scope: Scope) -> socket.socket | None:
    """A duplicate of the server's socket for this client, found by the addresses; None if there is none."""
    client, server = scope.get("client"), scope.get("server")
    if sys.platform != "linux" or not client or not server:
        return None
    peer, own = _end(client), _end(server)
    for each in os.listdir("/proc/self/fd"):
        if int(each) in _checks.open:
            continue
        with suppress(OSError):
            # Compare addresses before duplicating a descriptor: the process may have many.
            looked_at = socket.socket(socket.AF_INET, socket.SOCK_STREAM, fileno=int(each))
            try:
                address = looked_at.getpeername()
                right = address[1:2] == peer[1:] and _end(address) == peer
            finally:
                looked_at.detach()
            if right:
                found = socket.socket(fileno=os.dup(int(each)))
                # Compare again: another thread may have closed the first one, and its number may be reused.
                if (_end(found.getpeername()), _end(found.getsockname())[1]) == (peer, own[1]):
                    return found
                found.close()
    return None


def _end(address: Any) -> tuple[str, int]:
    """The address and port of one end of a connection; ("", 0) if it has none."""
    match address:
        case (str(host), port, *_):
            with suppress(ValueError):
                known = ip_address(host)
                return str(getattr(known, "ipv4_mapped", None) or known), int(port)
    return "", 0
