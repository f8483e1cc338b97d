"""Renews the session cookie on each page load.

In development another server sends the pages, so the cookie keeps the lifetime that it got at sign-in.
"""

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scriptwriter.api.auth.session_cookie import set_session, token_in
from scriptwriter.services.accounts import sessions

_log = structlog.get_logger(__name__)


class SessionRenewal:
    """ASGI middleware: a page for a signed-in person sets the session cookie again."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; see the class."""
        token = await _token(scope)
        if not token:
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "text/html").startswith("text/html"):
                    cookie = Response()
                    set_session(cookie, token)
                    headers.append("set-cookie", cookie.headers["set-cookie"])
                    # No shared cache may keep a response that sets a person's cookie.
                    headers["cache-control"] = "private, no-cache"
            await send(message)

        await self.app(scope, receive, send_with_cookie)


async def _token(scope: Scope) -> str:
    """The token of a valid session if the request asks for a page; else ""."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith("/api/"):
        return ""
    headers = Headers(scope=scope)
    token = token_in(headers.get("cookie", ""))
    if not token or "text/html" not in headers.get("accept", ""):
        return ""
    try:
        return token if await sessions.user_of_session(token) is not None else ""
    except Exception as error:
        # Send the page even without the database: the page itself shows the error.
        _log.warning("session_not_renewed", cause=type(error).__name__)
        return ""
