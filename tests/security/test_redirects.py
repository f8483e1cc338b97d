"""No answer and no form sends a browser to another site, however the address is spelled."""

import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from scriptwriter.api.http_app import create
from scriptwriter.api.middleware.origins import inside, kept_here
from scriptwriter.api.middleware.request_guard import RequestGuard
from tests.security.conftest import Site
from tests.security.rights import ROUTES

BUN = str(Path(sys.executable).with_name("bun"))
HOST = "localhost:8000"
HOSTS_OF = """
const [base, locations] = JSON.parse(await Bun.stdin.text())
const host = (text) => { try { return new URL(text, base).host } catch { return "" } }
console.log(JSON.stringify(locations.map(host)))
"""
SLASHES = [
    "/",
    "//",
    "///",
    "/\\",
    "\\",
    "/%2f",
    "/%2F%2f",
    "/%5c",
    "/%5C/",
    "/\t/",
    "/\n/",
    "/;/",
    "/@",
    "//@",
]
SLASHES += ["/\u2044", "/\uff0f", "/%E2%88%95", "/.//", "/..//", "http://", "https:", "javascript:"]
ENDS = ["/projects", "/..%2fprojects", "/%2e%2e%2fprojects", "/../projects", "/projects/..", "\\..\\projects"]
ADDRESSES = [f"{slashes}evil.example{end}" for slashes, end in product(SLASHES, ENDS)]
CLIMBS = [f"{slashes}{page}" for slashes, page in product(SLASHES, ["projects", "evil.example", ""])]


@pytest.fixture
def site_with_pages(tmp_path: Path) -> ASGIApp:
    """The request guard in front of the API and of static pages, as in a production build."""
    (tmp_path / "projects").mkdir()
    (tmp_path / "projects" / "index.html").write_text("the projects")
    api = create()
    api.router.routes.append(Mount("/", StaticFiles(directory=tmp_path, html=True)))

    async def nothing(*_: object) -> None:
        return None

    return RequestGuard(api, admit=nothing, forget=nothing)  # pyright: ignore[reportArgumentType]: no websocket comes


async def test_no_spelling_of_an_address_redirects_to_another_site(site_with_pages: ASGIApp) -> None:
    """Before, inside and after the path of a page, of a route, and of an unknown path."""
    routes = [re.sub(r"\{.*?\}", "x", name.split(" ")[1]) for name in ROUTES]
    behind = [
        f"{slashes}evil.example{route}{end}" for slashes in SLASHES for route in routes for end in ("", "/")
    ]
    trailing = [f"{route}{slashes}evil.example" for slashes in SLASHES for route in routes]

    found = {
        path: await _location(site_with_pages, path) for path in [*ADDRESSES, *CLIMBS, *behind, *trailing]
    }

    _all_stay({path: location for path, location in found.items() if location is not None})


async def test_a_page_without_its_slash_is_still_found(site_with_pages: ASGIApp) -> None:
    """The only redirect that the pages need."""
    assert await _location(site_with_pages, "/projects") == "/projects/"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/..%2fprojects",
        "//projects",
        "/%2fprojects",
        "/projects%5c",
        "/projects\\",
        "/a%0db",
        "http://x/",
    ],
)
async def test_an_ambiguous_path_is_not_found(site_with_pages: ASGIApp, path: str) -> None:
    """It is refused before any route reads it."""
    status, _headers = await _answer(site_with_pages, path)

    assert status == 404


@pytest.mark.parametrize("route", ["sign-out", "sign-in", "register"])
async def test_the_next_page_of_a_form_is_on_this_site(site: Site, route: str) -> None:
    """The client chooses `next`, and tries every spelling of another site."""
    found = {}
    async with site.client({"Origin": site.url}) as client:
        for next in [*ADDRESSES, *CLIMBS]:
            answer = await client.post(f"/api/session/{route}", data={"next": next})
            assert answer.status_code == 303
            found[next] = answer.headers["location"]

    _all_stay(found, site.url)


SPELLINGS = st.text(st.sampled_from("/\\\t\n\r ;:@?#%.ae25cf\u2044\uff0f\x00") | st.characters(), max_size=30)


def test_a_checked_address_stays_on_this_site_for_a_browser() -> None:
    """One function checks `next`, the Location header, and the addresses that pages open."""
    tried: dict[str, str] = {}

    @given(
        SPELLINGS, st.sampled_from(["", "/", "//", "http://localhost:8000", "http:", "https://evil.example"])
    )
    def try_one(text: str, start: str) -> None:
        tried[text] = inside(text)
        tried[start + text] = kept_here(start + text, HOST)

    try_one()

    _all_stay(tried)


async def _location(app: ASGIApp, path: str) -> str | None:
    return (await _answer(app, path))[1].get("location")


async def _answer(app: ASGIApp, path: str) -> tuple[int, dict[str, str]]:
    """Status and headers of GET `path`.

    The path is sent unchanged, where an HTTP client would normalize it.
    """
    raw, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", HOST.encode())],
        "server": ("localhost", 8000),
        "client": ("192.0.2.1", 1),
    }
    sent = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0].get("headers", ())}
    return sent[0]["status"], headers


def _all_stay(found: dict[str, str], base: str = f"http://{HOST}") -> None:
    """Check that each value leads to this site when a browser resolves it; bun has the URL
    class of WHATWG.
    """
    asked = json.dumps([f"{base}/somewhere/", list(found.values())])
    ran = subprocess.run([BUN, "-e", HOSTS_OF], input=asked, capture_output=True, text=True, check=True)
    hosts = json.loads(ran.stdout)
    own = base.partition("://")[2]
    assert {
        name: value for (name, value), host in zip(found.items(), hosts, strict=True) if host != own
    } == {}
