"""The websocket between a page and Reflex: who may open it, to whom its tab belongs, and its message limits.

The person is looked up before the first message is read. Without a session the limits are low, and no state
is kept.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from scriptwriter.api.auth.session_cookie import token_in
from scriptwriter.api.middleware import unfinished_messages, websocket_messages
from scriptwriter.api.middleware.origins import allowed
from scriptwriter.api.middleware.unfinished_messages import Incoming
from scriptwriter.api.middleware.websocket_connections import HEADER, UNKNOWN, Connection
from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import session_watch, sessions
from scriptwriter.store import fair_share
from scriptwriter.store.database import DATABASE_AWAY

MESSAGE_LIMIT = 450_000
"""Characters of one message. The longest that a page sends, a brief, has about 50,000."""
BYTES_OF_ONE = 4
"""Maximum bytes of a character in UTF-8."""
ANONYMOUS_MESSAGE_LIMIT = 16_000
"""Characters of one message without a session. The sign-in page sends far shorter ones."""
ANONYMOUS_SILENCE = 15.0
"""Seconds without a whole message after which a websocket without a session is closed. A page answers a ping
every ten seconds, and the server keeps an unfinished message in memory."""
ASK_SECONDS = 2.0
"""Timeout for the lookup of the session."""
BURST, PER_SECOND = 300, 30.0
"""Token bucket of messages of one websocket: its size, and its rate per second."""
MOST_REFUSED = 20
"""Refused events after which a websocket is closed."""
UNREAD_SECONDS = 30.0
"""Timeout for sending one message. The pings of a page that does not read fail before that."""
CLOSE_SECONDS = 5.0
"""Timeout for sending the close frame."""
EVENT = f'42{websocket_messages.NAMESPACE},["event"'
"""Prefix of a message from an event handler to the page (Socket.IO 5, Engine.IO 4)."""
TOKEN_LIMIT = 100
"""Characters of a client's token."""
KEPT_HEADERS = frozenset(
    b"accept-encoding accept-language cache-control connection cookie host origin pragma upgrade user-agent "
    b"sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version "
    b"x-forwarded-for".split()
)
"""Headers of the request that Reflex gets. It sends them to the page, which must not see those of a proxy."""
POLICY_VIOLATION, TOO_BIG = 1008, 1009  # RFC 6455, 7.4.1

Admit = Callable[[dict[str, Any], bool], dict[str, Any] | None]
"""Returns the event to pass on, or None to refuse it, given the event and whether there is a session."""

_log = structlog.get_logger(__name__)


def may_open(scope: Scope) -> bool:
    """Whether a page of this site opens the websocket, with a client token.

    Browsers always send Origin with a websocket (RFC 6455, 4.1). SameSite cookies alone do not keep other
    sites from opening one.
    """
    return allowed(Headers(scope=scope).get("origin")) and 0 < len(_client_token(scope)) <= TOKEN_LIMIT


async def person_of(scope: Scope) -> str:
    """The id of the person who opens this websocket; "" without a session.

    While the database is unavailable it is the last known person of the session, or UNKNOWN. Raises
    UserError: `too_many_at_once`, and `service_away` if the database does not answer in time.
    """
    token = token_in(Headers(scope=scope).get("cookie", ""))
    if not token:
        return ""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            user = await sessions.user_of_session(token)
    except (TimeoutError, *DATABASE_AWAY) as error:
        _log.warning("session_not_asked", cause=type(error).__name__)
        last = fair_share.last_known(sessions.token_hash(token))
        if not last and isinstance(error, TimeoutError):
            # Requests without a session may be overloading the database. The page tries again later.
            raise UserError("service_away") from error
        return last or UNKNOWN
    return user.id if user else ""


def watched(scope: Scope, connection: Connection) -> AbstractContextManager[None]:
    """A block in which the connection is signed out when its session ends."""
    if not connection.person:
        return nullcontext()
    session_id = sessions.token_hash(token_in(Headers(scope=scope).get("cookie", "")))
    return session_watch.watched(session_id, connection.sign_out)


def as_own(scope: Scope, connection: Connection) -> Scope:
    """The request for Reflex.

    With a token that only this session can have, and without headers of a proxy.
    """
    session = token_in(Headers(scope=scope).get("cookie", "")) if connection.person else ""
    others = [(name, value) for name, value in _parameters(scope) if name != "token"]
    query = urlencode([*others, ("token", bound(_client_token(scope), session))]).encode()
    kept = [(name, value) for name, value in scope["headers"] if name.lower() in KEPT_HEADERS]
    kept.append((HEADER.encode(), connection.id.encode()))
    return {**scope, "headers": kept, "query_string": query}


