"""Relays a response of Electric to one person as it arrives, for as long as they may read the project.

Electric's secret is only in the request to Electric, never in the relayed response.
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
from scriptwriter.api.relay.access_watch import ReadAccess
from scriptwriter.api.relay.open_requests import open_request
from scriptwriter.domain.errors import UserError
from scriptwriter.electric import connection, protocol

CONFIRM_SECONDS = 1.0
"""How long an open request goes on after a query has confirmed that its person may read.

An event stream waits no longer than that for the next query. A query of its own precedes every answer."""

PASSED_ON = frozenset({200, 204, 304, 400, 409, 429, 503})
"""The statuses that a client of Electric handles. Any other is a fault between this server and Electric."""
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
    # A shape's address is the same for every person. No shared cache may answer, and a browser's own cache
    # only after this server has confirmed that the person may still read.
    "cache-control": "private, no-cache",
    "vary": "Accept-Encoding, Authorization, Cookie",
    "access-control-expose-headers": EXPOSED,
    # Without this header, nginx buffers the response.
    "x-accel-buffering": "no",
}
_HEADERS = ("content-type", "etag", protocol.RETRY_AFTER_HEADER)
_OF_THE_BODY = ("content-encoding", "content-length")
_ASKED_WITH = ("accept", "accept-encoding", "if-none-match")

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class Relay(Response):
    """The response to one request for a shape: Electric's response from `url`, relayed as it arrives.

    `headers` are those of the request. `access` is the right to read, `person` the id of the sender.
    """

    def __init__(
        self, url: httpx.URL, secret: str | None, headers: Mapping[str, str], access: ReadAccess, person: str
    ) -> None:
        super().__init__()
        self._person = person
        self._url = url if secret is None else url.copy_set_param(protocol.SECRET, secret)
        self._secret = secret
        asked_with = {name: headers[name] for name in _ASKED_WITH if name in headers}
        self._asked_with = {"accept-encoding": "identity"} | asked_with
        self._access = access
        self._confirmed_within: float | None = None
        connection.keep_secrets_out_of_the_log()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises UserError before anything was sent: as ReadAccess.confirm does, and `sync_away`."""
        gone = asyncio.ensure_future(_left(receive))
        try:
            with suppress(_Gone), open_request(self._person), noticed() as stopping:
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
        """How long to wait for Electric, by the kind of request."""
        if self._url.params.get(protocol.LIVE) != protocol.TRUE:
            return connection.SNAPSHOT_TIMEOUT
        if protocol.LIVE_SSE in self._url.params or protocol.EXPERIMENTAL_LIVE_SSE in self._url.params:
            return connection.STREAM_TIMEOUT
        return connection.LONG_POLL_TIMEOUT

    async def _pass_on_refusal(self, answer: httpx.Response, send: Send) -> None:
        try:
            # An error page may repeat the URL, and the secret in it.
            body = connection.without(self._secret, await self._meanwhile(answer.aread()))
        except httpx.HTTPError as error:
            raise _away(type(error).__name__) from None
        await _start(send, answer, _HEADERS, length=len(body))
        await send({"type": "http.response.body", "body": body})

    async def _pass_on(self, answer: httpx.Response, send: Send) -> None:
        await _start(send, answer, (*_HEADERS, *_OF_THE_BODY))
        streams = answer.headers.get("content-type", "").startswith(protocol.EVENT_STREAM)
        self._confirmed_within = CONFIRM_SECONDS if streams else None
        pieces = answer.aiter_raw()
        try:
            while piece := await self._meanwhile(_next(pieces), CONFIRM_SECONDS):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except (UserError, httpx.HTTPError) as error:
            _log.info("shape_ended_early", cause=getattr(error, "code", type(error).__name__))
            if not streams:
                return  # without the end of the body: the client must not take half a list for a whole one
        await send({"type": "http.response.body", "body": b""})

    async def _meanwhile(self, work: Awaitable[_T], within: float = 0.0) -> _T:
        """The result of `work`, once it is confirmed that the person may read (`within`: ReadAccess.confirm).

        Cancels the work and raises _Gone when the client has left, or UserError when the person may not read
        any more, when no query confirms it in time, or when this process stops.
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
                    await self._confirm(CONFIRM_SECONDS)
            await self._confirm(within)
            return doing.result()
        finally:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)

    async def _confirm(self, within: float) -> None:
        try:
            async with asyncio.timeout(self._confirmed_within):
                await self._access.confirm(within)
        except TimeoutError:
            raise UserError("service_away") from None


class _Gone(Exception):
    """The client has left."""


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    """The next piece that is not empty, or b"" after the last one."""
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
