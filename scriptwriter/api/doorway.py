"""Owns what every request to the API passes first and last: a limit on its body, and calm when we fail.

It looks at paths under /api/ only; the pages beside them have a doorway of their own.
"""

from collections.abc import Sequence

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scriptwriter.api.language import language_of
from scriptwriter.api.problems import told
from scriptwriter.errors import UserError
from scriptwriter.transfer import MOST_BYTES

BODY_LIMIT = 256 * 1024
"""Bytes; the longest brief takes 240,000, written in escapes."""
FILE_LIMIT = MOST_BYTES + 64 * 1024
"""Bytes of a project's file that is taken in, with what a form wraps around it."""
_FILES = ("/api/projects/import", "/api/projects/import-file")
PATIENCE = 4 * 1024 * 1024
"""Bytes of a body beyond the limit that are thrown away as they come: a sender who is cut off while sending
does not hear why."""
_INSIDE = "/api/"

_log = structlog.get_logger(__name__)


class Doorway:
    """ASGI middleware: reads a body before anybody else does, chunked ones too, and keeps no long one.

    What is said to one person is for no cache, unless a route says otherwise.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it; see the class."""
        if scope["type"] != "http" or not scope["path"].startswith(_INSIDE):
            await self.app(scope, receive, send)
            return
        limit = FILE_LIMIT if scope["path"] in _FILES else BODY_LIMIT
        body = await _read(receive, limit)
        if body is None:
            await _answer(UserError("body_too_large", limit=limit // 1024), scope, receive, send)
            return
        began = False

        async def send_privately(message: Message) -> None:
            nonlocal began
            began = True
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("cache-control", "private, no-store")
            await send(message)

        try:
            await self.app(scope, _again(body, receive), send_privately)
        except Exception:
            _log.exception("request_failed", method=scope["method"], path=scope["path"])
            # An answer that has begun is left without its end: the server then cuts the connection.
            if not began:
                await _answer(UserError("unexpected"), scope, receive, send)


async def _read(receive: Receive, limit: int) -> Sequence[Message] | None:
    """The messages of the whole body, or of as much as came before its sender left; None beyond the limit."""
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size <= limit:
            messages.append(message)
        more = message.get("more_body", False)
        if not more or size > max(limit, PATIENCE):
            return messages if size <= limit else None


def _again(messages: Sequence[Message], receive: Receive) -> Receive:
    """As `receive` was before the messages were taken from it."""
    left = iter(messages)

    async def receive_again() -> Message:
        return next(left, None) or await receive()

    return receive_again


async def _answer(error: UserError, scope: Scope, receive: Receive, send: Send) -> None:
    await told(error, language_of(Request(scope)))(scope, receive, send)
