"""Ties each event to the websocket that sent it: a background event ends with that websocket.

A page that connects again is loaded again (Reflex's `hydrate_and_load`), which starts its background events.
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import structlog
from reflex.istate.manager import StateManager
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State

from scriptwriter.api.middleware import websocket_connections
from scriptwriter.web import event_signatures

if TYPE_CHECKING:
    from reflex.app import EventNamespace
    from reflex.event import Event
    from reflex.state import StateUpdate
    from reflex_base.event.processor import EventFuture, EventProcessor

AFTERWARDS = 3.0
"""Seconds after which a tab is forgotten once more: a cancelled event may have read its state meanwhile."""

_log = structlog.get_logger(__name__)
_later: set[asyncio.Task[None]] = set()
_expiring: asyncio.Task[None] | None = None


class ConnectedEvents:
    """Reflex's event processor, as its websockets see it."""

    def __init__(self, processor: "EventProcessor") -> None:
        self._processor = processor

    async def enqueue(self, token: str, event: "Event", ev_ctx: Any = None) -> "EventFuture":
        """Handle an event of the tab `token` for as long as its websocket is open."""
        connection = websocket_connections.take(event.router_data.get("headers"))
        if connection is not None:
            # Before its handler sends anything.
            connection.serve(token)
        work = await self._processor.enqueue(token, event, ev_ctx)
        if connection is not None:
            connection.carry(token, work, follows=event_signatures.is_background(event.name))
        return work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._processor, name)


def connected(processor: "EventProcessor") -> "EventProcessor":
    """The same processor for whoever gives it the events of websockets."""
    return cast("EventProcessor", ConnectedEvents(processor))


def pace(pages: "EventNamespace") -> None:
    """Let Reflex send something to a tab only after its page has taken what was sent to it before."""
    send = pages.emit_update

    async def emit_update(update: "StateUpdate", token: str) -> None:
        connection = websocket_connections.of_tab(token)
        if connection is not None:
            await connection.emit()
        await send(update, token)

    pages.emit_update = emit_update


async def forget(manager: StateManager, tokens: list[str]) -> None:
    """Drop the states of tabs, by their tokens, now and once more when their last events have ended.

    States in memory are dropped as well when their tabs have been closed for long enough. Redis has its own
    expiry, and the tab may be open in another process.
    """
    global _expiring
    if isinstance(manager, StateManagerMemory) and (_expiring is None or _expiring.done()):
        _expiring = asyncio.create_task(_expire(manager))
    if not tokens:
        return
    await _drop(manager, tokens)
    task = asyncio.create_task(_drop_later(manager, tokens))
    _later.add(task)
    task.add_done_callback(_later.discard)


async def _expire(manager: StateManagerMemory) -> None:
    """Drop the states of closed tabs when their time is over, as long as there are any."""
    while (pause := websocket_connections.next_expiry()) is not None:
        await asyncio.sleep(pause)
        await _drop(manager, websocket_connections.expired_tabs())


async def _drop_later(manager: StateManager, tokens: list[str]) -> None:
    await asyncio.sleep(AFTERWARDS)
    await _drop(manager, tokens)


async def _drop(manager: StateManager, tokens: list[str]) -> None:
    for token in tokens:
        if websocket_connections.in_use(token):
            continue
        try:
            if isinstance(manager, StateManagerMemory):
                known = BaseStateToken(ident=token, cls=State)
                if token in manager.states:
                    # An event that is still being handled holds the lock, and needs the state.
                    async with manager.modify_state(known):
                        pass
                # Reflex has no public call for one tab.
                manager._purge_token(known)
            elif isinstance(manager, StateManagerRedis):
                names = [str(BaseStateToken(ident=token, cls=each)) for each in event_signatures.states()]
                await manager.redis.delete(*names)
        except Exception as error:
            _log.warning("tab_not_forgotten", cause=type(error).__name__)
