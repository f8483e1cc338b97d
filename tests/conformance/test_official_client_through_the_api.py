"""Electric's JavaScript client follows a brainstorm through the HTTP API, with a person's token."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from scriptwriter.domain.graph import Idea
from scriptwriter.services.accounts import api_tokens
from scriptwriter.services.projects import memberships
from scriptwriter.services.runs import attempts, starting
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import run
from tests.conformance.official import Client, following
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.programs import bearer, served
from tests.support.rooms import BRIEF, Room
from tests.support.rows import rows
from tests.support.shape_follower import SHAPE, known
from tests.support.shape_servers import shape_server

# The compared columns of each table: numbers as text, as the client returns them, and no times.
TABLES = {
    "transforms": "id, streaming_status, progress_percentage::text, retry_count, execution_context",
    "artifacts": "id, type, data, streaming_status, streaming_progress::text, partial_data",
    "transform_outputs": "id, transform_id, artifact_id, output_role",
}
BEFORE, AFTERWARDS = "还在项目里时写的", "只有还在项目里的人才看得到"


@pytest.fixture(params=["long-poll", "sse", "sse in parts"])
def waiting(request: pytest.FixtureRequest) -> str:
    """How the client waits for changes. With SSE, events come in one HTTP chunk or in Electric's three."""
    return request.param


@pytest.fixture
def sse(waiting: str) -> bool:
    """Whether the client requests server-sent events."""
    return waiting != "long-poll"


@pytest.fixture
async def shape_url(connected: str, waiting: str) -> AsyncIterator[str]:
    """The URL of shapes for other programs, on a real server."""
    async with (
        shape_server(connected, sse_in_parts=waiting == "sse in parts") as electric,
        known(electric),
        served() as home,
    ):
        yield home + SHAPE


def stored(url: str, table: str, room: Room) -> list[dict[str, Any]]:
    """The rows of the project, in the form in which the client prints them."""
    query = f"SELECT {TABLES[table]} FROM {table} WHERE project_id = %s"
    return by_id(rows(url, query, room.project_id))


def by_id(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows sorted by id, as a shape has no order."""
    return sorted(found, key=lambda row: row["id"])


async def shows_the_stored_rows(client: Client, url: str, table: str, room: Room) -> None:
    """Wait until the client prints exactly the committed rows, by the compared columns."""

    def is_equal(shown: Any) -> bool:
        known = stored(url, table, room)
        names = known[0].keys() if known else ()
        return by_id([{name: row[name] for name in names} for row in shown]) == known

    await client.prints(is_equal)


async def test_the_official_client_follows_a_brainstorm_while_it_is_written(
    installed: Path, shape_url: str, connected: str, room: Room, sse: bool
) -> None:
    """A viewer's program receives drafts before the first idea is finished, and ends with the stored rows."""
    headers = await bearer(room.viewer)
    with ModelServer() as model:
        model.answers(spoken(ideas_text([1, 2, 3]), pause=0.02))
        async with AsyncExitStack() as stack:
            clients = {
                table: await stack.enter_async_context(
                    following(
                        installed,
                        shape_url,
                        {"project_id": room.project_id, "shape": table},
                        headers,
                        sse=sse,
                    )
                )
                for table in TABLES
            }
            for client in clients.values():
                await client.prints(lambda shown: shown == [])

            transform_id = await starting.start(room.project_id, BRIEF, room.owner)
            await run(transform_id, Endpoint("test-model", model.url, "sk-test"))

            for table, client in clients.items():
                await shows_the_stored_rows(client, connected, table, room)

    assert stored(connected, "transforms", room)[0]["streaming_status"] == "completed"
    counts = [
        [("status" in idea, bool(idea["body"])) for idea in row["partial_data"]["ideas"]]
        for shown in clients["artifacts"].printed
        for row in shown
        if row["partial_data"]
    ]
    assert [(True, True)] in counts, "no draft arrived before the first idea was finished"


async def lose_access(room: Room, how: str) -> None:
    """End the viewer's right to read."""
    if how == "removed":
        await memberships.remove(room.project_id, room.viewer, room.owner)
    else:
        [token] = await api_tokens.mine(room.viewer)
        await api_tokens.revoke(room.viewer, token.id)


@pytest.mark.parametrize(("how", "status"), [("removed", 404), ("revoked", 401)])
async def test_the_official_client_stops_when_its_person_loses_access(
    installed: Path, shape_url: str, room: Room, sse: bool, how: str, status: int
) -> None:
    """During a run: it receives the reason, ends, and never receives what is committed afterwards."""
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    params = {"project_id": room.project_id, "shape": "artifacts"}
    async with following(installed, shape_url, params, await bearer(room.viewer), sse=sse) as client:
        await attempts.save_draft(attempt, [Idea("题目", BEFORE, "writing")])
        await client.prints(lambda shown: BEFORE in str(shown))

        await lose_access(room, how)
        await attempts.save_draft(attempt, [Idea("题目", AFTERWARDS, "writing")])

        await client.ends()

    assert {"stopped": status} in client.printed
    assert AFTERWARDS not in str(client.printed)
