"""One person who sends as much as the application takes: nobody else notices, and it ends when they go."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import psutil
import pytest
from reflex.state import BaseState, OnLoadInternalState, State

from scriptwriter.api.middleware.websocket_connections import MOST_OF_A_PERSON
from scriptwriter.services.accounts import api_tokens, sessions
from scriptwriter.services.projects import catalog
from scriptwriter.web.kit.following import MOST_TABS
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.projects.projects_state import ProjectsState
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.presence_state import PresenceState
from scriptwriter.web.room.room_state import BrainstormState
from tests.security.conftest import Site
from tests.support.page_sockets import (
    PageSocket,
    Refused,
    named,
    page_socket,
    project_place,
    send_endless_message,
)
from tests.support.rows import rows
from tests.support.scenes import Scene, Target, arguments
from tests.support.waiting import eventually

FLOOD = 280
"""Events over one websocket at once: as many as it may send."""
PATIENCE = 10.0
"""Seconds in which another person's request has to be answered, on a machine that does other things too."""
FOLLOWERS: tuple[tuple[type[BaseState], str], ...] = (
    *((PresenceState, "watch"), (BrainstormState, "watch"), (MembersState, "watch")),
    *((LineageState, "watch"), (ProjectsState, "watch")),
)


def present(site: Site, person: str) -> int:
    """In how many tabs a person is seen in projects."""
    [row] = rows(site.database_url, "SELECT count(*) AS tabs FROM presence WHERE user_id = %s", person)
    return row["tabs"]


@asynccontextmanager
async def another_person(site: Site, attacked: Scene) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who uses the same application at the same time."""
    token = await api_tokens.create(attacked.room.collaborator, "program")
    async with site.client({"Authorization": f"Bearer {token}"}) as client:
        yield client


async def answered(client: httpx.AsyncClient) -> None:
    """Whether their list is answered as ever."""
    async with asyncio.timeout(PATIENCE):
        response = await client.get("/api/projects")
    assert response.status_code == 200


async def flood(page: PageSocket, calls: list[tuple[type[BaseState], str]], target: Target) -> None:
    """FLOOD events, these handlers in turn."""
    place = project_place(target.project_id)
    for number in range(FLOOD):
        state, name = calls[number % len(calls)]
        payload = arguments(state.event_handlers[name].fn, target)
        await page.send(named(state, name), payload, place)


@asynccontextmanager
async def tabs_of(site: Site, cookie: str, number: int) -> AsyncIterator[list[PageSocket]]:
    """So many open tabs of one person, as far as they are let in."""
    async with AsyncExitStack() as stack:
        pages: list[PageSocket] = []
        for _ in range(number):
            try:
                page = await stack.enter_async_context(page_socket(site.url, cookie))
            except Refused:
                continue
            await page.boot()
            pages.append(page)
        yield pages


async def test_a_tab_is_present_once_however_often_it_says_so(
    site: Site, stranger: str, attacked: Scene
) -> None:
    """A second `watch` replaces the first; none lives on after the websocket."""
    viewer, target = attacked.room.viewer, attacked.targets[0]
    cookie = await sessions.open_session(viewer)
    async with another_person(site, attacked) as other:
        async with page_socket(site.url, cookie) as page:
            await page.boot()
            await flood(page, [(PresenceState, "watch")], target)
            await page.settle()
            await eventually(lambda: present(site, viewer) == 1)
            await answered(other)
        await eventually(lambda: present(site, viewer) == 0, 10.0)


async def test_a_person_is_followed_in_some_tabs_only(site: Site, stranger: str, attacked: Scene) -> None:
    """A tab beyond the limit says so, and all of it ends when the tabs are closed."""
    viewer, place = attacked.room.viewer, project_place(attacked.targets[0].project_id)
    cookie = await sessions.open_session(viewer)
    async with another_person(site, attacked) as other:
        async with tabs_of(site, cookie, MOST_TABS + 5) as pages:
            for page in pages:
                await page.send(named(PresenceState, "watch"), place=place)
                await page.send(named(BrainstormState, "watch"), place=place)
            last = pages[-1]
            await last.until(lambda: f"你已经打开了 {MOST_TABS} 个页面" in last.heard)
            await eventually(lambda: present(site, viewer) == MOST_TABS)
            await answered(other)
        await eventually(lambda: present(site, viewer) == 0, 10.0)


@pytest.mark.parametrize(
    "calls",
    [
        [(MembersState, "watch")],
        [*FOLLOWERS],
        [(State, "hydrate_and_load"), (OnLoadInternalState, "on_load_internal")],
        [(ProjectsState, "load"), (ProjectsState, "look_for")],
        [(BrainstormState, "start_again"), (BrainstormState, "retry")],
        [(IdeasState, "pick"), (IdeasState, "move"), (IdeasState, "undo"), (IdeasState, "save")],
    ],
    ids=lambda calls: "+".join(name for _, name in calls),
)
async def test_a_flood_of_events_disturbs_nobody_else(
    site: Site, stranger: str, attacked: Scene, calls: list[Any]
) -> None:
    """Over four websockets of one person, while the project is renamed: others are answered."""
    target = attacked.targets[0]
    cookie = await sessions.open_session(attacked.room.viewer)
    async with another_person(site, attacked) as other, tabs_of(site, cookie, 4) as pages:
        flooding = asyncio.gather(*(flood(page, calls, target) for page in pages))
        for number in range(4):
            await catalog.change(target.project_id, attacked.room.owner, name=f"另一个名字 {number}")
            await answered(other)
        await flooding
        await answered(other)


async def test_two_hundred_requests_of_one_token_disturb_nobody_else(
    site: Site, stranger: str, attacked: Scene
) -> None:
    """Some of them wait, and some are refused; the other person's are neither."""
    token = await api_tokens.create(attacked.room.viewer, "program")
    async with another_person(site, attacked) as other, site.client() as client:
        client.headers["Authorization"] = f"Bearer {token}"
        asked = [asyncio.ensure_future(client.get("/api/projects", timeout=60)) for _ in range(200)]
        for _ in range(5):
            await answered(other)
        statuses = {response.status_code for response in await asyncio.gather(*asked)}

    assert statuses <= {200, 429}
    assert 200 in statuses


