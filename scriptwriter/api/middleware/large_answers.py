"""Sends a large response in pieces, as fast as its client reads, and limits how many are sent concurrently.

The server would keep a response that it gets whole in memory until a slow client has read all of it.
"""

import asyncio
from collections import Counter
from contextlib import ExitStack

import structlog
from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scriptwriter.api.auth.request_language import language_of
from scriptwriter.api.concurrent_requests import limited
from scriptwriter.api.error_responses import error_response
from scriptwriter.domain.errors import UserError
from scriptwriter.store import fair_share

LARGE = 256 * 1024
"""Bytes of a body from which it is sent in pieces."""
PIECE = 64 * 1024
"""Bytes of a piece. The server takes the next one when the network has taken those before."""
LONGEST_SENDING = 300.0
"""Seconds after which the connection of a client that has not read everything is closed."""
OF_A_PERSON, IN_ALL = 4, 20
"""Large responses that are sent at the same time: to one person, and in this process."""

_sending: Counter[str] = Counter()
_log = structlog.get_logger(__name__)


class LargeAnswers:
    """ASGI middleware: a response with a larger `content-length` than LARGE is sent in pieces.

    Beyond OF_A_PERSON the response is the error `busy_with_yours`, beyond IN_ALL `too_busy`. Streams, which
    have no `content-length`, pass unchanged.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; see the class."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        large = ended = False

        async def send_in_pieces(message: Message) -> None:
            nonlocal large, ended
            if ended:
                return
            if message["type"] == "http.response.start":
                length = Headers(raw=message.get("headers", [])).get("content-length", "")
                large = length.isdecimal() and int(length) > LARGE
                try:
                    if large:
                        place = limited(
                            _sending, fair_share.charged(), of_a_person=OF_A_PERSON, in_all=IN_ALL
                        )
                        held.enter_context(place)
                except UserError as error:
                    ended = True
                    await error_response(error, language_of(Request(scope)))(scope, receive, send)
                    return
            if not large or message["type"] != "http.response.body":
                await send(message)
                return
            try:
                async with asyncio.timeout(LONGEST_SENDING):
                    await _send_pieces(message, send)
            except TimeoutError:
                # The response stays incomplete, so the server closes the connection.
                ended = True
                _log.info("client_reads_too_slowly", path=scope["path"])

        with ExitStack() as held:
            await self.app(scope, receive, send_in_pieces)


async def _send_pieces(message: Message, send: Send) -> None:
    body = memoryview(message.get("body", b""))
    for start in range(0, len(body), PIECE):
        piece = bytes(body[start : start + PIECE])
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({**message, "body": b""})
