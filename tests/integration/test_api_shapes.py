"""Shapes for other programs: the requests that are allowed, and the answers that are passed on."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from scriptwriter.api.routes.shape_routes import ShapeName
from scriptwriter.domain.graph import Idea
from scriptwriter.services.runs import attempts
from tests.support.batches import begun
from tests.support.programs import bearer, blamed, problem, program_of
from tests.support.rooms import Room, make_room
from tests.support.rows import rows
from tests.support.shape_follower import SHAPE, asking, caught_up, known, network_client
from tests.support.shape_servers import SECRET, shape_server
from tests.support.waiting import LIMIT

ONE = Idea("重生之约", "她醒来时回到十年前。")
GROWING = Idea("替身新娘", "婚礼前夜，", "writing")


@pytest.fixture
async def electric(connected: str) -> AsyncIterator[str]:
    """The address of a shape server for this test's database, to which the API forwards requests."""
    async with shape_server(connected, long_poll=1.5) as url, known(url):
        yield url


def values(answer: httpx.Response) -> list[dict[str, Any]]:
    """The rows of a snapshot."""
    return [message["value"] for message in answer.json() if "value" in message]


@pytest.mark.parametrize("shape", ShapeName.__args__)
async def test_a_shape_holds_the_rows_of_one_project(
    connected: str, electric: str, room: Room, shape: str
) -> None:
    """This is checked for every table and a viewer, while another project has rows in the same table."""
    other = await make_room("other-")
    for each in (room, other):
        attempt = await begun(each)
        await attempts.save_draft(attempt, [ONE, GROWING])
    async with program_of(room.viewer) as http:
        answer = await http.get(SHAPE, params=asking(room, shape))

    key = "id" if shape == "projects" else "project_id"
    wanted = rows(connected, f"SELECT * FROM {shape} WHERE {key} = %s", room.project_id)
    assert answer.status_code == 200
    assert len(values(answer)) == len(wanted)
    assert {each[key] for each in values(answer)} <= {room.project_id}


async def test_the_answer_is_electrics_but_never_shared_by_a_cache(electric: str, room: Room) -> None:
    """Body and protocol headers are Electric's. Cache-Control is private, and Vary names the credentials."""
    await begun(room)
    direct = {"table": "artifacts", "where": "project_id = $1", "params[1]": room.project_id}
    async with program_of(room.owner) as http, httpx.AsyncClient() as direct_client:
        answer = await http.get(SHAPE, params=asking(room))
        theirs = await direct_client.get(
            f"{electric}/v1/shape", params={**direct, "offset": "-1", "secret": SECRET}
        )

    assert answer.content == theirs.content
    for name in ("content-type", "etag", *(each for each in theirs.headers if each.startswith("electric-"))):
        assert answer.headers[name] == theirs.headers[name]
    assert "public" in theirs.headers["cache-control"]
    assert answer.headers["cache-control"] == "private, no-cache"
    assert {"authorization", "cookie"} <= {each.strip().lower() for each in answer.headers["vary"].split(",")}
    assert SECRET not in str(answer.headers) + answer.text


async def test_a_cached_snapshot_is_revalidated_with_an_access_check(electric: str, room: Room) -> None:
    """With the right ETag a member receives 304, and a stranger 404."""
    async with program_of(room.owner) as http, program_of(room.stranger) as stranger:
        first = await http.get(SHAPE, params=asking(room))
        tag = {"if-none-match": first.headers["etag"]}
        second = await http.get(SHAPE, params=asking(room), headers=tag)
        theirs = await stranger.get(SHAPE, params=asking(room), headers=tag)

    assert (second.status_code, second.content) == (304, b"")
    assert problem(theirs) == (404, "project_not_found")


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"table": "artifacts"}, ["table"]),
        ({"where": "true", "columns": "id", "secret": SECRET}, ["columns", "secret", "where"]),
        ({"api_secret": SECRET}, ["api_secret"]),
        ({"params[1]": "x", "params": "x"}, ["params", "params[1]"]),
        ({"subset__where": "true", "subset__limit": "1"}, ["subset__limit", "subset__where"]),
        ({"Table": "users", "anything": ""}, ["Table", "anything"]),
        ({"shape": "users"}, ["shape"]),
        ({"shape": "user_sessions"}, ["shape"]),
        ({"shape": 'artifacts"'}, ["shape"]),
        ({"shape": ""}, ["shape"]),
    ],
)
async def test_a_caller_cannot_choose_tables_or_rows(
    electric: str, room: Room, more: dict[str, str], fields: list[str]
) -> None:
    """Parameters that would choose them are refused by name instead of being ignored."""
    async with program_of(room.owner) as http:
        answer = await http.get(SHAPE, params={**asking(room), **more})

    assert blamed(answer) == fields


