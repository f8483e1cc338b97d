"""No request blocks the event loop: each route and handler with its longest input, in a large project."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.accounts import sessions
from scriptwriter.services.ideas import verdicts
from scriptwriter.services.transfer.file_format import MOST_BYTES
from scriptwriter.web.room.room_state import BrainstormState
from tests.security.conftest import Site
from tests.security.requests import filled, fitting
from tests.security.rights import HANDLERS
from tests.security.test_handlers import ALL as ALL_HANDLERS
from tests.security.test_routes import ALL as ALL_ROUTES
from tests.support.large_project import grow
from tests.support.page_sockets import PageSocket, named, page_socket, project_place
from tests.support.scenes import Scene, Target, arguments
from tests.support.slow_callbacks import LoopWatch

MOST = 0.2
"""The longest time in seconds for which a callback may block the loop, and with it /healthz."""
HARD = '<picks>\n\r- a\u0301<brief>{"title":"","[=\\\\"; ,/#\u3000字'
"""Slow for parsers that look for an end: many delimiters begin, and none is closed."""
EXPORTS = [
    {"format": format, "ideas": ideas}
    for format in ("text", "markdown", "word", "json")
    for ideas in ("all", "keepers")
]
DESTRUCTIVE = ("delete", "DELETE", "archive", "sign_out", "sign-out", "change_password", "revoke", "restore")
"""Parts of the names of requests that end the project or the session; they are sent last."""

STREAMING = ("BrainstormState.watch", "LineageState.watch")
"""Events that run in the background and send the project's batches."""


@pytest.fixture
def slow_callbacks(site: Site) -> LoopWatch:
    """The slow callbacks of the site."""
    return LoopWatch(site.web.log.with_name("loop.log"))


@pytest.fixture
async def large(site: Site, attacked: Scene) -> Target:
    """A project of the greatest size, in the site's database."""
    return await grow(attacked, site.database_url)


@pytest.fixture
async def answers_meanwhile(site: Site) -> AsyncIterator[None]:
    """Request /healthz continuously during the test; every answer must be a 200."""
    wrong: list[object] = []

    async def ask() -> None:
        async with site.client() as client:
            while True:
                answer = await client.get("/healthz", timeout=30)
                if answer.status_code != 200:
                    wrong.append(answer.text)
                await asyncio.sleep(0.02)

    asking = asyncio.create_task(ask())
    yield
    assert not asking.done()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert wrong == []


async def test_no_route_blocks_the_event_loop(
    site: Site, attacked: Scene, large: Target, slow_callbacks: LoopWatch, answers_meanwhile: None
) -> None:
    """Each route gets a valid request, and requests with the longest values that it accepts."""
    blocked = {}
    token = await sessions.open_session(attacked.room.owner)
    headers = {"Cookie": f"{COOKIE}={token}", "Origin": site.url}
    async with site.client(headers) as client:
        client.timeout = httpx.Timeout(120)
        for name in _ordered(ALL_ROUTES):
            for request in _requests(name, large):
                seconds, what = await slow_callbacks.longest(partial(_ask, client, request), MOST)
                if seconds > MOST:
                    blocked[f"{name} {str(request)[:200]}"] = (seconds, what)

    assert blocked == {}


@pytest.mark.parametrize("path", ["/", "/api/projects", "/api/session/sign-out", "/_event/"])
async def test_no_cookie_blocks_the_event_loop(
    site: Site, attacked: Scene, slow_callbacks: LoopWatch, path: str
) -> None:
    """A quoted value with as many escapes as a request head holds, for every reader of cookies."""
    cookie = f'{COOKIE}="' + "\\\\" * 15_000 + '"'

    async def ask() -> None:
        if path == "/_event/":
            async with page_socket(site.url, cookie.partition("=")[2]):
                return
        async with site.client({"Cookie": cookie, "Accept": "text/html", "Origin": site.url}) as client:
            await _ask(client, {"method": "POST" if "sign" in path else "GET", "url": path, "timeout": 60})

    assert await slow_callbacks.longest(ask, MOST) < (MOST, "")


async def test_no_handler_blocks_the_event_loop(
    site: Site, attacked: Scene, large: Target, slow_callbacks: LoopWatch, answers_meanwhile: None
) -> None:
    """A tab that follows the project sends valid arguments, and the longest texts that a page may send."""
    blocked = {}
    cookie = await sessions.open_session(attacked.room.owner)
    async with AsyncExitStack() as stack:
        tab = await _open(stack, site, cookie, large)
        for name in _ordered([name for name in ALL_HANDLERS if HANDLERS.get(name) != "server"]):
            state, handler_name = ALL_HANDLERS[name]
            fits = arguments(state.event_handlers[handler_name].fn, large)
            for payload in (fits, _longest(fits)):
                if tab.closed is not None:
                    tab = await _open(stack, site, cookie, large)
                seconds, what = await slow_callbacks.longest(partial(_send, tab, name, payload, large), MOST)
                if seconds > MOST:
                    blocked[f"{name} {str(payload)[:100]}"] = (seconds, what)

    assert blocked == {}


