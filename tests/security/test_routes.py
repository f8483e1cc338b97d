"""Every route of the running application, requested by people without the right to it; and the response
headers.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.api.http_app import create
from scriptwriter.api.middleware import security_headers
from scriptwriter.scriptwriter import CLOSED, app
from scriptwriter.services.accounts import api_tokens, sessions
from tests.security.conftest import Site
from tests.security.requests import filled, fitting
from tests.security.rights import READERS, ROUTES, WRITERS
from tests.support.database_dump import differences, dump
from tests.support.scenes import SECRET, Scene, Target, form, make_scene

HEADERS = {"content-security-policy", *security_headers.ALWAYS}


def _routes() -> Iterator[str]:
    for route in iter_route_contexts(create().routes):
        for method in sorted(set(getattr(route, "methods", None) or ()) - {"HEAD"}):
            yield f"{method} {route.path}"


ALL = list(_routes())


def test_every_route_says_who_may_use_it() -> None:
    """Anybody can request a new route, so its right must be decided first."""
    unknown, gone = sorted(set(ALL) - ROUTES.keys()), sorted(ROUTES.keys() - set(ALL))

    assert not unknown, f"add to ROUTES in tests/security/rights.py, each with its right: {unknown}"
    assert not gone, f"remove from ROUTES in tests/security/rights.py: {gone}"


def test_reflex_serves_nothing_of_its_own_but_the_websocket() -> None:
    """All other routes of Reflex are closed, including its file upload."""
    assert app._api is not None
    served = {getattr(route, "path", "") for route in app._api.routes}

    assert served - set(CLOSED) == {"/_event"}
    assert {"/ping", "/_health", "/_upload", "/_all_routes", "/auth-codespace"} <= set(CLOSED)


@pytest.mark.parametrize(
    "path", [*CLOSED, "/_upload/x", "/ping/", "/_event", "/_event/?EIO=4&transport=polling"]
)
async def test_closed_routes_answer_404(site: Site, path: str) -> None:
    """With every method."""
    async with site.client() as client:
        for method in ("GET", "POST", "PUT", "DELETE"):
            answer = await client.request(method, path)
            assert answer.status_code == 404
            assert answer.json() == {"detail": "Not Found"}


@pytest.mark.parametrize("who", ["nobody", "stranger", "viewer", "collaborator"])
async def test_a_route_reads_and_changes_only_what_its_caller_may(
    site: Site, attacked: Scene, who: str
) -> None:
    """With cookie and token, for every project, with its ids in the path, the query, a form and JSON."""
    errors_before, before = len(site.unexpected_errors()), dump(site.database_url)
    identities = [{}] if who == "nobody" else await _identities(site, getattr(attacked.room, who))
    async with site.client() as client:
        for name in ALL:
            right, (method, path) = ROUTES[name], name.split(" ")
            for target in attacked.targets:
                for headers in identities:
                    if who in WRITERS.get(right, ()):
                        continue
                    for body in [fitting(name, target), *_bodies(method, target)]:
                        answer = await client.request(method, filled(path, target), headers=headers, **body)
                        assert answer.status_code < 500, (name, answer.text)
                        assert who in READERS or SECRET not in answer.text, name
            after = dump(site.database_url)
            changed = differences(before, after)
            if right == "person" and who != "nobody":
                changed = [row for row in changed if any(each.project_id in row for each in attacked.targets)]
                before = after
            assert changed == [], name
    assert site.unexpected_errors()[errors_before:] == []


async def test_the_same_requests_by_an_owner_change_something(site: Site, attacked: Scene) -> None:
    """Otherwise the test above would prove nothing."""
    for number, name in enumerate(name for name in ALL if ROUTES.get(name) in WRITERS):
        scene = await make_scene(f"{number}-")
        _cookie, headers = await _identities(site, scene.room.owner)
        method, path = name.split(" ")
        before = dump(site.database_url)
        async with site.client(headers) as client:
            for target in scene.targets:
                await client.request(method, filled(path, target), **fitting(name, target))

        why = f"let fitting in tests/security/requests.py say with what {name} does something"
        assert differences(before, dump(site.database_url)), why


async def test_the_same_requests_by_a_viewer_return_something(site: Site, attacked: Scene) -> None:
    """Otherwise the test that others read nothing would prove nothing."""
    for headers in await _identities(site, attacked.room.viewer):
        async with site.client(headers) as client:
            for name in [name for name in ALL if ROUTES.get(name) == "reader"]:
                method, path = name.split(" ")
                target = attacked.targets[0]
                answer = await client.request(method, filled(path, target), **fitting(name, target))
                why = f"let fitting in tests/security/requests.py say with what {name} tells something"
                assert SECRET in answer.text, why


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost:1"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_another_site_cannot_act_for_a_signed_in_person(
    site: Site, attacked: Scene, method: str, origin: str | None
) -> None:
    """On every route, a cookie counts only together with the origin of this site."""
    token = await sessions.open_session(attacked.room.owner)
    headers = {"Cookie": f"{COOKIE}={token}"} | ({"Origin": origin} if origin else {})
    async with site.client(headers) as client:
        for path in {name.split(" ")[1] for name in ALL} | {"/projects", "/"}:
            answer = await client.request(method, filled(path, attacked.targets[0]))
            assert answer.status_code == 403, path
    assert await sessions.user_of_session(token) is not None


async def test_another_site_reads_nothing(site: Site) -> None:
    """CORS allows no origin but the application's own."""
    async with site.client() as client:
        for origin in ("http://evil.example", "null", "http://localhost:3000"):
            asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            for answer in (
                await client.get("/healthz", headers={"Origin": origin}),
                await client.options("/api/session/sign-out", headers=asks),
            ):
                assert "access-control-allow-origin" not in answer.headers
        own = await client.get("/healthz", headers={"Origin": site.url})
        assert own.headers["access-control-allow-origin"] == site.url


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/api/nothing", "/api/openapi.json", "/ping"])
async def test_every_response_has_the_security_headers(site: Site, path: str, method: str) -> None:
    """Pages, files, API responses, errors and refusals."""
    async with site.client() as client:
        answer = await client.request(method, path, headers={"Origin": site.url})

    assert set(answer.headers) >= HEADERS
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    scripts = [part for part in policy.split("; ") if part.startswith("script-src")]
    assert all("unsafe-inline" not in part and "http" not in part for part in scripts)
    if path.startswith("/api/"):
        assert "no-store" in answer.headers["cache-control"].split(", ")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/" + "x" * 9_000, {}, 414),
        ("/healthz?" + "x" * 9_000, {}, 414),
        ("/healthz", {"X-Long": "x" * 40_000}, 431),
        ("/healthz", {f"X-{number}": "x" * 500 for number in range(90)}, 431),
    ],
    ids=["path", "query", "header", "headers"],
)
async def test_an_oversized_head_is_refused(
    site: Site, path: str, headers: dict[str, str], status: int
) -> None:
    """The server answers before it reads the rest."""
    async with site.client() as client:
        answer = await client.get(path, headers=headers)

    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/api/projects/a%0Ab/flow", "/api/projects/x/members/%0A", "/api/%0A"])
