"""Bodies that the HTTP API refuses: the answer names the fields and the reasons, in the sender's language."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from scriptwriter.api.http_app import create
from scriptwriter.api.middleware.body_limit import BODY_LIMIT, MOST_DROPPED
from scriptwriter.store import database
from tests.support.programs import JSON, bearer, blamed, client, problem, program_of, served
from tests.support.rooms import Room
from tests.support.rows import rows
from tests.support.web import free_port

PARAMS = {"platform": "抖音", "genre": "穿越, 爽文", "other_requirements": "女主是现代 CEO", "count": 3}
WRONG_PARAMS: list[tuple[Any, list[str]]] = [
    ({}, ["params.genre", "params.platform"]),
    ({**PARAMS, "platform": 5}, ["params.platform"]),
    ({**PARAMS, "platform": None, "genre": ["穿越"]}, ["params.genre", "params.platform"]),
    ({**PARAMS, "platform": "", "genre": " \u3000\n"}, ["params.genre", "params.platform"]),
    ({**PARAMS, "platform": "x" * 101, "other_requirements": "x" * 20_001},
     ["params.other_requirements", "params.platform"]),
    ({**PARAMS, "other_requirements": None}, ["params.other_requirements"]),
    ({**PARAMS, "platform": "\x00"}, ["params.platform"]),
    ({**PARAMS, "count": "5"}, ["params.count"]),
    ({**PARAMS, "count": 0}, ["params.count"]),
    ({**PARAMS, "count": 11}, ["params.count"]),
    ({**PARAMS, "count": 2.5}, ["params.count"]),
    ({**PARAMS, "count": True}, ["params.count"]),
    ({**PARAMS, "count": 10**30}, ["params.count"]),
    ({**PARAMS, "count": float("nan")}, ["params.count"]),
    ({**PARAMS, "otherRequirements": "x", "<b>": 1}, ["params.<b>", "params.otherRequirements"]),
    ([], ["params"]),
    ("抖音", ["params"]),
    (None, ["params"]),
]  # fmt: skip
NOT_JSON = [b"", b"{", b"\xff\xfe", b'{"name": "x"', b"[" * 50_000, b'{"name": ' + b"9" * 5_000 + b"}"]
WRONG_BODIES: list[tuple[str, str, Any, list[str]]] = [
    ("POST", "/api/projects", {}, ["name"]),
    ("POST", "/api/projects", {"name": 1, "description": []}, ["description", "name"]),
    ("POST", "/api/projects", {"name": " "}, ["name"]),
    ("POST", "/api/projects", {"name": "长" * 201}, ["name"]),
    ("POST", "/api/projects", {"name": "x", "description": "长" * 2_001}, ["description"]),
    ("POST", "/api/projects", {"name": "x", "owner": "y"}, ["owner"]),
    ("POST", "/api/projects", [], ["body"]),
    ("PATCH", "/api/projects/{project}", {}, ["body"]),
    ("PATCH", "/api/projects/{project}", {"name": None}, ["name"]),
    ("PATCH", "/api/projects/{project}", {"archived": "yes", "id": "x"}, ["archived", "id"]),
    ("PATCH", "/api/projects/{project}", {"name": "", "description": "x"}, ["name"]),
    ("POST", "/api/projects/{project}/members", {}, ["role", "username"]),
    ("POST", "/api/projects/{project}/members", {"username": "stranger", "role": "admin"}, ["role"]),
    ("POST", "/api/projects/{project}/members", {"username": "nobody", "role": "viewer"}, ["username"]),
    ("POST", "/api/projects/{project}/members", {"username": {}, "role": "viewer"}, ["username"]),
    ("PATCH", "/api/projects/{project}/members/viewer", {"role": None}, ["role"]),
    ("POST", "/api/brainstorm/start", {}, ["params", "projectId"]),
    ("POST", "/api/brainstorm/start", {"projectId": 1, "params": PARAMS}, ["projectId"]),
    ("POST", "/api/brainstorm/start", {"project_id": "x", "params": PARAMS}, ["projectId", "project_id"]),
    ("POST", "/api/brainstorm/a-run/stop", {}, ["projectId"]),
    ("POST", "/api/brainstorm/a-run/fill-in", {"projectId": None}, ["projectId"]),
    ("POST", "/api/brainstorm/a-run/retry", {"projectId": "{project}", "idea": 0}, ["idea"]),
    ("POST", "/api/brainstorm/a-run/retry", {"projectId": "{project}", "idea": "1", "rephrase": 1},
     ["idea", "rephrase"]),
]  # fmt: skip


async def test_an_invalid_brief_is_refused_with_all_its_invalid_fields(connected: str, room: Room) -> None:
    """Nothing starts."""
    async with program_of(room.owner) as http:
        for params, fields in WRONG_PARAMS:
            body = json.dumps({"projectId": room.project_id, "params": params})

            answer = await http.post("/api/brainstorm/start", content=body, headers=JSON)

            assert blamed(answer) == fields, params

    assert rows(connected, "SELECT id FROM transforms") == []


async def test_an_invalid_body_is_refused_with_its_invalid_fields(connected: str, room: Room) -> None:
    """Each route that takes a body does so, and changes nothing."""
    tables = ("projects", "projects_users", "transforms")
    before = [rows(connected, f"SELECT * FROM {table}") for table in tables]
    async with program_of(room.owner) as http:
        for method, path, body, fields in WRONG_BODIES:
            body = json.loads(json.dumps(body).replace("{project}", room.project_id))

            answer = await http.request(method, path.replace("{project}", room.project_id), json=body)

            assert blamed(answer) == fields, (method, path, body)

    assert [rows(connected, f"SELECT * FROM {table}") for table in tables] == before


async def test_a_body_that_is_not_json_is_refused(room: Room) -> None:
    """It may be cut short, in another encoding, nested too deeply or of another content type."""
    async with program_of(room.owner) as http:
        for content in NOT_JSON:
            answer = await http.post("/api/projects", content=content, headers=JSON)
            assert blamed(answer) == ["body"], content[:20]
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = await http.post(
                "/api/projects", content=b'{"name": "x"}', headers={"content-type": kind}
            )
            assert blamed(answer) == ["body"], kind


async def test_lone_surrogates_are_replaced_before_a_text_is_stored(room: Room) -> None:
    """JSON escapes can spell lone surrogates, which PostgreSQL cannot store, in any field."""
    params = rb'{"platform": "a\ud800", "genre": "b\udfff", "other_requirements": "\ud83d"}'
    start = rb'{"projectId": "%s", "params": ' + params + b"}"
    async with program_of(room.owner) as http:
        named = await http.post("/api/projects", content=rb'{"name": "half \ud800"}', headers=JSON)
        project = await http.get(f"/api/projects/{named.json()['projectId']}")
        started = await http.post(
            "/api/brainstorm/start", content=start % room.project_id.encode(), headers=JSON
        )
        elsewhere = await http.post("/api/brainstorm/start", content=start % rb"\ud800", headers=JSON)
        added = await http.post(
            f"/api/projects/{room.project_id}/members",
            content=rb'{"username": "\ud800", "role": "viewer"}',
            headers=JSON,
        )

    assert project.json()["name"] == "half ?"
    assert started.status_code == 202
    assert problem(elsewhere) == (404, "project_not_found")
    assert blamed(added) == ["username"]


@pytest.mark.parametrize(
    ("wish", "message", "reason"),
    [
        ("", "请求中有不合要求的内容", "必填"),
        ("fr, de;q=0.5", "请求中有不合要求的内容", "必填"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "请求中有不合要求的内容", "必填"),
        ("en;q=nonsense", "请求中有不合要求的内容", "必填"),
        ("zh-CN,en;q=0.5", "请求中有不合要求的内容", "必填"),
        ("en;q=0.1, zh-TW;q=0.5", "请求中有不合要求的内容", "必填"),
        ("en-GB", "Something in this request is not valid", "is required"),
        ("zh;q=0.2, EN;q=0.3", "Something in this request is not valid", "is required"),
    ],
)
async def test_error_messages_are_in_the_language_that_the_sender_accepts(
    room: Room, wish: str, message: str, reason: str
) -> None:
    """Chinese, unless Accept-Language prefers English."""
    async with program_of(room.owner) as http:
        answer = await http.post("/api/projects", json={}, headers={"accept-language": wish})

    assert answer.json() == {"message": message, "code": "invalid_request", "errors": {"name": [reason]}}


async def test_the_longest_allowed_brief_fits_into_the_body_limit(room: Room) -> None:
    """Written in JSON escapes it takes the most bytes."""
    params = {**PARAMS, "other_requirements": "😀" * 20_000}
    body = json.dumps({"projectId": room.project_id, "params": params}, ensure_ascii=True)
    async with program_of(room.owner) as http:
        answer = await http.post("/api/brainstorm/start", content=body, headers=JSON)

    assert answer.status_code == 202, answer.text


async def endless(sent: list[int]) -> AsyncIterator[bytes]:
    """A body without a length that ends only when the server stops reading."""
    yield b'{"name": "'
    while True:
        sent.append(64 * 1024)
        yield b"x" * sent[-1]


async def test_a_body_over_the_limit_is_refused(room: Room) -> None:
    """Content-Length, sender and path make no difference. The server stops reading soon after the limit."""
    sent: list[int] = []
    async with program_of(room.owner) as http, client() as stranger:
        long = await http.post("/api/projects", content=b" " * (BODY_LIMIT + 1), headers=JSON)
        chunked = await http.post("/api/projects", content=endless(sent), headers=JSON)
        unsigned = await stranger.post("/api/session/sign-out", content=endless([]))
        just = await http.post("/api/projects", content=b'{"name": "x"}'.ljust(BODY_LIMIT), headers=JSON)

    assert {problem(each) for each in (long, chunked, unsigned)} == {(413, "body_too_large")}
    assert sum(sent) <= MOST_DROPPED + 128 * 1024
    assert just.status_code == 201


async def test_a_real_server_refuses_a_large_body_and_keeps_serving(room: Room) -> None:
    """The body is sent over the network, with and without a Content-Length."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT // 1024 + 1):
            yield b" " * 1024

    async with served() as home, httpx.AsyncClient(base_url=home, headers=await bearer(room.owner)) as http:
        long = await http.post("/api/projects", content=b" " * (BODY_LIMIT + 1), headers=JSON)
        chunked = await http.post("/api/projects", content=chunks(), headers=JSON)
        after = await http.get("/api/projects")

    assert {problem(each) for each in (long, chunked)} == {(413, "body_too_large")}
    assert after.status_code == 200


