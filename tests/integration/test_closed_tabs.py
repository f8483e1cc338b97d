"""What the server keeps of a closed tab."""

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
    """Reflex's store of the tabs' states."""
    return StateManagerMemory()


@pytest.fixture
async def events(connected: str, manager: StateManagerMemory) -> AsyncIterator[ConnectedEvents]:
    """The handler of websocket events, which remembers the tabs of each connection."""
    with app.set_contexts():
        processor = BaseStateEventProcessor(backend_exception_handler=None)
        async with processor.configure(state_manager=manager):
            yield ConnectedEvents(processor)


async def _send(events: ConnectedEvents, connection: Connection, token: str, name: str) -> None:
    """Handle one event of a page on /sign-in, on this connection, in the tab with this token."""
    place = {"pathname": "/sign-in", "asPath": "/sign-in", "token": token}
    event = Event(name=name, payload={}, router_data=place | {"headers": {HEADER: connection.id}})
    await (await events.enqueue(token, event)).wait_all()


async def test_nothing_is_kept_of_closed_tabs_of_people_who_are_not_signed_in(
    events: ConnectedEvents, manager: StateManagerMemory
) -> None:
    """The state, its lock and its expiry time are all deleted."""
    for number in range(20):
        with opened("", bool) as connection:
            await _send(events, connection, f"tab {number}", BOOT)
            assert [*manager.states] == [f"tab {number}"]
        await forget(manager, outdated_tabs(connection))

    assert not manager.states
    assert not manager._token_expires_at
    assert not manager._states_locks


async def test_a_state_is_kept_while_an_event_handler_uses_it(
    events: ConnectedEvents, manager: StateManagerMemory
) -> None:
    """The tab is forgotten when the handler has ended."""
    with opened("", bool) as connection:
        await _send(events, connection, "tab", BOOT)
    async with manager.modify_state(BaseStateToken(ident="tab", cls=State)) as state:
        forgetting = asyncio.ensure_future(forget(manager, ["tab"]))
        await asyncio.sleep(0)
        assert await state.get_state(MembersState)
    await forgetting

    assert not manager.states


async def test_a_closed_tab_of_a_signed_in_person_is_kept(
    events: ConnectedEvents, manager: StateManagerMemory, room: Room
) -> None:
    """Its state is found again after a reload or a lost connection."""
    with opened(room.owner, bool) as connection:
        await _send(events, connection, "tab", BOOT)
    await forget(manager, outdated_tabs(connection))

    assert [*manager.states] == ["tab"]


async def test_a_persons_closed_tab_is_forgotten_after_a_while(
    events: ConnectedEvents, manager: StateManagerMemory, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab that has reconnected in the meantime is open, and stays."""
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


def test_events_of_people_who_are_not_signed_in_lead_to_the_sign_in_page() -> None:
    """The named handler is not called, and its arguments are dropped."""
    event = {"name": f"{MembersState.get_full_name()}.ask", "payload": {"member_id": "x"}, "router_data": {}}

    assert admit(event, True) == event
    led = admit(event, False)
    assert led is not None
    assert led["name"].endswith("session_state.enter") and led["payload"] == {}


def test_event_arguments_that_are_ids_have_a_maximum_length() -> None:
    """Titles and texts may be longer."""
    ask = {"name": f"{MembersState.get_full_name()}.ask", "router_data": {}}
    edit_arguments = {"ref": "x", "title": "长" * 1_000, "body": "长" * 20_000, "version": ""}

    assert admit(ask | {"payload": {"member_id": "😀" * 190_000}}) is None
    assert admit(ask | {"payload": {"member_id": "x" * 64}}) is not None
    assert admit({"name": f"{IdeasState.get_full_name()}.edit", "payload": edit_arguments, "router_data": {}})
