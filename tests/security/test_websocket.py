"""The websocket of the running application, as somebody with a program of their own finds it."""

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
NO_FRAMES = (
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
"""What may come instead of a message."""


@pytest.mark.parametrize(
    "origin", [None, "null", "http://localhost:1", "http://localhost.evil.example", "https://localhost", "x"]
)
async def test_another_site_cannot_open_it(site: Site, stranger: str, origin: str | None) -> None:
    """Nor a program that names no site: a browser always does, and only it sends a cookie of itself."""
    with pytest.raises(Refused):
        async with page_socket(site.url, stranger, origin=origin):
            pass


async def test_the_page_itself_can_open_it(site: Site, stranger: str) -> None:
    """And its events are handled."""
    async with page_socket(site.url, stranger) as page:
        await page.boot()
        await page.settle()

        assert page.closed is None
        assert "language_rx_state_" in page.heard


@pytest.mark.parametrize("frame", NO_FRAMES, ids=lambda frame: repr(frame[:40]))
async def test_what_no_page_sends_closes_that_websocket_alone(
    site: Site, stranger: str, frame: str | bytes
) -> None:
    """Another tab of the same person goes on."""
    async with page_socket(site.url, stranger) as other, page_socket(site.url, stranger) as page:
        await other.boot()
        await page.boot()
        await page.settle()
        await page.say(frame)
        await page.until(lambda: page.closed is not None)
        await other.settle()

        assert page.closed in (1008, 1009)
        assert other.closed is None


async def test_a_flood_closes_that_websocket_alone(site: Site, stranger: str) -> None:
    """More than any page sends."""
    async with page_socket(site.url, stranger) as other, page_socket(site.url, stranger) as page:
        await other.boot()
        await page.boot()
        # Each after the answer to the one before: what a server has not read makes its last word get lost.
        for _ in range(1_000):
            if page.closed is None:
                await page.gets_frame_after(page.say('42/_event,["ping"]'))
        await other.settle()

        assert page.closed == 1008
        assert other.closed is None


async def test_many_unknown_events_close_it(site: Site, stranger: str) -> None:
    """A few are dropped one by one."""
    async with page_socket(site.url, stranger) as page:
        await page.boot()
        await page.send("reflex___state____state.no_such_handler")
        await page.settle()
        assert page.closed is None
        # Not one more than it takes: what a server has not read makes its last word get lost.
        for _ in range(MOST_REFUSED):
            await page.send("reflex___state____state.setvar", {"var_name": "is_hydrated", "value": 1})
        await page.until(lambda: page.closed is not None)

        assert page.closed == 1008


async def test_another_persons_client_token_opens_nothing_of_theirs(
    site: Site, stranger: str, attacked: Scene
) -> None:
    """A tab's token is its client's choice, not a secret: with another session it names another tab.

    The thief comes while the owner is there, and again after the owner has gone.
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


async def test_nothing_follows_a_session_that_was_ended_elsewhere(
    site: Site, attacked: Scene, stranger: str
) -> None:
    """A tab that stays open after its session's end is sent nothing that is written later."""
    target = attacked.targets[0]
    cookie = await sessions.open_session(attacked.room.viewer)
    place = project_place(target.project_id)
    async with page_socket(site.url, cookie) as tab:
        await tab.boot(place)
        await tab.send(named(BrainstormState, "watch"), place=place)
        await tab.until(lambda: SECRET in tab.heard)
        async with transaction() as session:
            await session.exec(delete(UserSession).where(col(UserSession.id) == sessions.token_hash(cookie)))
        # The database is asked again only when there is something to send.
        idea, verdicts = IdeaRef(target.artifact_id, 0), cycle(("keep", "none"))
        while "请先登录" not in tab.heard:
            await tab.gets_frame_after(pick(target.project_id, idea, next(verdicts), attacked.room.owner))
        before = len(tab.frames)
        await pick(target.project_id, idea, next(verdicts), attacked.room.owner)
        await tab.send(named(LanguageState, "switch_language"))
        await tab.settle()

        assert not any('"keepers' in frame for frame in tab.frames[before:])


async def test_headers_that_a_proxy_adds_are_not_told_to_the_page(site: Site, stranger: str) -> None:
    """Reflex gives a page all headers of its websocket but a few: here only what pages may know."""
    async with page_socket(site.url, stranger, **{"X-Internal-Key": "marker-of-a-proxy"}) as page:
        await page.boot()
        await page.settle()

        assert "marker-of-a-proxy" not in page.heard
        assert stranger not in page.heard


async def test_what_nobody_known_sends_is_short_and_leads_to_the_sign_in_page(
    site: Site, stranger: str
) -> None:
    """No handler of a page sees it; what is longer than that page sends closes the websocket."""
    place = {"pathname": "/account", "asPath": "/account"}
    async with page_socket(site.url) as page:
        await page.boot()
        await page.send(named(MembersState, "ask"), {"member_id": "marker"}, place)
        await page.until(lambda: "/sign-in?next=/account" in page.heard)
        assert "marker" not in page.heard
        await page.send(named(MembersState, "ask"), {"member_id": "😀" * 190_000}, place)
        await page.until(lambda: page.closed is not None)

    assert page.closed == 1009


async def test_an_argument_is_as_long_as_its_handler_says(site: Site, stranger: str) -> None:
    """An id of a person's is refused before it is kept."""
    async with page_socket(site.url, stranger) as page:
        await page.boot()
        await page.send(named(MembersState, "ask"), {"member_id": "marker" * 100})
        await page.send(named(MembersState, "ask"), {"member_id": "another"})
        await page.until(lambda: "another" in page.heard)

    assert "marker" not in page.heard