async def test_an_internal_error_is_answered_with_one_plain_sentence(connected: str, room: Room) -> None:
    """The cause is logged and not sent."""
    async with program_of(room.owner) as http:
        with psycopg.connect(connected, autocommit=True) as connection:
            connection.execute("ALTER TABLE projects RENAME TO elsewhere")

        with capture_logs() as lines:
            answer = await http.get("/api/projects")

    assert problem(answer) == (500, "unexpected")
    assert answer.json()["message"] == "Something went wrong; please try again later"
    [line] = lines
    assert (line["event"], line["path"]) == ("request_failed", "/api/projects")
    assert line["exc_info"]


async def test_a_database_outage_is_answered_with_503_and_retry_after(room: Room) -> None:
    """The error does not say "signed out"."""
    headers = await bearer(room.owner)
    away = database.connect(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    async with client(headers) as http:
        answer = await http.get("/api/projects")
    await away.close()

    assert problem(answer) == (503, "service_away")
    assert answer.headers["retry-after"] == "5"


async def test_unknown_paths_and_methods_are_answered_in_the_same_form() -> None:
    """This also holds while the server of the pages is mounted beside the API."""
    api = create()
    api.mount("", Starlette())
    async with client(api=api) as http:
        unknown_paths = [
            await http.get(path) for path in ("/api/nothing", "/api/projects/", "/api/projects/a/b/c")
        ]
        wrong_methods = [await http.put("/api/projects"), await http.post("/api/projects/a/flow")]
        page = await http.get("/projects")

    assert {problem(answer) for answer in unknown_paths} == {(404, "not_found")}
    assert {problem(answer) for answer in wrong_methods} == {(405, "method_not_allowed")}
    assert [answer.headers["allow"] for answer in wrong_methods] == ["GET, POST", "GET"]
    assert page.text == "Not Found"
