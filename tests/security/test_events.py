"""Every event, sent through the websocket of the running application by people who may not send it."""

import json
from typing import Any

import pytest
from reflex.state import BaseState

from scriptwriter.services.accounts import sessions
from scriptwriter.web.brief.new_project_state import NewProjectState
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.presence_state import PresenceState
from scriptwriter.web.room.room_state import BrainstormState
from tests.security.conftest import Site
from tests.security.rights import HANDLERS
from tests.security.test_handlers import ALL
from tests.support.database_dump import differences, dump
from tests.support.page_sockets import named, page_socket, project_place
from tests.support.scenes import SECRET, Scene, arguments

LONG = "长" * 150_000
DEEP: Any = json.loads("[" * 200 + "]" * 200)
ODD = (
    *(None, True, -1, 0, 10**30, 1e308, "", "x", LONG, "\x00", "\ud800", "__proto__", "../../etc"),
    *([], [None], {}, {"__proto__": {"polluted": 1}}, DEEP),
    *({"__reflex_form_data__": "x"}, {"__reflex_form_data__": [["a"]]}),
)
"""Values that replace an argument of a valid event."""

BY_ADDRESS: tuple[tuple[type[BaseState], str], ...] = (
    *((BrainstormState, "watch"), (MembersState, "watch")),
    *((MembersState, "invite"), (IdeasState, "pick"), (OriginState, "trace"), (PresenceState, "watch")),
)
"""Handlers that get the id of the project from the page's address only."""


@pytest.mark.parametrize("who", ["stranger", "nobody", "signed out", "viewer"])
async def test_no_event_reads_or_changes_what_its_sender_may_not(
    site: Site, stranger: str, attacked: Scene, who: str
) -> None:
    """Each sender without the right calls every handler for every project with valid arguments."""
    cookie = {"stranger": stranger, "nobody": ""}.get(who)
    if cookie is None:
        cookie = await sessions.open_session(attacked.room.viewer)
    if who == "signed out":
        await sessions.sign_out(cookie)
    before = dump(site.database_url)
    for target in attacked.targets:
        async with page_socket(site.url, cookie) as page:
            await page.boot(project_place(target.project_id))
            for name, (state, handler) in ALL.items():
                if who == "viewer" and HANDLERS.get(name) == "person":
                    continue
                payload = arguments(state.event_handlers[handler].fn, target)
                await page.send(named(state, handler), payload, project_place(target.project_id))
            await page.settle()

            assert page.closed is None
            if who != "viewer":
                assert SECRET not in page.heard
    assert [row for row in differences(before, dump(site.database_url)) if _belongs_to(attacked, row)] == []


@pytest.mark.parametrize(
    "forged", [["x"], {"x": 1}, None, 7, True, "", "x" * 3_000, LONG, "'; DROP TABLE users", "\x00"]
)
async def test_a_forged_project_id_gives_no_access(
    site: Site, stranger: str, attacked: Scene, forged: Any
) -> None:
    """The client chooses the project id in the page's address, and may send any value."""
    before = dump(site.database_url)
    target = attacked.targets[0]
    for project_id in (forged, [target.project_id], {target.project_id: target.project_id}):
        async with page_socket(site.url, stranger) as page:
            await page.boot()
            for state, name in BY_ADDRESS:
                payload = arguments(state.event_handlers[name].fn, target)
                await page.send(named(state, name), payload, project_place(project_id))
            await page.settle()

            assert SECRET not in page.heard
    assert differences(before, dump(site.database_url)) == []


async def test_odd_arguments_break_nothing(site: Site, stranger: str, attacked: Scene) -> None:
    """Each argument of each handler gets each value of ODD: nothing is read, changed or logged
    as an error.
    """
    before = dump(site.database_url)
    place = project_place(attacked.targets[0].project_id)
    for name, (state, handler) in ALL.items():
        right = arguments(state.event_handlers[handler].fn, attacked.targets[0])
        wrong = [right | {argument: value} for argument in right for value in ODD]
        payloads = [*wrong, right | {"self": 1}, right | {"unheard": 1}, {}]
        # If a payload closes the websocket, the remaining ones are sent over a new one.
        while payloads:
            async with page_socket(site.url, stranger) as page:
                await page.boot()
                assert page.closed is None
                while payloads and page.closed is None:
                    await page.send(named(state, handler), payloads.pop(), place)
                    await page.settle()

                assert SECRET not in page.heard, name
    changed = differences(before, dump(site.database_url))
    assert [row for row in changed if _belongs_to(attacked, row)] == []


async def test_a_pasted_text_that_is_too_long_gets_an_explanation(site: Site, stranger: str) -> None:
    """A field of screen.js accepts far more than a brief may hold. The server must receive and refuse it."""
    brief = {"platform": "抖音", "genre": "穿越", "other_requirements": "字" * 100_000}
    entries = [list(field) for field in brief.items()]
    async with page_socket(site.url, stranger) as page:
        await page.boot()
        await page.send(named(NewProjectState, "submit"), {"form_data": {"__reflex_form_data__": entries}})
        await page.settle()

        assert "其他要求最多 20000 个字" in page.heard


async def test_nul_and_lone_surrogates_reach_no_handler(site: Site, stranger: str, attacked: Scene) -> None:
    """Databases cannot store them. They are removed, and the rest of the text is kept."""
    entries = [["platform", "抖\x00音"], ["genre", "穿\ud800越"], ["other_requirements", "\udfff"]]
    async with page_socket(site.url, stranger) as page:
        await page.boot()
        await page.send(named(NewProjectState, "submit"), {"form_data": {"__reflex_form_data__": entries}})
        await page.settle()

        assert "_redirect" in page.heard


def _belongs_to(scene: Scene, row: str) -> bool:
    ids = [each for target in scene.targets for each in target.ids]
    return any(each in row for each in ids)
