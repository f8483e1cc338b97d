"""The outermost middleware.

It limits request line and headers, checks the origin, closes paths, admits websockets, and adds the security
headers to every response.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scriptwriter.api.auth.request_language import language_of
from scriptwriter.api.auth.session_cookie import token_in, without_escapes
from scriptwriter.api.error_responses import error_response
from scriptwriter.api.middleware import page_websocket, security_headers, websocket_connections
from scriptwriter.api.middleware.origins import allowed, is_plain
from scriptwriter.api.middleware.page_websocket import Admit, PageSocket
from scriptwriter.domain.errors import UserError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SOCKET = "/_event"
HEAD_LIMIT = 32 * 1024
"""Bytes of all request headers together."""
ADDRESS_LIMIT = 8 * 1024
"""Bytes of the path and the query."""


class RequestGuard:
    """ASGI middleware around the whole application.

    `admit` decides on each event of a page, `forget` drops the state of closed tabs by their tokens, `closed`
    are paths that answer 404 with everything below them, and `scripts` are the hashes of the inline scripts
    that the content policy allows.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        admit: Admit,
        forget: Callable[[list[str]], Awaitable[None]],
        closed: Collection[str] = (),
        scripts: Collection[str] = (),
    ) -> None:
        self._app = app
        self._admit = admit
        self._forget = forget
        self._closed = tuple(closed)
        self._policy = security_headers.page_policy(scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            await self._http(_with_plain_cookies(scope), receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(_with_plain_cookies(scope), receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)

        async def send_complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                answer = MutableHeaders(scope=message)
                security_headers.complete(answer, message["status"], headers, scope["path"], self._policy)
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is None and not is_plain(scope.get("raw_path") or quote(scope["path"]).encode()):
            not_found = error_response(UserError("not_found"), language_of(Request(scope)))
            await not_found(scope, receive, send_complete)
        elif refusal is None:
            await self._app(scope, receive, send_complete)
        else:
            status, why = refusal
            await JSONResponse({"detail": why}, status)(scope, receive, send_complete)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        if not _is_short(scope):
            return 414, "This address is too long."
        if not _is_light(scope):
            return 431, "The headers of this request are too large."
        path = scope["path"].rstrip("/")
        if path == SOCKET or any(path == each or path.startswith(f"{each}/") for each in self._closed):
            return 404, "Not Found"
        if scope["method"] not in SAFE and not _may_act(headers):
            return 403, "This origin is not allowed."
        return None

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        right = scope["path"].rstrip("/") == SOCKET and _is_short(scope) and _is_light(scope)
        if not right or not page_websocket.may_open(scope):
            await page_websocket.refuse(receive, send)
            return
        try:
            person = await page_websocket.person_of(scope)
            await websocket_connections.wait_to_open(person)
            dismissed = asyncio.Event()
            with (
                websocket_connections.opened(person, dismissed.set) as connection,
                page_websocket.counted(scope, connection, dismissed.set) as incoming,
                page_websocket.watched(scope, connection),
            ):
                socket = PageSocket(
                    receive, send, self._admit, connection, dismissed=dismissed, incoming=incoming
                )
                await self._app(page_websocket.as_own(scope, connection), socket.receive, socket.send)
        except (UserError, websocket_connections.TooMany):
            await page_websocket.refuse(receive, send)
            return
        await self._forget(websocket_connections.outdated_tabs(connection))


def _with_plain_cookies(scope: Scope) -> Scope:
    """The request without cookies that are slow to parse, before FastAPI or anything else parses them."""
    headers = MutableHeaders(raw=list(scope["headers"]))
    cookies = headers.getlist("cookie")
    if not any("\\" in cookie for cookie in cookies):
        return scope
    headers["cookie"] = without_escapes(";".join(cookies))
    return {**scope, "headers": headers.raw}


def _may_act(headers: Headers) -> bool:
    """Whether a request with an unsafe method comes from this site or from a program (no CSRF).

    Browsers send Origin with every form (Fetch, 3.1). A program sends none; it has no session cookie, or it
    sends an Authorization header, which a form cannot.
    """
    origin = headers.get("origin")
    if origin is not None:
        return allowed(origin)
    return "authorization" in headers or not token_in(headers.get("cookie", ""))


def _is_short(scope: Scope) -> bool:
    path = scope.get("raw_path") or scope["path"].encode()
    return len(path) + len(scope.get("query_string", b"")) <= ADDRESS_LIMIT


def _is_light(scope: Scope) -> bool:
    return sum(len(name) + len(value) for name, value in scope["headers"]) <= HEAD_LIMIT
