"""Who may use which route of the HTTP API, and which error everybody else receives."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.api.http_app import create
from scriptwriter.services.accounts import api_tokens
from tests.support.programs import HOME, bearer, client, cookie, problem, program_of
from tests.support.rooms import Room
from tests.support.rows import rows

NAME = {"name": "一个新名字"}
START = {"projectId": "{project}", "params": {"platform": "抖音", "genre": "悬疑"}}
OF_PROJECT = {"projectId": "{project}"}

# For each route: the request body, and the roles that may use it (None: every signed-in person).
ALL, EDITORS, OWNERS = ("owner", "collaborator", "viewer"), ("owner", "collaborator"), ("owner",)
ROUTES: dict[tuple[str, str], tuple[Any, tuple[str, ...] | None]] = {
    ("GET", "/api/projects"): (None, None),
    ("POST", "/api/projects"): (NAME, None),
    ("GET", "/api/projects/{project}"): (None, ALL),
    ("PATCH", "/api/projects/{project}"): (NAME, OWNERS),
    ("DELETE", "/api/projects/{project}"): (None, OWNERS),
    ("POST", "/api/projects/{project}/restore"): (None, OWNERS),
    ("POST", "/api/projects/import"): (None, None),
    ("GET", "/api/projects/{project}/export?format=json"): (None, ALL),
    ("GET", "/api/projects/{project}/flow"): (None, ALL),
    ("GET", "/api/projects/{project}/members"): (None, ALL),
    ("POST", "/api/projects/{project}/members"): ({"username": "stranger", "role": "viewer"}, OWNERS),
    ("PATCH", "/api/projects/{project}/members/viewer"): ({"role": "collaborator"}, OWNERS),
    ("DELETE", "/api/projects/{project}/members/someone"): (None, OWNERS),
    ("GET", "/api/projects/{project}/invitations"): (None, ALL),
    ("DELETE", "/api/projects/{project}/invitations/an-invitation"): (None, OWNERS),
    ("GET", "/api/invitations"): (None, None),
    ("POST", "/api/invitations/of-somebody/accept"): (None, None),
    ("POST", "/api/invitations/of-somebody/decline"): (None, None),
    ("POST", "/api/brainstorm/start"): (START, EDITORS),
    ("POST", "/api/brainstorm/a-run/stop"): (OF_PROJECT, EDITORS),
    ("POST", "/api/brainstorm/a-run/retry"): (OF_PROJECT, EDITORS),
    ("POST", "/api/brainstorm/a-run/fill-in"): (OF_PROJECT, EDITORS),
    ("GET", "/api/electric/v1/shape?project_id={project}&shape=artifacts&offset=-1"): (None, ALL),
}
IN_A_PROJECT = [route for route, (_, roles) in ROUTES.items() if roles is not None]
CHANGES = [route for route in ROUTES if route[0] != "GET"]
UNKNOWN_IDS = ["no-such-project", "%00", "half-%ED%A0%80", "%2E%2E", "a b", "x" * 300, "' OR 1=1 --"]


async def send(
    http: httpx.AsyncClient, route: tuple[str, str], project_id: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Send the request of ROUTES for this route and project."""
    method, path = route
    body = ROUTES[route][0]
    if body is not None:
        body = {name: project_id if value == "{project}" else value for name, value in body.items()}
    return await http.request(method, path.replace("{project}", project_id), json=body, headers=headers)


def execute(url: str, query: str, *parameters: object) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(query.encode(), parameters)


