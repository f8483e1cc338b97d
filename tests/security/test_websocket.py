"""The websocket of the running application, used by a client that is not a page."""

from itertools import cycle

import pytest
from sqlalchemy import delete
from sqlmodel import col

from scriptwriter.api.middleware.page_websocket import MOST_REFUSED
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.accounts import sessions
from scriptwriter.services.ideas.verdicts import pick
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import UserSession
from scriptwriter.web.kit.language_state import LanguageState
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.room.room_state import BrainstormState
from tests.security.conftest import Site
from tests.support.page_sockets import Refused, named, page_socket, project_place
from tests.support.scenes import SECRET, Scene

HUGE = "x" * 1_100_000
INVALID_FRAMES = (
    *("", "0", "2probe", "4", "40", "42", "42[]", "40/other,", "44/_event,{}", "450-/_event,[]", b"\x04\xff"),
    *(
        "42/_event,{",
        "42/_event,[]",
        '42/_event,["event"]',
        '42/_event,["event",[]]',
        "42/_event," + "9" * 5_000,
    ),
    *('42/_event,["event",{"name":1}]', '42/_event,["connect",{}]', HUGE),
    '42/_event,["event",{"name":"x","payload":[]}]',
    '42/_event,["event",{"name":"x","payload":{"a":NaN}}]',
    '42/_event,["event",{"name":"x","router_data":[]}]',
    '42/_event,["event",{"name":"x","router_data":{"pathname":"[","asPath":"["}}]',
    f'42/_event,["event",{"[" * 5_000 + "]" * 5_000}]',
)
"""Frames that are no valid messages."""


@pytest.mark.parametrize(
    "origin", [None, "null", "http://localhost:1", "http://localhost.evil.example", "https://localhost", "x"]
)
async def test_another_site_cannot_open_the_websocket(site: Site, stranger: str, origin: str | None) -> None:
    """Nor can a client without an Origin header. A browser always sends one."""
    with pytest.raises(Refused):
        async with page_socket(site.url, stranger, origin=origin):
            pass


async def test_a_page_can_open_the_websocket(site: Site, stranger: str) -> None:
    """Its events are handled."""
    async with page_socket(site.url, stranger) as page:
        await page.boot()
        await page.settle()

        assert page.closed is None
        assert "language_rx_state_" in page.heard


@pytest.mark.parametrize("frame", INVALID_FRAMES, ids=lambda frame: repr(frame[:40]))
async def test_an_invalid_frame_closes_only_its_own_websocket(
    site: Site, stranger: str, frame: str | bytes
) -> None:
    """Another tab of the same person stays connected."""
    async with page_socket(site.url, stranger) as other, page_socket(site.url, stranger) as page:
        await other.boot()
        await page.boot()
        await page.settle()
        await page.say(frame)
        await page.until(lambda: page.closed is not None)
        await other.settle()

        assert page.closed in (1008, 1009)
        assert other.closed is None


async def test_a_flood_closes_only_its_own_websocket(site: Site, stranger: str) -> None:
    """The client sends more frames than any page does."""
    async with page_socket(site.url, stranger) as other, page_socket(site.url, stranger) as page:
        await other.boot()
        await page.boot()
        # Each frame waits for the answer to the last: unread data would make the server's close frame get
        # lost.
        for _ in range(1_000):
            if page.closed is None:
                await page.gets_frame_after(page.say('42/_event,["ping"]'))
        await other.settle()

        assert page.closed == 1008
        assert other.closed is None


async def test_many_unknown_events_close_the_websocket(site: Site, stranger: str) -> None:
    """A few unknown events are only dropped."""
    async with page_socket(site.url, stranger) as page:
        await page.boot()
        await page.send("reflex___state____state.no_such_handler")
        await page.settle()
        assert page.closed is None
        # Exactly as many as the server reads: unread data would make its close frame get lost.
        for _ in range(MOST_REFUSED):
            await page.send("reflex___state____state.setvar", {"var_name": "is_hydrated", "value": 1})
        await page.until(lambda: page.closed is not None)

        assert page.closed == 1008