async def test_a_line_feed_in_a_path_is_answered_with_404(site: Site, path: str) -> None:
    """The body has the API's error format."""
    async with site.client() as client:
        answer = await client.get(path)

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_a_redirect_never_uses_the_host_header(site: Site) -> None:
    """Otherwise caches could be poisoned, and https behind a proxy could become http."""
    async with site.client() as client:
        answer = await client.get("/api/session/sign-out/", headers={"Host": "evil.example"})

    assert "evil.example" not in answer.headers.get("location", "")


@pytest.mark.parametrize(
    "next", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"]
)
async def test_after_signing_out_a_person_stays_on_this_site(site: Site, attacked: Scene, next: str) -> None:
    """The client chooses the next page."""
    token = await sessions.open_session(attacked.room.owner)
    headers = {"Cookie": f"{COOKIE}={token}", "Origin": site.url}
    async with site.client(headers) as client:
        answer = await client.post("/api/session/sign-out", data={"next": next})

    assert answer.status_code == 303
    assert answer.headers["location"] in ("/", f"{site.url}/")


async def _identities(site: Site, person: str) -> list[dict[str, str]]:
    cookie, token = await sessions.open_session(person), await api_tokens.create(person, "attack")
    return [{"Cookie": f"{COOKIE}={cookie}", "Origin": site.url}, {"Authorization": f"Bearer {token}"}]


def _bodies(method: str, target: Target) -> list[dict[str, Any]]:
    if method in ("GET", "DELETE"):
        return [{"params": vars(target)}]
    fields = form(target) | vars(target)
    return [{"json": fields}, {"data": fields}, {"json": {}}, {"json": [fields]}, {"content": b"\xff\x00{"}]
