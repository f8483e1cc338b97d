"""Removes the session token from the headers of a page's websocket.

Reflex puts all headers of the websocket into state that reaches the page. Scripts must not read the token, so
Reflex gets its hash, which identifies the session as well.
"""

from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from scriptwriter.api.auth.refused_sign_in import TYPED
from scriptwriter.api.auth.session_cookie import cookie_name, token_in, value_in
from scriptwriter.services.accounts.sessions import token_hash

SESSION_ID = "scriptwriter_session_id"
"""The cookie that replaces the session cookie. One that a client sends itself is overwritten."""
_EVENTS = "/_event"


class WebsocketHeaders:
    """ASGI middleware: removes cookies and credentials from the request that opens the event websocket."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; see the class."""
        if scope["type"] in ("http", "websocket") and scope["path"].startswith(_EVENTS):
            scope = {**scope, "headers": list(scope["headers"])}
            headers = MutableHeaders(scope=scope)
            cookie = event_cookie("; ".join(headers.getlist("cookie")))
            for name in ("cookie", "authorization"):
                del headers[name]
            if cookie:
                headers["cookie"] = cookie
        await self.app(scope, receive, send)


def event_cookie(cookie: str) -> str:
    """The Cookie header for Reflex: the session's id and the username that was typed."""
    token, typed = token_in(cookie), value_in(cookie, cookie_name(TYPED))
    known = {SESSION_ID: token_hash(token) if token else "", TYPED: typed}
    return "; ".join(f"{name}={quote(value, safe='%')}" for name, value in known.items() if value)