async def test_a_stolen_client_token_gives_no_access(site: Site, stranger: str, attacked: Scene) -> None:
    """A client chooses the token of its tab, so it is no secret: with another session it names another tab.

    The thief connects while the owner is connected, and again after the owner has left.
    """
    target, token = attacked.targets[0], "11111111-2222-4333-8444-555555555555"
    owner = await sessions.open_session(attacked.room.owner)
    place = project_place(target.project_id)
    async with page_socket(site.url, owner, token=token) as tab:
        await tab.boot(place)
        await tab.send(named(BrainstormState, "watch"), place=place)
        await tab.until(lambda: SECRET in tab.heard)
        async with page_socket(site.url, stranger, token=token) as thief:
            await thief.boot()
            idea = IdeaRef(target.artifact_id, 0)
            await tab.gets_frame_after(pick(target.project_id, idea, "keep", attacked.room.owner))
            await thief.settle()
            assert SECRET not in thief.heard
    for place_again in (None, place):
        async with page_socket(site.url, stranger, token=token) as thief:
            await thief.boot(place_again)
            await thief.send("reflex___state____state.hydrate")
            await thief.settle()
            assert SECRET not in thief.heard
    async with page_socket(site.url, owner, token=token) as tab:
        await tab.boot()
        await tab.settle()
        assert SECRET in tab.heard, "the owner's own tab was kept for them, so there was something to steal"


async def test_an_open_tab_receives_nothing_after_its_session_ended(
    site: Site, attacked: Scene, stranger: str
) -> None:
    """Even when the project changes later."""
    target = attacked.targets[0]
    cookie = await sessions.open_session(attacked.room.viewer)
    place = project_place(target.project_id)
    async with page_socket(site.url, cookie) as tab:
        await tab.boot(place)
        await tab.send(named(BrainstormState, "watch"), place=place)
        await tab.until(lambda: SECRET in tab.heard)
        async with transaction() as session:
            await session.exec(delete(UserSession).where(col(UserSession.id) == sessions.token_hash(cookie)))
        # The server checks the session again only when it has something to send.
        idea, verdicts = IdeaRef(target.artifact_id, 0), cycle(("keep", "none"))
        while "请先登录" not in tab.heard:
            await tab.gets_frame_after(pick(target.project_id, idea, next(verdicts), attacked.room.owner))
        before = len(tab.frames)
        await pick(target.project_id, idea, next(verdicts), attacked.room.owner)
        await tab.send(named(LanguageState, "switch_language"))
        await tab.settle()

        assert not any('"keepers' in frame for frame in tab.frames[before:])


async def test_headers_added_by_a_proxy_are_not_sent_to_the_page(site: Site, stranger: str) -> None:
    """Reflex sends nearly all headers of the websocket to the page; this application limits them."""
    async with page_socket(site.url, stranger, **{"X-Internal-Key": "marker-of-a-proxy"}) as page:
        await page.boot()
        await page.settle()

        assert "marker-of-a-proxy" not in page.heard
        assert stranger not in page.heard


async def test_anonymous_events_are_short_and_lead_to_the_sign_in_page(site: Site, stranger: str) -> None:
    """No handler runs. An event longer than those of the sign-in page closes the websocket."""
    place = {"pathname": "/account", "asPath": "/account"}
    async with page_socket(site.url) as page:
        await page.boot()
        await page.send(named(MembersState, "ask"), {"member_id": "marker"}, place)
        await page.until(lambda: "/sign-in?next=/account" in page.heard)
        assert "marker" not in page.heard
        await page.send(named(MembersState, "ask"), {"member_id": "😀" * 190_000}, place)
        await page.until(lambda: page.closed is not None)

    assert page.closed == 1009


async def test_an_argument_longer_than_its_handler_allows_is_refused(site: Site, stranger: str) -> None:
    """An id that is too long is refused before it is stored."""
    async with page_socket(site.url, stranger) as page:
        await page.boot()
        await page.send(named(MembersState, "ask"), {"member_id": "marker" * 100})
        await page.send(named(MembersState, "ask"), {"member_id": "another"})
        await page.until(lambda: "another" in page.heard)

    assert "marker" not in page.heard
