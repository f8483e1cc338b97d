"""Ties each event to the websocket that sent it: the event is cancelled when that websocket closes.

When a page reconnects, Reflex runs its `on_load` events again (`hydrate_and_load`), which starts the
background event again.
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
"""Seconds after which a tab's state is dropped a second time: a cancelled event may have restored it."""

_log = structlog.get_logger(__name__)
_later: set[asyncio.Task[None]] = set()
_expiring: asyncio.Task[None] | None = None


class ConnectedEvents:
    """Wraps the event processor of Reflex, and registers each event at its websocket."""

    def __init__(self, processor: "EventProcessor") -> None:
        self._processor = processor

    async def enqueue(self, token: str, event: "Event", ev_ctx: Any = None) -> "EventFuture":
        """Queue an event of the tab `token`. It is cancelled when the tab's websocket closes."""
        connection = websocket_connections.take(event.router_data.get("headers"))
        if connection is not None:
            # The websocket must be known before the handler sends an update.
            connection.serve(token)
        work = await self._processor.enqueue(token, event, ev_ctx)
        if connection is not None:
            connection.carry(token, work, follows=event_signatures.is_background(event.name))
        return work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._processor, name)


def connected(processor: "EventProcessor") -> "EventProcessor":
    """The processor, wrapped in ConnectedEvents."""
    return cast("EventProcessor", ConnectedEvents(processor))


def pace(pages: "EventNamespace") -> None:
    """Make Reflex wait with each update until the page has received the previous ones."""
    send = pages.emit_update

    async def emit_update(update: "StateUpdate", token: str) -> None:
        connection = websocket_connections.of_tab(token)
        if connection is not None:
            await connection.emit()
        await send(update, token)

    pages.emit_update = emit_update


async def forget(manager: StateManager, tokens: list[str]) -> None:
    """Drop the states of tabs by their tokens, now and again after AFTERWARDS seconds.

    With states in memory, this also starts the task that drops the states of tabs that were closed long
    enough ago. Redis expires states by itself, because the tab may be open in another process.
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
    """Drop the states of closed tabs when they expire, until no closed tab is left."""
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
                    # A running event holds this lock and needs the state, so wait for it.
                    async with manager.modify_state(known):
                        pass
                # Reflex has no public function that drops the state of one tab.
                manager._purge_token(known)
            elif isinstance(manager, StateManagerRedis):
                names = [str(BaseStateToken(ident=token, cls=each)) for each in event_signatures.states()]
                await manager.redis.delete(*names)
        except Exception as error:
            _log.warning("tab_not_forgotten", cause=type(error).__name__)