def test_every_route_is_in_this_table() -> None:
    """A new route must be added to ROUTES, so that the tests of this file cover it."""
    paths = create().openapi()["paths"]
    signed = {
        (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation.get("security")
    }
    form = r"/(members/)\w+$", r"brainstorm/a-run"
    known = {(method, re.sub(form[0], r"/\1{user_id}", path.partition("?")[0])) for method, path in ROUTES}
    known = {(m, re.sub("an-invitation|of-somebody", "{invitation_id}", path)) for m, path in known}
    known = {
        (method, re.sub(form[1], "brainstorm/{transform_id}", path).replace("{project}", "{project_id}"))
        for method, path in known
    }

    assert signed == known


async def test_every_route_refuses_requests_without_a_valid_credential(room: Room) -> None:
    """Without a credential, with an unknown cookie or with an unknown token, the answer is 401."""
    async with client() as http:
        for route in ROUTES:
            nothing = await send(http, route, room.project_id)
            wrong_cookie = await send(http, route, room.project_id, {"cookie": f"{COOKIE}=nonsense"})
            wrong_token = await send(http, route, room.project_id, {"authorization": "Bearer sw_nonsense"})

            assert problem(nothing) == problem(wrong_cookie) == (401, "signed_out"), route
            assert problem(wrong_token) == (401, "token_rejected"), route
            for answer in (nothing, wrong_cookie, wrong_token):
                assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_valid_cookie_does_not_help_a_wrong_token(room: Room) -> None:
    """A request with a bearer token is judged by that token alone."""
    async with client(await cookie(room.owner)) as http:
        for token in ("", "sw_", "sw_x", "x", "sw_é", "a b"):
            header = f"bearer {token}".encode("latin-1")

            answer = await http.get("/api/projects", headers=[(b"authorization", header)])

            assert problem(answer) == (401, "token_rejected"), token


async def test_basic_authorization_does_not_replace_the_cookie(room: Room) -> None:
    """A proxy in front of the site may require HTTP Basic authentication."""
    async with client(await cookie(room.owner)) as http:
        answer = await http.get("/api/projects", headers={"authorization": "Basic dXNlcjpwYXNz"})

    assert answer.status_code == 200


async def test_revoked_tokens_and_disabled_people_are_refused(connected: str, room: Room) -> None:
    """This holds from the next request on."""
    async with client(await bearer(room.owner)) as http, client(await cookie(room.viewer)) as browser:
        before = [await http.get("/api/projects"), await browser.get("/api/projects")]
        [token] = await api_tokens.mine(room.owner)
        await api_tokens.revoke(room.owner, token.id)
        execute(connected, "UPDATE users SET status = 'disabled' WHERE id = %s", room.viewer)

        after = [await http.get("/api/projects"), await browser.get("/api/projects")]

    assert [answer.status_code for answer in before] == [200, 200]
    assert [problem(answer) for answer in after] == [(401, "token_rejected"), (401, "signed_out")]


async def test_an_expired_session_is_refused(connected: str, room: Room) -> None:
    """An expired session is answered like one that never existed."""
    async with client(await cookie(room.owner)) as browser:
        past = datetime.now(UTC) - timedelta(seconds=1)
        execute(connected, "UPDATE user_sessions SET expires_at = %s", past)

        answer = await browser.get("/api/projects")

    assert problem(answer) == (401, "signed_out")


async def test_a_cookie_changes_nothing_when_another_site_sends_it(connected: str, room: Room) -> None:
    """A browser attaches the cookie to requests that any page makes, so the origin must match."""
    before = rows(connected, "SELECT * FROM projects")
    async with client(await cookie(room.owner)) as browser:
        for route in CHANGES:
            for headers in ({}, {"origin": "https://elsewhere.example"}, {"origin": "null"}):
                answer = await send(browser, route, room.project_id, headers)

                assert problem(answer) == (403, "origin_not_allowed"), (route, headers)

    assert rows(connected, "SELECT * FROM projects") == before
    assert rows(connected, "SELECT * FROM transforms") == []


@pytest.mark.parametrize("who", [cookie, bearer])
async def test_own_pages_and_programs_with_a_token_may_change_projects(room: Room, who: Any) -> None:
    """A page is recognised by its origin. A request with a token may have any origin."""
    origin = HOME if who is cookie else "https://elsewhere.example"
    async with client(await who(room.owner)) as http:
        answer = await http.post("/api/projects", json=NAME, headers={"origin": origin})

    assert answer.status_code == 201


async def test_a_stranger_cannot_tell_a_foreign_project_from_a_missing_one(room: Room) -> None:
    """Both answers are identical, byte by byte, on every route."""
    async with program_of(room.stranger) as http:
        for route in IN_A_PROJECT:
            theirs = await send(http, route, room.project_id)
            nobodys = await send(http, route, "no-such-project")

            assert problem(theirs) == problem(nobodys) == (404, "project_not_found"), route
            assert theirs.content == nobodys.content


@pytest.mark.parametrize("route", IN_A_PROJECT, ids=" ".join)
async def test_a_role_that_is_too_low_is_refused_with_403(room: Room, route: tuple[str, str]) -> None:
    """A member whose role suffices never receives 401 or 403."""
    may = ROUTES[route][1]
    assert may is not None
    for role in reversed(ALL):
        async with program_of(getattr(room, role)) as http:
            answer = await send(http, route, room.project_id)
        if role in may:
            assert answer.status_code not in (401, 403), answer.text
            assert "private" in answer.headers["cache-control"]
        else:
            code = "not_allowed" if role == "viewer" else "owners_only"
            assert problem(answer) == (403, code)


async def test_an_invalid_project_id_is_not_found(room: Room) -> None:
    """It causes neither an internal error nor an error message of the database."""
    async with program_of(room.owner) as http:
        for route in IN_A_PROJECT:
            for project_id in UNKNOWN_IDS:
                answer = await send(http, route, project_id)

                assert problem(answer) == (404, "project_not_found"), (route, project_id)


async def test_a_deleted_project_is_not_found_until_it_is_restored(room: Room) -> None:
    """This holds even for the owner who deleted it."""
    async with program_of(room.owner) as http:
        deleted = await http.delete(f"/api/projects/{room.project_id}")
        answers = [
            await send(http, route, room.project_id) for route in IN_A_PROJECT if "restore" not in route[1]
        ]
        restored = await http.post(f"/api/projects/{room.project_id}/restore")
        again = await http.get(f"/api/projects/{room.project_id}")

    assert (deleted.status_code, restored.status_code, again.status_code) == (204, 204, 200)
    assert {problem(answer) for answer in answers} == {(404, "project_not_found")}
