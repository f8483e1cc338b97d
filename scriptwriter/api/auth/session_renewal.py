"""Owns that a session's cookie lives on with the session: it is set anew with every page that is loaded.

In development another server sends the pages: there a cookie lives as long as it was given at sign-in.
"""

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scriptwriter.api.auth.session_cookie import set_session, token_in
from scriptwriter.services.accounts import sessions

_log = structlog.get_logger(__name__)


class SessionRenewal:
    """ASGI middleware: a page that a signed-in person opens brings their cookie along again."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; see the class."""
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
                    # What holds a person's cookie is kept by no cache between.
                    headers["cache-control"] = "private, no-cache"
            await send(message)

        await self.app(scope, receive, send_with_cookie)


async def _token(scope: Scope) -> str:
    """The token of a living session, where a page is asked for; else ""."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith("/api/"):
        return ""
    headers = Headers(scope=scope)
    token = token_in(headers.get("cookie", ""))
    if not token or "text/html" not in headers.get("accept", ""):
        return ""
    try:
        return token if await sessions.user_of_session(token) is not None else ""
    except Exception as error:
        # A page is not worth less without its database: it says itself what it misses.
        _log.warning("session_not_renewed", cause=type(error).__name__)
        return ""