def bound(token: str, session: str) -> str:
    """The key of the tab's state: a hash of the client `token` and the `session`.

    A client chooses its token, and could choose that of another person. With another session the key differs.
    """
    return hashlib.sha256(f"{session}\n{token}".encode("utf-8", "replace")).hexdigest()


def longest(connection: Connection) -> int:
    """The limit of one message over this connection, in characters."""
    return MESSAGE_LIMIT if connection.person else ANONYMOUS_MESSAGE_LIMIT


def counted(
    scope: Scope, connection: Connection, dismiss: Callable[[], object]
) -> AbstractContextManager[Incoming]:
    """A block in which `dismiss` is called when an unfinished message grows too large."""
    return unfinished_messages.counted(scope, BYTES_OF_ONE * longest(connection), dismiss)


async def refuse(receive: Receive, send: Send) -> None:
    """Refuse the handshake. The browser gets a 403."""
    await receive()
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})


def _parameters(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def _client_token(scope: Scope) -> str:
    return next((value for name, value in _parameters(scope) if name == "token"), "")


@dataclass
class PageSocket:
    """One websocket between a page and Reflex."""

    page_receive: Receive
    page_send: Send
    admit: Admit
    connection: Connection
    closed: bool = False
    refused: int = 0
    left: float = BURST
    since: float = field(default_factory=time.monotonic)
    dismissed: asyncio.Event = field(default_factory=asyncio.Event)
    incoming: Incoming | None = None

    async def receive(self) -> Message:
        """The next message for Reflex."""
        while True:
            message = await self._next()
            if self.incoming is not None:
                if self.incoming.refused:
                    return await self._close(TOO_BIG, "an unfinished message is too large")
                self.incoming.finished()
            if message is None:
                return await self._close(POLICY_VIOLATION, "silent, or replaced by another")
            if message["type"] != "websocket.receive" or self.closed:
                return message
            text = message.get("text")
            if text is None or len(text) > self._longest:
                return await self._close(TOO_BIG, "a message is too large")
            if not self._in_time():
                return await self._close(POLICY_VIOLATION, "too many messages")
            try:
                passed = self._passed(websocket_messages.read(text))
            except websocket_messages.Unreadable as error:
                return await self._close(POLICY_VIOLATION, str(error))
            if passed is not None:
                if passed.event is not None:
                    await self.connection.quota.wait_until_allowed(len(passed.text))
                    self.connection.arriving = len(passed.text)
                return {"type": "websocket.receive", "text": passed.text}
            self.refused += 1
            if self.refused > MOST_REFUSED:
                return await self._close(POLICY_VIOLATION, "too many refused events")

    async def _next(self) -> Message | None:
        """The next message of the page; None after a timeout without a session, or when dismissed."""
        silence = None if self.connection.person else ANONYMOUS_SILENCE
        coming = asyncio.ensure_future(self.page_receive())
        leaving = asyncio.ensure_future(self.dismissed.wait())
        try:
            await asyncio.wait({coming, leaving}, timeout=silence, return_when="FIRST_COMPLETED")
            return coming.result() if coming.done() else None
        finally:
            coming.cancel()
            leaving.cancel()

    @property
    def _longest(self) -> int:
        return longest(self.connection)

    async def send(self, message: Message) -> None:
        """Send a message of Reflex to the page.

        A page that does not read it within UNREAD_SECONDS is disconnected, because the message would stay in
        memory.
        """
        if self.closed:
            return
        try:
            async with asyncio.timeout(UNREAD_SECONDS):
                with self.incoming.sending() if self.incoming else nullcontext():
                    await self.page_send(message)
        except TimeoutError:
            self._cut_off("the page does not read")
        finally:
            if (message.get("text") or "").startswith(EVENT):
                self.connection.sent()

    def _passed(self, message: websocket_messages.Message) -> websocket_messages.Message | None:
        if message.event is None:
            return message
        event = self.admit(message.event, bool(self.connection.person))
        return None if event is None else message.with_event(event)

    def _in_time(self) -> bool:
        now = time.monotonic()
        self.left = min(BURST, self.left + (now - self.since) * PER_SECOND) - 1
        self.since = now
        return self.left >= 0

    async def _close(self, code: int, why: str) -> Message:
        _log.warning("websocket_closed", reason=why)
        self.closed = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.page_send({"type": "websocket.close", "code": code, "reason": why})
        except TimeoutError:
            self._cut_off("the page does not read that it is closed")
        return {"type": "websocket.disconnect", "code": code}

    def _cut_off(self, why: str) -> None:
        """End the connection without a close frame, which the page would not read."""
        _log.warning("websocket_cut_off", reason=why)
        self.closed = True
        if self.incoming is not None:
            self.incoming.cut()
        self.dismissed.set()
