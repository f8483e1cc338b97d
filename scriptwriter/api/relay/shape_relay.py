"""Owns how an answer of Electric is passed on to one person, piece by piece, while they may read it.

It knows neither tables nor parameters. Electric's secret is in what it asks, and in nothing that it tells.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import httpx
import structlog
from fastapi import Response
from starlette.types import Receive, Scope, Send

from scriptwriter.api.middleware.shutdown import noticed
from scriptwriter.api.relay.access_watch import Standing
from scriptwriter.api.relay.open_requests import seat
from scriptwriter.domain.errors import UserError
from scriptwriter.electric import connection, protocol

CONFIRM_SECONDS = 1.0
"""How long an open request lives on without a look at whether its person may still read."""

PASSED_ON = frozenset({200, 204, 304, 400, 409, 429, 503})
"""What a client of Electric knows how to take; anything else is a matter between Electric and us."""
EXPOSED = ", ".join(
    [
        protocol.CURSOR_HEADER,
        protocol.HANDLE_HEADER,
        protocol.HAS_DATA_HEADER,
        protocol.OFFSET_HEADER,
        protocol.SCHEMA_HEADER,
        protocol.UP_TO_DATE_HEADER,
        protocol.RETRY_AFTER_HEADER,
    ]
)
_OURS = {
    # A shape's address is the same for everybody, so no cache may answer for us: not one on the way, and a
    # browser's own only after we have said that the person may still read.
    "cache-control": "private, no-cache",
    "vary": "Accept-Encoding, Authorization, Cookie",
    "access-control-expose-headers": EXPOSED,
    # nginx gathers pieces unless it is told not to.
    "x-accel-buffering": "no",
}
_HEADERS = ("content-type", "etag", protocol.RETRY_AFTER_HEADER)
_OF_THE_BODY = ("content-encoding", "content-length")
_ASKED_WITH = ("accept", "accept-encoding", "if-none-match")

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class Relay(Response):
    """The answer to one request for a shape: asked of Electric at `url`, and passed on as it comes.

    `headers` are those of the request; `person` is the id of whoever sent it.
    """

    def __init__(
        self, url: httpx.URL, secret: str | None, headers: Mapping[str, str], standing: Standing, person: str
    ) -> None:
        super().__init__()
        self._person = person
        self._url = url if secret is None else url.copy_set_param(protocol.SECRET, secret)
        self._secret = secret
        asked_with = {name: headers[name] for name in _ASKED_WITH if name in headers}
        self._asked_with = {"accept-encoding": "identity"} | asked_with
        self._standing = standing
        connection.keep_secrets_out_of_the_log()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Before anything was sent it raises UserError: as Standing.confirm, and `sync_away`."""
        gone = asyncio.ensure_future(_left(receive))
        try:
            with suppress(_Gone), seat(self._person), noticed() as stopping:
                self._ends = gone, stopping
                async with connection.shape_client() as client:
                    await self._relay(client, send)
        finally:
            gone.cancel()

    async def _relay(self, client: httpx.AsyncClient, send: Send) -> None:
        request = client.build_request("GET", self._url, headers=self._asked_with, timeout=self._patience)
        try:
            answer = await self._meanwhile(client.send(request, stream=True))
        except httpx.HTTPError as error:
            raise _away(type(error).__name__) from None
        try:
            if answer.status_code not in PASSED_ON:
                raise _away(f"status {answer.status_code}")
            if answer.status_code >= 400:
                await self._pass_on_refusal(answer, send)
            else:
                await self._pass_on(answer, send)
        finally:
            await answer.aclose()

    @property
    def _patience(self) -> httpx.Timeout:
        """What to wait for Electric, by what is asked of it."""
        if self._url.params.get(protocol.LIVE) != protocol.TRUE:
            return connection.SNAPSHOT_TIMEOUT
        if protocol.LIVE_SSE in self._url.params or protocol.EXPERIMENTAL_LIVE_SSE in self._url.params:
            return connection.STREAM_TIMEOUT
        return connection.LONG_POLL_TIMEOUT

    async def _pass_on_refusal(self, answer: httpx.Response, send: Send) -> None:
        try:
            # It may repeat our address, and the secret with it.
            body = connection.without(self._secret, await self._meanwhile(answer.aread()))
        except httpx.HTTPError as error:
            raise _away(type(error).__name__) from None
        await _start(send, answer, _HEADERS, length=len(body))
        await send({"type": "http.response.body", "body": body})

    async def _pass_on(self, answer: httpx.Response, send: Send) -> None:
        await _start(send, answer, (*_HEADERS, *_OF_THE_BODY))
        streams = answer.headers.get("content-type", "").startswith(protocol.EVENT_STREAM)
        pieces = answer.aiter_raw()
        try:
            while piece := await self._meanwhile(_next(pieces), 0.0 if streams else CONFIRM_SECONDS):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except (UserError, httpx.HTTPError) as error:
            _log.info("shape_ended_early", cause=getattr(error, "code", type(error).__name__))
            if not streams:
                return  # without its end, so that nobody takes half a list for a whole one
        await send({"type": "http.response.body", "body": b""})

    async def _meanwhile(self, work: Awaitable[_T], within: float = 0.0) -> _T:
        """What `work` gives, once it is known that the person may read it (Standing.confirm).

        Ends the work when the client has left (_Gone), and by a UserError when the person may not read any
        more or this process stops.
        """
        gone, stopping = self._ends
        doing = asyncio.ensure_future(work)
        try:
            while not doing.done():
                ends = {doing, gone, stopping}
                await asyncio.wait(ends, timeout=CONFIRM_SECONDS, return_when="FIRST_COMPLETED")
                if gone.done():
                    raise _Gone
                if stopping.done():
                    raise UserError("sync_away", seconds=1)
                if not doing.done():
                    await self._standing.confirm(CONFIRM_SECONDS)
            await self._standing.confirm(within)
            return doing.result()
        finally:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)


class _Gone(Exception):
    """The client has left."""


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    """The next piece that is not empty; b"" after the last."""
    async for piece in pieces:
        if piece:
            return piece
    return b""


async def _start(send: Send, answer: httpx.Response, names: Sequence[str], length: int | None = None) -> None:
    passed = [(name.lower(), value) for name, value in answer.headers.raw]
    headers = [pair for pair in passed if _named(pair[0], names)]
    headers += [(name.encode(), value.encode()) for name, value in _OURS.items()]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})


def _named(name: bytes, names: Sequence[str]) -> bool:
    return name.decode("latin-1") in names or name.startswith(protocol.HEADER_PREFIX.encode())


def _away(cause: str) -> UserError:
    _log.warning("electric_away", cause=cause)
    return UserError("sync_away")
