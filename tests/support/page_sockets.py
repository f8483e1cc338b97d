"""The websocket of a page without the page: it speaks Reflex's protocol, correctly or not."""

import asyncio
import json
import re
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from simple_websocket import AioClient, ConnectionClosed, ConnectionError

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.web.kit.language_state import LanguageState

LIMIT = 20.0
BOOT = "reflex___state____state.hydrate_and_load"
_LANGUAGE = "language_rx_state_"
_SURROGATE = re.compile("[\ud800-\udfff]")
PLACE = "/projects/[project_id]/brainstorm"


class Refused(Exception):
    """The server did not open the websocket."""


def named(state: Any, handler: str) -> str:
    """The name under which a page calls a handler."""
    return f"{state.get_full_name()}.{handler}"


class PageSocket:
    """An open websocket.

    `frames` is everything that it received, `closed` the reason code once it is closed.
    """

    def __init__(self, socket: AioClient) -> None:
        self._socket = socket
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self.frames: list[str] = []
        self.closed: int | None = None

    async def boot(self, place: dict[str, Any] | None = None) -> None:
        """Send the event with which a page asks for the state of its tab, and wait for that state."""
        event = {"name": BOOT, "router_data": place or _place("/", {})}
        await self.say(f"40/_event,{json.dumps({'event': event})}")
        await self.until(lambda: any(_LANGUAGE in frame for frame in self.frames))

    async def send(self, name: str, payload: Any = None, place: Any = None) -> None:
        """Send an event with this name and payload, unchecked."""
        event = {"name": name, "payload": payload or {}, "router_data": place or _place("/", {})}
        # As a browser's JSON: of all characters outside ASCII, only lone surrogates are escaped.
        text = json.dumps(["event", event], ensure_ascii=False)
        await self.say("42/_event," + _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))

    async def say(self, text: str | bytes) -> None:
        """Send any text; do nothing when the websocket is closed."""
        with suppress(ConnectionClosed):
            await self._socket.send(text)

    async def settle(self) -> None:
        """Wait until the server has handled everything that was sent, or has closed this websocket.

        It handles the events of a tab in order, so the answer to one more event shows it.
        """
        before = len(self.frames)
        await self.send(named(LanguageState, "switch_language"))
        await self.until(lambda: any(_LANGUAGE in frame for frame in self.frames[before:]))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds or this websocket is closed."""
        async with asyncio.timeout(LIMIT):
            while not condition() and self.closed is None:
                self._changed.clear()
                await self._changed.wait()

    async def gets_frame_after(self, action: Awaitable[object]) -> None:
        """Await `action`, then wait for another frame."""
        before = len(self.frames)
        await action
        await self.until(lambda: len(self.frames) > before)

    @property
    def heard(self) -> str:
        """Everything that was received, as text."""
        return "\n".join(plain(frame) for frame in self.frames)

    async def close(self) -> None:
        """Close the websocket."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        with suppress(ConnectionClosed):
            await self._socket.close()

    async def _read(self) -> None:
        try:
            while True:
                frame = await self._socket.receive()
                if frame == "2":
                    await self._socket.send("3")
                else:
                    self.frames.append(str(frame))
                self._changed.set()
        except ConnectionClosed as error:
            self.closed = error.reason
        finally:
            self._changed.set()


def project_place(project_id: Any) -> dict[str, Any]:
    """The router data of a project's page; `project_id` may be any value."""
    return _place(PLACE.replace("[project_id]", str(project_id)[:200]), {"project_id": project_id})


def _place(path: str, query: dict[str, Any]) -> dict[str, Any]:
    return {"pathname": path, "asPath": path, "query": query}


def plain(frame: str) -> str:
    """A frame with its JSON escapes decoded, so that words can be found in it."""
    head, bracket, body = frame.partition("[")
    try:
        return head + json.dumps(json.loads(bracket + body), ensure_ascii=False)
    except ValueError:
        return frame


@asynccontextmanager
async def page_socket(
    url: str, cookie: str = "", *, token: str | None = None, origin: str | None = "", **headers: str
) -> AsyncIterator[PageSocket]:
    """A websocket to the web process at `url` with the session `cookie`, or with none for "".

    `token` is the tab's, or a new one by default. `origin` "" sends the right origin, and None sends none.
    Raises Refused.
    """
    address = url.replace("http", "ws", 1) + f"/_event/?EIO=4&transport=websocket&token={token or uuid4()}"
    sent = dict(headers)
    if cookie:
        sent["Cookie"] = f"{COOKIE}={cookie}"
    if origin is not None:
        sent["Origin"] = origin or url
    try:
        socket = await AioClient.connect(address, headers=sent)
    except (ConnectionError, ConnectionClosed) as error:
        raise Refused from error
    opened = PageSocket(socket)
    try:
        yield opened
    finally:
        await opened.close()


async def send_endless_message(url: str, cookie: str, pieces: int) -> int:
    """Open a websocket, and send a message of `pieces` frames of a million bytes without its last frame.

    Returns how many frames were sent before the server closed the websocket.
    """
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection("127.0.0.1", parts.port)
    head = (
        f"GET /_event/?EIO=4&transport=websocket&token={uuid4()} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Origin: {url}\r\nCookie: {COOKIE}={cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    piece = b"x" * 1_000_000
    try:
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer:
            raise Refused
        for number in range(pieces):
            # A text frame or a continuation frame (RFC 6455, 5.2), not marked as the last one, masked with
            # zeros.
            writer.write(struct.pack("!BBQ4x", 0 if number else 1, 0x80 | 127, len(piece)) + piece)
            try:
                await writer.drain()
            except OSError:
                return number
        with suppress(OSError):
            await reader.read()
        return pieces
    finally:
        writer.transport.abort()