async def test_a_flood_of_nobody_known_disturbs_nobody_else(
    site: Site, stranger: str, attacked: Scene
) -> None:
    """Many anonymous websockets, with events of every page."""
    target = attacked.targets[0]
    async with another_person(site, attacked) as other, tabs_of(site, "", 30) as pages:
        flooding = asyncio.gather(*(flood(page, [*FOLLOWERS], target) for page in pages))
        for _ in range(5):
            await answered(other)
        await flooding
        await answered(other)
    assert rows(site.database_url, "SELECT 1 FROM presence") == []


async def test_a_connection_without_a_request_is_closed(site: Site) -> None:
    """Whether nothing comes, half a head, or nothing after an answer: a process has 1,024 connections."""

    async def closed(sent: bytes) -> None:
        reader, writer = await asyncio.open_connection("localhost", site.web.port)
        writer.write(sent)
        async with asyncio.timeout(2 * PATIENCE):
            while await reader.read(1_000):
                pass
        writer.close()

    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    await asyncio.gather(*(closed(sent) for sent in (b"", head[:3], head, head + b"\r\n")))


async def test_a_head_that_does_not_end_is_refused_before_it_is_large(site: Site) -> None:
    """The server holds it in memory until it is whole, for every connection that it serves."""
    reader, writer = await asyncio.open_connection("localhost", site.web.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 100_000)
    async with asyncio.timeout(2 * PATIENCE):
        answer = await reader.readline()
    writer.close()

    assert b" 431 " in answer


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux counts for us")
async def test_messages_that_never_end_hold_little_memory(site: Site, stranger: str, attacked: Scene) -> None:
    """Of a person with all their websockets: they are closed, though the server would take 64 MB of each."""
    processes = [*psutil.Process(site.web.process.pid).children(recursive=True)]
    before, most = _memory(processes), 0

    async def measure() -> None:
        nonlocal most
        while True:
            most = max(most, _memory(processes))
            await asyncio.sleep(0.02)

    async with another_person(site, attacked) as other:
        measuring = asyncio.create_task(measure())
        sending = [send_endless_message(site.url, stranger, 60) for _ in range(MOST_OF_A_PERSON)]
        sent = await asyncio.gather(*sending)
        measuring.cancel()
        await answered(other)

    assert max(sent) < 60
    assert most - before < 600 * 1024 * 1024


def _memory(processes: list[psutil.Process]) -> int:
    """Bytes that they hold together."""
    return sum(each.memory_info().rss for each in processes if each.is_running())
