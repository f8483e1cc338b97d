"""How many bytes of a websocket message have come before it is whole, as the kernel counts them.

The server (Granian) keeps up to 64 MB of a message before the application sees anything of it, and has no
setting for that. Linux counts the bytes that came over a connection (tcp(7), TCP_INFO): those since the last
whole message are what the server keeps. On other systems nothing is counted here.
"""

import asyncio
import fcntl
import os
import socket
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from starlette.types import Scope

READ_AHEAD = 128 * 1024
"""Bytes that the server may have read beyond the message that it has handed on."""
MOST_OF_ALL = 64 * 1024 * 1024
"""Bytes of unfinished messages of all connections in this process; beyond, the largest are refused."""
CHECKED_EVERY = 0.05
"""Seconds: what comes in between is kept, as fast as the network is."""
_RECEIVED = struct.Struct("@128xQ")
"""tcpi_bytes_received in `struct tcp_info` of linux/tcp.h."""
_UNREAD = struct.Struct("@i")


@dataclass(eq=False)
class Incoming:
    """One connection; `refused` is whether too much has come, which `refuse` was called for once."""

    limit: int
    refuse: Callable[[], object]
    refused: bool = False
    _socket: socket.socket | None = None
    _whole: int = 0

    def finished(self) -> None:
        """A whole message has been handed on."""
        self._whole = self._taken()

    def unfinished(self) -> int:
        """Bytes that the server has taken since; up to READ_AHEAD of them may be whole messages."""
        return 0 if self.refused else self._taken() - self._whole

    def stop(self) -> None:
        """Refuse what has come."""
        self.refused = True
        self.refuse()

    def _taken(self) -> int:
        if self._socket is None:
            return 0
        try:
            told = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED.size)
            unread = fcntl.ioctl(self._socket, termios.FIONREAD, bytes(_UNREAD.size))
            return _RECEIVED.unpack(told)[0] - _UNREAD.unpack(unread)[0]
        except (OSError, struct.error):
            return self._whole


_open: dict[Incoming, None] = {}
_timer: asyncio.TimerHandle | None = None


@contextmanager
def counted(scope: Scope, limit: int, refuse: Callable[[], object]) -> Iterator[Incoming]:
    """Count what comes over the connection of the websocket `scope` for the block.

    `refuse` is called once, where an unfinished message has more than `limit` bytes, or where those of all
    connections have more than MOST_OF_ALL and this one is among the largest.
    """
    with _socket_of(scope) or nullcontext() as found:
        incoming = Incoming(limit + READ_AHEAD, refuse, _socket=found)
        incoming.finished()
        _open[incoming] = None
        _check_on_time()
        try:
            yield incoming
        finally:
            del _open[incoming]
            _check_on_time()


def check() -> None:
    """Refuse the connections over which too much has come."""
    sizes = {each: each.unfinished() for each in _open}
    together = sum(sizes.values())
    for each, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if size <= each.limit and together <= MOST_OF_ALL:
            break
        each.stop()
        together -= size


def _check_on_time() -> None:
    """Check in CHECKED_EVERY seconds, as long as there is a connection."""
    global _timer
    if _open and _timer is None:
        _timer = asyncio.get_running_loop().call_later(CHECKED_EVERY, _checked)
    elif not _open and _timer is not None:
        _timer.cancel()
        _timer = None


def _checked() -> None:
    global _timer
    _timer = None
    check()
    _check_on_time()


def _socket_of(scope: Scope) -> socket.socket | None:
    """A second handle of the connection that the server has with this client; None where it is not found."""
    client, server = scope.get("client"), scope.get("server")
    if sys.platform != "linux" or not client or not server:
        return None
    peer, own = _end(client), _end(server)
    for each in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            # Looked at before it is duplicated: there may be many.
            looked_at = socket.socket(socket.AF_INET, socket.SOCK_STREAM, fileno=int(each))
            try:
                right = _end(looked_at.getpeername()) == peer
            finally:
                looked_at.detach()
            if right:
                found = socket.socket(fileno=os.dup(int(each)))
                # Another thread may have closed the first one meanwhile.
                if (_end(found.getpeername()), _end(found.getsockname())[1]) == (peer, own[1]):
                    return found
                found.close()
    return None


def _end(address: Any) -> tuple[str, int]:
    """One end of a connection; ("", 0) for what has no address and port."""
    match address:
        case (str(host), port, *_):
            with suppress(ValueError):
                known = ip_address(host)
                return str(getattr(known, "ipv4_mapped", None) or known), int(port)
    return "", 0
