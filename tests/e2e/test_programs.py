"""The HTTP API as the production build serves it, next to the pages."""

import asyncio
from typing import Any

import httpx

from scriptwriter.services.projects import catalog, memberships
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User
from tests.support.model_server import Answer, Gate, ModelServer, ideas_text, spoken
from tests.support.programs import bearer, problem
from tests.support.rooms import Room, join
from tests.support.shape_follower import SHAPE, caught_up, streaming
from tests.support.waiting import LIMIT, becomes_true, eventually
from tests.support.web import Web


async def people(name: str) -> Room:
    """A project of two people whose ids begin with `name`."""
    owner, viewer = f"{name}-owner", f"{name}-viewer"
    async with transaction() as session:
        session.add_all([User(id=each, username=each) for each in (owner, viewer)])
    project_id = await catalog.create(owner, "程序的项目")
    await join(project_id, viewer, "viewer", owner)
    return Room(project_id, owner, "", viewer, "")


async def test_a_program_starts_a_brainstorm_and_follows_it_live(
    web: Web, database: str, model: ModelServer
) -> None:
    """By server-sent events. The program of a colleague is disconnected when the colleague is removed."""
    room, gate = await people("program"), Gate()
    steps = spoken(ideas_text([1])).steps
    model.answers(Answer([*steps[:6], gate, *steps[6:]]))
    headers = await bearer(room.owner)
    async with (
        httpx.AsyncClient(base_url=web.url, headers=headers, timeout=LIMIT) as http,
        httpx.AsyncClient(base_url=web.url, headers=await bearer(room.viewer), timeout=LIMIT) as colleague,
        streaming(http, await caught_up(http, room)) as mine,
        streaming(colleague, await caught_up(colleague, room)) as theirs,
    ):
        params = {"platform": "抖音", "genre": "悬疑", "count": 1}
        body = {"projectId": room.project_id, "params": params}
        started = await http.post("/api/brainstorm/start", json=body)
        assert started.status_code == 202
        for stream in (mine, theirs):
            await eventually(lambda stream=stream: "故事" in stream.text, 2 * LIMIT)

        await memberships.remove(room.project_id, room.viewer, room.owner)
        async with asyncio.timeout(LIMIT):
            await theirs.ended.wait()
        seen_by_colleague = theirs.text
        gate.open()

        async def is_completed() -> Any:
            flow = await http.get(f"/api/projects/{room.project_id}/flow")
            [run] = flow.json()["runs"]
            return run["status"] == "completed" and run["ideas"]

        await becomes_true(is_completed, 2 * LIMIT)
        await eventually(lambda: "没有关" in mine.text)
        after = await colleague.get(SHAPE, params={"project_id": room.project_id, "shape": "artifacts"})

    assert "没有关" not in seen_by_colleague
    assert problem(after) == (404, "project_not_found")


async def test_the_api_and_the_pages_share_one_server(web: Web, database: str) -> None:
    """API errors have the API's format, also for a body that is too large; a page is HTML."""
    async with httpx.AsyncClient(base_url=web.url, timeout=LIMIT) as http:
        nothing = await http.get("/api/nothing")
        method = await http.put("/api/projects")
        unsigned = await http.get("/api/projects")
        large = await http.post("/api/projects", content=b" " * 3 * 2**20)
        docs = await http.get("/api/docs")
        described = await http.get("/api/openapi.json")
        page = await http.get("/projects/")

    assert [problem(each) for each in (nothing, method, unsigned, large)] == [
        (404, "not_found"),
        (405, "method_not_allowed"),
        (401, "signed_out"),
        (413, "body_too_large"),
    ]
    assert docs.status_code == 200 and docs.headers["content-type"].startswith("text/html")
    assert "/api/brainstorm/start" in described.json()["paths"]
    assert page.headers["content-type"].startswith("text/html")
