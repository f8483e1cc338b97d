"""Limits size and duration of request bodies under /api/, and answers errors that no route handled."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scriptwriter.api.auth.caller import credential_of
from scriptwriter.api.auth.request_language import language_of
from scriptwriter.api.concurrent_requests import limited
from scriptwriter.api.error_responses import error_response
from scriptwriter.domain.errors import UserError
from scriptwriter.services.transfer.file_format import MOST_BYTES
from scriptwriter.store import fair_share
from scriptwriter.store.database import DATABASE_AWAY

BODY_LIMIT = 256 * 1024
"""Bytes; the longest brief takes 240,000, written in escapes."""
FILE_LIMIT = MOST_BYTES
"""Bytes of a project file for import."""
_FILES = ("/api/projects/import",)
MOST_DROPPED = 4 * 1024 * 1024
"""Bytes that are read and dropped after a body was refused: a client that is cut off while it sends does not
read the error."""
ANONYMOUS_LIMIT = 16 * 1024
"""Bytes of a body that are kept before its sender is known. A sign-in form is far shorter."""
ANONYMOUS_READING = 15.0
"""Seconds within which that much of a body, or the whole of a shorter one, must arrive: each sender occupies
one of the connections that the process serves."""
LONGEST_READING = 300.0
"""Seconds within which a longer body must arrive."""
LONGEST_DRAINING = 30.0
"""Seconds for which the rest of a refused body is read and dropped."""
FILES_OF_A_PERSON, FILES_IN_ALL = 2, 10
"""Imports at the same time: of one person, and in this process."""
UNDISTURBED = 15.0
"""Seconds that a file may arrive before another import can take its place, if all places are taken."""
_INSIDE = "/api/"

_files: Counter[str] = Counter()
_arriving: dict[asyncio.Timeout, float] = {}
"""The deadlines of the files that are being read, with the time at which each began, the oldest first."""
_log = structlog.get_logger(__name__)


class BodyLimit:
    """ASGI middleware: reads the whole request body, chunked or not, before the route runs.

    Without a valid credential a body may have ANONYMOUS_LIMIT bytes, with one BODY_LIMIT. An imported file
    may have FILE_LIMIT, and is read only with a valid credential. Responses get `cache-control: private,
    no-store` unless the route sets another value.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; see the class."""
        if scope["type"] != "http" or not scope["path"].startswith(_INSIDE):
            await self.app(scope, receive, send)
            return
        fair_share.charge(fair_share.STRANGERS)
        body = _Body(receive)
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(LONGEST_READING) as deadline:
                    await _read(body, scope, held, deadline)
            except TimeoutError:
                await _answer(UserError("body_too_slow"), scope, receive, send)
                return
            except UserError as error:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LONGEST_DRAINING):
                        await body.drain()
                await _answer(error, scope, receive, send)
                return
            await self._pass_on(body.messages, scope, receive, send)

    async def _pass_on(self, body: Sequence[Message], scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def send_privately(message: Message) -> None:
            nonlocal began
            began = True
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("cache-control", "private, no-store")
            await send(message)

        try:
            await self.app(scope, _again(body, receive), send_privately)
        except ClientDisconnect:
            _log.info("client_left", method=scope["method"], path=scope["path"])
        except Exception:
            _log.exception("request_failed", method=scope["method"], path=scope["path"])
            # A response that has begun stays incomplete: the server then cuts the connection.
            if not began:
                await _answer(UserError("unexpected"), scope, receive, send)


async def _read(body: "_Body", scope: Scope, held: AsyncExitStack, deadline: asyncio.Timeout) -> None:
    """Read the whole body within the limit of its sender. `held` counts an import until the request ends.

    Raises UserError: `body_too_large`, and for files `busy_with_yours`, `too_busy`, and as Credential.person.
    """
    if scope["path"] in _FILES:
        place = limited(
            _files,
            await _sender(scope),
            of_a_person=FILES_OF_A_PERSON,
            in_all=FILES_IN_ALL,
            make_room=_end_the_slowest,
        )
        held.enter_context(place)
        limit = FILE_LIMIT
        _arriving[deadline] = asyncio.get_running_loop().time()
        held.callback(_arriving.pop, deadline, None)
    else:
        limit = ANONYMOUS_LIMIT
        async with asyncio.timeout(ANONYMOUS_READING):
            if await body.read(limit):
                return
        with suppress(UserError):
            await _sender(scope)
            limit = BODY_LIMIT
    complete = await body.read(limit)
    _arriving.pop(deadline, None)
    if not complete:
        raise UserError("body_too_large", limit=limit // 1024)


async def _sender(scope: Scope) -> str:
    """The id of the person who sends it. Raises UserError: as Credential.person, and `service_away`."""
    try:
        return (await credential_of(Request(scope)).person()).id
    except DATABASE_AWAY as error:
        raise UserError("service_away") from error


def _end_the_slowest() -> bool:
    """End the file that has been arriving longest, if for UNDISTURBED seconds; whether there was one."""
    now = asyncio.get_running_loop().time()
    deadline, began = next(iter(_arriving.items()), (None, now))
    if deadline is None or now - began < UNDISTURBED:
        return False
    del _arriving[deadline]
    deadline.reschedule(now)
    return True


class _Body:
    """The body of a request, as far as it has been read."""

    def __init__(self, receive: Receive) -> None:
        self.messages: list[Message] = []
        self._receive = receive
        self._size = 0
        self._ended = False

    async def read(self, limit: int) -> bool:
        """Read to the end of the body, or until the client disconnects. False if it exceeds `limit` bytes."""
        while not self._ended and self._size <= limit:
            self.messages.append(await self._next())
        return self._size <= limit

    async def drain(self) -> None:
        """Drop the part of the body that was read, and read and drop the rest, up to MOST_DROPPED in all."""
        self.messages.clear()
        while not self._ended and self._size <= MOST_DROPPED:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        return message


def _again(messages: Sequence[Message], receive: Receive) -> Receive:
    """A `receive` that returns `messages` first, then those of `receive`."""
    left = iter(messages)

    async def receive_again() -> Message:
        return next(left, None) or await receive()

    return receive_again


async def _answer(error: UserError, scope: Scope, receive: Receive, send: Send) -> None:
    await error_response(error, language_of(Request(scope)))(scope, receive, send)
