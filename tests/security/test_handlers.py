"""Every event handler, called for another person's project by people without the right to it."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from reflex.state import BaseState

from scriptwriter.sync.hub import Hub
from scriptwriter.web.event_signatures import admit, states
from scriptwriter.web.room.room_state import BrainstormState
from tests.security.rights import ARGUMENTS, HANDLERS, READERS, STEPS, WRITERS
from tests.support.database_dump import differences, dump
from tests.support.rows import rows
from tests.support.scenes import SECRET, Scene, Target, arguments, make_scene
from tests.support.tabs import Tab, open_tab
from tests.support.waiting import LIMIT, eventually

ALL: dict[str, tuple[type[BaseState], str]] = {
    f"{state.__name__.rpartition('____')[2]}.{name}": (state, name)
    for state in states()
    for name in state.event_handlers
    if name != "setvar"
}
"""Every handler of the app, including those of Reflex, by its name in rights.py."""


def test_every_handler_says_who_may_call_it() -> None:
    """Any client can call a new handler, so its right must be decided first."""
    unknown, gone = sorted(ALL.keys() - HANDLERS.keys()), sorted(HANDLERS.keys() - ALL.keys())

    assert not unknown, f"add to HANDLERS in tests/security/rights.py, each with its right: {unknown}"
    assert not gone, f"remove from HANDLERS in tests/security/rights.py: {gone}"


@pytest.mark.parametrize("name", [name for name in ALL if HANDLERS.get(name) == "server"])
def test_pages_cannot_call_internal_handlers(name: str) -> None:
    """Reflex calls these handlers itself; the websocket refuses their events."""
    state, handler = ALL[name]

    assert admit({"name": f"{state.get_full_name()}.{handler}", "payload": {}, "router_data": {}}) is None


@pytest.mark.parametrize("state", list(states()), ids=lambda state: state.__name__)
def test_no_var_can_be_set_by_a_page(state: type[BaseState]) -> None:
    """Reflex's `setvar` is refused, and no var has a setter."""
    event = {"name": f"{state.get_full_name()}.setvar", "router_data": {}}

    assert admit(event | {"payload": {"var_name": "access", "value": "open"}}) is None
    assert [
        name for name in state.event_handlers if name == f"set_{name[4:]}" and name[4:] in state.vars
    ] in (
        [],
        ["set_is_hydrated"],
    )


async def test_a_handler_reads_and_changes_only_what_its_caller_may(
    hub: Hub, connected: str, scene: Scene
) -> None:
    """Callers without the right call each handler for each project; nothing is changed or shown."""
    room, before = scene.room, dump(connected)
    for person in (None, room.stranger, room.viewer, room.collaborator):
        for target in scene.targets:
            async with open_tab(target.project_id, person) as tab:
                for name in ALL:
                    right = HANDLERS[name]
                    if right == "server" or _role(scene, person) in WRITERS.get(right, ()):
                        continue
                    await _take_steps(tab, name, target)
                    # A call that subscribes a member to the project never ends; it changes nothing.
                    await _call(tab, name, target, patience=0.05 if _role(scene, person) in READERS else 0.5)
                    after = dump(connected)
                    changed = differences(before, after)
                    if right == "person" and person is not None:
                        changed = [
                            row for row in changed if any(each.project_id in row for each in scene.targets)
                        ]
                        before = after
                    assert changed == [], f"{person} changed something by {name}"
                    if _role(scene, person) not in READERS:
                        assert SECRET not in _heard(tab), f"{person} was shown the project by {name}"


async def test_the_same_calls_by_an_owner_change_something(hub: Hub, connected: str) -> None:
    """Otherwise the test above would prove nothing."""
    for number, name in enumerate(name for name in ALL if HANDLERS.get(name) in WRITERS):
        scene = await make_scene(f"{number}-")
        changed = []
        for target in scene.targets:
            if changed:
                break
            async with open_tab(target.project_id, scene.room.owner) as tab:
                # The page clears the tab when it opens the project: take the steps afterwards.
                await tab.sees(BrainstormState, "access", lambda access: access not in (None, "opening"))
                await _take_steps(tab, name, target)
                before = dump(connected)
                await _call(tab, name, target)
                changed = differences(before, dump(connected))

        why = f"add arguments to ARGUMENTS in tests/security/rights.py with which {name} does something"
        assert changed, why


async def test_the_same_calls_by_a_viewer_show_something(hub: Hub, scene: Scene) -> None:
    """Otherwise the test that others see nothing would prove nothing."""
    for name in [name for name in ALL if HANDLERS.get(name) == "reader"]:
        shown = False
        for target in scene.targets:
            shown = shown or await _shows_something(name, target, scene.room.viewer)
        why = f"add arguments to ARGUMENTS in tests/security/rights.py with which {name} tells something"
        assert shown, why


@pytest.mark.parametrize("name", [name for name in ALL if HANDLERS.get(name) == "present"])
async def test_only_members_are_seen_in_a_project(hub: Hub, connected: str, scene: Scene, name: str) -> None:
    """Nobody else appears among the people who have the project open."""
    project_id, room = scene.targets[0].project_id, scene.room
    handler = ALL[name][0].event_handlers[ALL[name][1]]
    seen = "SELECT user_id FROM presence WHERE user_id = %s"
    for person in (None, room.stranger):
        async with open_tab(project_id, person) as tab:
            await tab.send(handler)
            assert rows(connected, "SELECT user_id FROM presence") == []
    async with open_tab(project_id, room.viewer) as tab:
        call = asyncio.ensure_future(tab.send(handler))
        await eventually(lambda: rows(connected, seen, room.viewer))
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)


def _role(scene: Scene, person: str | None) -> str | None:
    return next((role for role, who in vars(scene.room).items() if who == person), None)


def _heard(tab: Tab) -> str:
    return json.dumps([tab.updates, tab.redirects], default=str, ensure_ascii=False)


async def _take_steps(tab: Tab, name: str, target: Target) -> None:
    for step, known in STEPS.get(name, ()):
        place = known.get("ref")
        named = known | ({"ref": target.ref(place)} if isinstance(place, int) else {})
        await _call(tab, step, target, named)


async def _shows_something(name: str, target: Target, person: str) -> bool:
    # A page without a project shows nothing of one before the call.
    async with open_tab(target.project_id, person, route="/account") as tab:
        call = asyncio.ensure_future(_call(tab, name, target, patience=LIMIT))
        await eventually(lambda: call.done() or SECRET in _heard(tab), LIMIT)
        if call.done():
            await call
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return SECRET in _heard(tab)


async def _call(
    tab: Tab, name: str, target: Target, known: Mapping[str, object] | None = None, patience: float = 0.5
) -> None:
    state, handler_name = ALL[name]
    handler = state.event_handlers[handler_name]
    own = {key: value(target) if callable(value) else value for key, value in ARGUMENTS.get(name, {}).items()}
    payload = arguments(handler.fn, target, **own | dict(known or {}))
    call = asyncio.ensure_future(tab.send(handler, **payload))
    # A subscription never ends by itself, and its first update comes at once.
    await asyncio.wait([call], timeout=patience if handler.is_background else 30)
    if not handler.is_background:
        await call
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
