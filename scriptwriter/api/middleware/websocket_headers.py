"""Owns which headers of a tab's connection Reflex gets to see: it sends them all on to the page's scripts.

So the session's token, which no script may read, stays outside: its hash says as well who sits there.
"""

from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from scriptwriter.api.auth.refused_sign_in import TYPED
from scriptwriter.api.auth.session_cookie import cookie_name, token_in, value_in
from scriptwriter.services.accounts.sessions import token_hash

SESSION_ID = "scriptwriter_session_id"
"""The cookie in the place of the token's; a client that sends one itself sends it in vain."""
_EVENTS = "/_event"


class EventHeaders:
    """ASGI middleware: takes cookies and credentials out of what opens a connection for events."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; see the class."""
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
    """What an event's Cookie header says of the browser's: the session's id and the name that was typed."""
    token, typed = token_in(cookie), value_in(cookie, cookie_name(TYPED))
    known = {SESSION_ID: token_hash(token) if token else "", TYPED: typed}
    return "; ".join(f"{name}={quote(value, safe='%')}" for name, value in known.items() if value)
