"""An HTTP proxy in front of a shape server that forwards answers, or fails as the test sets it.

async with ShapeProxy(server_url) as proxy:
    proxy.answers = lambda request: REFUSED   # None forwards the request
    proxy.cut()
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A request as it was received; `query` is decoded."""

    target: str
    query: Mapping[str, str]

    @property
    def table(self) -> str:
        """The table of the requested shape."""
        return self.query.get("table", "")

    @property
    def is_first(self) -> bool:
        """Whether the request asks for a snapshot."""
        return self.query.get("offset") == "-1"

    @property
    def is_live(self) -> bool:
        """Whether the request waits for changes."""
        return "live" in self.query

    @property
    def is_cacheable(self) -> bool:
        """Whether a cache whose key is the whole query may hold the answer."""
        return not self.is_live and "cache-buster" not in self.query

    @property
    def address(self) -> frozenset[tuple[str, str]]:
        """The key of a cache that ignores `cache-buster`."""
        return frozenset(pair for pair in self.query.items() if pair[0] != "cache-buster")


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A complete response; underscores in the names of `headers` stand for hyphens."""
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class ShapeProxy:
    """The proxy; an async context manager.

    `answers` may answer in place of the server. `delay` is the number of seconds before each answer. While
    `open` is clear, every request waits. `cache` keeps the first answer to each request that is not live.
    """

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        assert parts.hostname and parts.port
        self._server = (parts.hostname, parts.port)
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut_in_the_middle = False
        self.answers: Callable[[Request], bytes | None] = lambda request: None
        self.delay = 0.0
        self.open = asyncio.Event()
        self.open.set()
        self.requests: list[Request] = []
        self.cache: dict[frozenset[tuple[str, str]], bytes] = {}
        self.url = ""

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut every connection at once."""
        for writer in self._connections:
            writer.transport.abort()

    def cut_in_the_middle(self) -> None:
        """Forward half of the next piece that the server sends, then cut that connection."""
        self._cut_in_the_middle = True

    @property
    def has_cut(self) -> bool:
        """Whether that connection has been cut."""
        return not self._cut_in_the_middle

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                # A client that disconnects ends the answer, so that the shape server sees it, too.
                answering = asyncio.create_task(self._answer(head, writer))
                leaving = asyncio.create_task(reader.read())
                try:
                    await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    answering.cancel()
                    leaving.cancel()
                    await asyncio.gather(answering, leaving, return_exceptions=True)
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        target = head.split(b" ", 2)[1].decode()
        request = Request(target, dict(parse_qsl(urlsplit(target).query)))
        self.requests.append(request)
        await self.open.wait()
        await asyncio.sleep(self.delay)
        instead = self.answers(request)
        if instead is not None:
            writer.write(instead)
            await writer.drain()
            return
        await self._pass_on(request, head, writer)

    async def _pass_on(self, request: Request, head: bytes, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*self._server)
        try:
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            to_server.write(b"\r\n".join([lines[0], b"connection: close", *lines[1:]]))
            whole = b""
            while piece := await from_server.read(65536):
                if self._cut_in_the_middle:
                    self._cut_in_the_middle = False
                    writer.write(piece[: len(piece) // 2])
                    await writer.drain()
                    return
                writer.write(piece)
                await writer.drain()
                whole += b"" if request.is_live else piece
            if whole.startswith(b"HTTP/1.1 200"):
                self.cache.setdefault(request.address, whole)
        finally:
            to_server.close()