async def test_missing_and_repeated_parameters_are_refused(electric: str, room: Room) -> None:
    """A repeated parameter is ambiguous."""
    async with program_of(room.owner) as http:
        missing = await http.get(SHAPE)
        twice = await http.get(
            f"{SHAPE}?offset=-1&offset=0_0&project_id={room.project_id}&project_id=x&shape=artifacts"
        )

    assert blamed(missing) == ["project_id", "shape"]
    assert blamed(twice) == ["offset", "project_id"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"offset": ""}, "offset"),
        ({"offset": "nonsense"}, "offset"),
        ({"offset": "0_0"}, "handle"),
        ({"offset": "-1", "live": "true"}, "live"),
        ({"replica": "none"}, "replica"),
        ({"log": "none"}, "log"),
    ],
)
async def test_electrics_own_refusals_are_passed_on(
    electric: str, room: Room, more: dict[str, str], field: str
) -> None:
    """The API does not check protocol parameters itself."""
    async with program_of(room.owner) as http:
        answer = await http.get(SHAPE, params={**asking(room), **more})

    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request")
    assert [*answer.json()["errors"]] == [field]


async def test_a_handle_of_another_project_is_answered_with_must_refetch(electric: str, room: Room) -> None:
    """409 with the handle of the right shape, as for a handle that no longer exists."""
    other = await make_room("other-")
    await begun(other)
    async with program_of(other.owner) as theirs, program_of(room.owner) as http:
        handle = (await theirs.get(SHAPE, params=asking(other))).headers["electric-handle"]
        mine = (await http.get(SHAPE, params=asking(room))).headers["electric-handle"]

        answer = await http.get(SHAPE, params=asking(room, offset="0_0", handle=handle))

    assert answer.status_code == 409
    assert answer.json() == [{"headers": {"control": "must-refetch"}}]
    assert answer.headers["electric-handle"] == mine != handle
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_long_poll_returns_when_a_row_changes(connected: str, electric: str, room: Room) -> None:
    """Without a change it returns up-to-date after its timeout."""
    async with network_client(await bearer(room.owner)) as http:
        live = await caught_up(http, room)
        nothing = await http.get(SHAPE, params=live)
        polling = asyncio.create_task(http.get(SHAPE, params=live))
        await begun(room)
        news = await polling

    assert nothing.status_code == 200 and "electric-cursor" in nothing.headers
    assert [message["headers"]["control"] for message in nothing.json()] == ["up-to-date"]
    types = sorted(each["type"] for each in values(news))
    assert types == ["brainstorm_ideas", "brainstorm_params"]


@pytest.mark.parametrize("name", ["live_sse", "experimental_live_sse"])
async def test_server_sent_events_are_passed_on_one_by_one(
    connected: str, electric: str, room: Room, name: str
) -> None:
    """Each event is delivered before the next one is committed, so nothing on the way buffers them."""
    attempt = await begun(room)
    async with network_client(await bearer(room.owner)) as http:
        live = {**await caught_up(http, room), name: "true"}
        async with http.stream("GET", SHAPE, params=live) as stream:
            lines = stream.aiter_lines()
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["x-accel-buffering"] == "no"
            for number in range(3):
                growing = Idea("题目", "字" * (number + 1), "writing")
                await attempts.save_draft(attempt, [growing])

                async with asyncio.timeout(LIMIT):
                    line = await anext(line async for line in lines if "partial_data" in line)
                value = json.loads(line.removeprefix("data: "))["value"]
                assert json.loads(value["partial_data"])["ideas"] == [growing.model_dump()]