async def test_updates_arrive_while_heavy_requests_are_answered(
    site: Site, attacked: Scene, large: Target, answers_meanwhile: None
) -> None:
    """One person exports the project to Word repeatedly, while another person's pick arrives at once."""
    owner, colleague = attacked.room.owner, attacked.room.collaborator
    cookie = await sessions.open_session(owner)

    async def export_for_ever() -> None:
        async with site.client({"Cookie": f"{COOKIE}={cookie}"}) as client:
            while True:
                path = f"/api/projects/{large.project_id}/export?format=word&ideas=all"
                assert (await client.get(path, timeout=120)).status_code == 200

    exporting = asyncio.create_task(export_for_ever())
    try:
        async with AsyncExitStack() as stack:
            tab = await _open(stack, site, cookie, large)
            before = len(tab.frames)
            await verdicts.pick(large.project_id, IdeaRef(large.artifact_id, 4), "keep", colleague)
            await tab.until(lambda: _received(tab, "cards_rx_state_", before))
            assert tab.closed is None and not exporting.done()
    finally:
        exporting.cancel()
        await asyncio.gather(exporting, return_exceptions=True)


async def _ask(client: httpx.AsyncClient, request: dict[str, Any]) -> None:
    answer = await client.request(**request)
    assert answer.status_code not in (500, 502), answer.text[:500]
    # After this answer, the callbacks of the request before it have ended.
    await client.get("/healthz")


async def _send(tab: PageSocket, name: str, payload: dict[str, Any], target: Target) -> None:
    state, handler = ALL_HANDLERS[name]
    before = len(tab.frames)
    await tab.send(named(state, handler), payload, project_place(target.project_id))
    if name in STREAMING:
        await tab.until(lambda: _received(tab, target.artifact_id, before))
    await tab.settle()


async def _open(stack: AsyncExitStack, site: Site, cookie: str, target: Target) -> PageSocket:
    """A tab that is subscribed to the project."""
    tab = await stack.enter_async_context(page_socket(site.url, cookie))
    await tab.boot(project_place(target.project_id))
    await tab.send(named(BrainstormState, "watch"), place=project_place(target.project_id))
    await tab.until(lambda: _received(tab, target.artifact_id))
    return tab


def _received(tab: PageSocket, words: str, since: int = 0) -> bool:
    return any(words in frame for frame in tab.frames[since:])


def _ordered(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: any(each in name for each in DESTRUCTIVE))


def _requests(name: str, target: Target) -> list[dict[str, Any]]:
    """The requests to send to a route, as keyword arguments of httpx."""
    method, path = name.split(" ")
    known: dict[str, Any] = {"method": method, "url": filled(path, target)}
    fits = fitting(name, target)
    asked = [known | fits]
    if path.endswith("/export"):
        asked = [known | {"params": params} for params in EXPORTS]
    long = quote(HARD * 40)[:7_000]
    heads = {
        "User-Agent": b"\xe9" * 9_000,
        "Accept-Language": "a;q=1," * 1_500,
        "X-Forwarded-For": "::1," * 2_000,
    }
    asked.append({"method": method, "url": path.replace("{", long[:500]).replace("}", ""), "headers": heads})
    asked.append(known | {"params": {"search": long}} if method in ("GET", "DELETE") else known)
    if method not in ("GET", "DELETE"):
        fields = _longest(
            fits.get("json", {}) | {"name": "", "next": "", "username": "", "password": ""}, 240_000
        )
        form = {name: str(value)[:60_000] for name, value in fields.items()}
        asked += [known | {"json": fields}, known | {"data": form}, known | {"content": b"[" * 250_000}]
    if path.endswith("/import"):
        asked += [known | {"content": content} for content in _files()]
    return asked


def _files() -> list[bytes]:
    """Import files of the largest size that are slow to parse."""
    whole = {"format": "scriptwriter-project", "project": {"name": "a", "description": HARD * 40}}
    return [
        content[:MOST_BYTES]
        for content in (
            b"[" * MOST_BYTES,
            b'{"a":' * (MOST_BYTES // 5),
            b"[" + b"1e9," * (MOST_BYTES // 4),
            b'"' + b"\\ud800" * (MOST_BYTES // 6),
            json.dumps(whole | {"artifacts": [{"id": HARD} for _ in range(MOST_BYTES // 120)]}).encode(),
        )
    ]


def _longest(payload: dict[str, Any], most: int = 270_000) -> dict[str, Any]:
    """The same payload with texts as long as a message may be."""
    number = sum(len(value) if isinstance(value, dict) else 1 for value in payload.values())
    text = (HARD * 10_000)[: min(190_000, most // 3 // max(number, 1))]

    def long(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: long(each) for name, each in value.items()}
        return text if isinstance(value, str) else value

    return {name: long(value) for name, value in payload.items()}
