"""What the server keeps of a tab that was closed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor

from scriptwriter.api.middleware import websocket_connections
from scriptwriter.api.middleware.websocket_connections import HEADER, Connection, opened, outdated_tabs
from scriptwriter.scriptwriter import app
from scriptwriter.web.connected_events import ConnectedEvents, forget
from scriptwriter.web.event_signatures import admit
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.room.idea_state import IdeasState
from tests.support.rooms import Room
from tests.support.waiting import eventually

BOOT = f"{State.get_full_name()}.hydrate_and_load"


@pytest.fixture
async def manager() -> StateManagerMemory:
    """What keeps the states of tabs."""
    return StateManagerMemory()


@pytest.fixture
async def events(connected: str, manager: StateManagerMemory) -> AsyncIterator[ConnectedEvents]:
    """What handles the events of websockets."""
    with app.set_contexts():
        processor = BaseStateEventProcessor(backend_exception_handler=None)
        async with processor.configure(state_manager=manager):
            yield ConnectedEvents(processor)


async def _send(events: ConnectedEvents, connection: Connection, token: str, name: str) -> None:
    place = {"pathname": "/sign-in", "asPath": "/sign-in", "token": token}
    event = Event(name=name, payload={}, router_data=place | {"headers": {HEADER: connection.id}})
    await (await events.enqueue(token, event)).wait_all()


async def test_nothing_is_kept_of_a_closed_tab_of_nobody_known(
    events: ConnectedEvents, manager: StateManagerMemory
) -> None:
    """Neither its state nor anything beside it, however many were open."""
    for number in range(20):
        with opened("", bool) as connection:
            await _send(events, connection, f"tab {number}", BOOT)
            assert [*manager.states] == [f"tab {number}"]
        await forget(manager, outdated_tabs(connection))

    assert not manager.states
    assert not manager._token_expires_at
    assert not manager._states_locks


async def test_an_event_that_is_still_handled_keeps_its_state(
    events: ConnectedEvents, manager: StateManagerMemory
) -> None:
    """The tab is forgotten when it is over."""
    with opened("", bool) as connection:
        await _send(events, connection, "tab", BOOT)
    async with manager.modify_state(BaseStateToken(ident="tab", cls=State)) as state:
        forgetting = asyncio.ensure_future(forget(manager, ["tab"]))
        await asyncio.sleep(0)
        assert await state.get_state(MembersState)
    await forgetting

    assert not manager.states


async def test_a_persons_tab_is_there_when_they_come_back(
    events: ConnectedEvents, manager: StateManagerMemory, room: Room
) -> None:
    """A reload, or a line that was cut."""
    with opened(room.owner, bool) as connection:
        await _send(events, connection, "tab", BOOT)
    await forget(manager, outdated_tabs(connection))

    assert [*manager.states] == ["tab"]


async def test_a_persons_closed_tab_is_forgotten_after_a_while(
    events: ConnectedEvents, manager: StateManagerMemory, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab that came back meanwhile is open, and stays."""
    monkeypatch.setattr(websocket_connections, "KEPT_SECONDS", 0.0)
    with opened(room.owner, bool) as back:
        for token in ("gone", "back"):
            with opened(room.owner, bool) as connection:
                await _send(events, connection, token, BOOT)
            outdated = outdated_tabs(connection)
            if token == "back":
                await _send(events, back, token, BOOT)
            await forget(manager, outdated)

        await eventually(lambda: [*manager.states] == ["back"])
    assert websocket_connections.next_expiry() is None


def test_what_nobody_known_sends_to_a_page_leads_to_the_sign_in_page() -> None:
    """The handler it named is not called, and its arguments are not kept."""
    event = {"name": f"{MembersState.get_full_name()}.ask", "payload": {"member_id": "x"}, "router_data": {}}

    assert admit(event, True) == event
    led = admit(event, False)
    assert led is not None
    assert led["name"].endswith("session_state.enter") and led["payload"] == {}


def test_an_id_is_bounded_before_any_handler_sees_it() -> None:
    """Words may be longer."""
    ask = {"name": f"{MembersState.get_full_name()}.ask", "router_data": {}}
    words = {"ref": "x", "title": "长" * 1_000, "body": "长" * 20_000, "version": ""}

    assert admit(ask | {"payload": {"member_id": "😀" * 190_000}}) is None
    assert admit(ask | {"payload": {"member_id": "x" * 64}}) is not None
    assert admit({"name": f"{IdeasState.get_full_name()}.edit", "payload": words, "router_data": {}})
