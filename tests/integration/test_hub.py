"""The hub delivers committed rows to every follower, through a real shape server."""

import json
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.rows import dict_row

from scriptwriter.domain.errors import GenerationError
from scriptwriter.domain.graph import Idea, Reply, to_json
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import verdicts
from scriptwriter.services.runs import attempts, ending
from scriptwriter.sync.hub import Hub
from tests.support.batches import begun
from tests.support.flows import first
from tests.support.rooms import Room, make_room
from tests.support.shape_servers import SECRET, shape_server
from tests.support.waiting import eventually

ONE = Idea("重生之约", "她醒来时回到十年前。")
GROWING = Idea("替身新娘", "婚礼前夜，", "writing")


@pytest.fixture(params=[True, False], ids=["sse", "long-poll"])
async def hub(connected: str, request: pytest.FixtureRequest) -> AsyncIterator[Hub]:
    """A hub connected to an embedded shape server for this test's database."""
    async with shape_server(connected) as url, Hub(url, SECRET, live_sse=request.param, linger=0.2) as hub:
        yield hub


async def test_a_committed_draft_reaches_every_follower(hub: Hub, room: Room) -> None:
    """An early and a late follower of one project see the same flow."""
    async with hub.follow(room.project_id) as early:
        assert (await first(early, lambda flow: True)).batches == ()
        attempt = await begun(room)

        await attempts.save_draft(attempt, [ONE, GROWING])

        seen = await first(early, lambda flow: flow.batches and len(flow.batches[0].ideas) == 2)
        async with hub.follow(room.project_id) as late:
            assert await first(late, lambda flow: True) == seen
    assert seen.batches[0].ideas == (ONE, GROWING)
    assert seen.syncing == "live"


async def test_a_follower_sees_nothing_of_another_project(hub: Hub, room: Room) -> None:
    """A flow holds the rows of one project only."""
    other = await make_room("other-")
    async with hub.follow(room.project_id) as mine, hub.follow(other.project_id) as theirs:
        await first(mine, lambda flow: True)
        await first(theirs, lambda flow: True)

        await begun(other)
        await begun(room)

        [batch] = (await first(mine, lambda flow: flow.batches)).batches
        [foreign] = (await first(theirs, lambda flow: flow.batches)).batches
    assert batch.transform_id != foreign.transform_id


async def test_a_subscription_closes_some_time_after_its_last_follower(hub: Hub, room: Room) -> None:
    """A follower who returns before that finds it open, and a later one opens it again."""
    async with hub.follow(room.project_id) as flows:
        await first(flows, lambda flow: True)
    async with hub.follow(room.project_id) as flows:
        await first(flows, lambda flow: True)
        assert hub.open_projects == 1

    await eventually(lambda: hub.open_projects == 0)
    async with hub.follow(room.project_id) as flows:
        assert (await first(flows, lambda flow: True)).batches == ()


async def test_the_flow_equals_the_view_brainstorm_flows(hub: Hub, room: Room, connected: str) -> None:
    """For runs that completed, failed, were retried and are still being written."""
    reply = Reply("a-model", {}, "raw", {"total_tokens": 3})
    done = await begun(room)
    await ending.finish(done, [ONE, ONE], reply)
    await verdicts.pick(room.project_id, IdeaRef(done.artifact_id, 0), "keep", room.owner)
    failed = await begun(room)
    await ending.fail(failed, [ONE, GROWING], reply, GenerationError("generation_interrupted"))
    running = await begun(room)
    await attempts.save_draft(running, [ONE, GROWING])

    async with hub.follow(room.project_id) as flows:
        flow = await first(flows, lambda flow: len(flow.batches) == 3 and len(flow.batches[0].ideas) == 2)

    with psycopg.connect(connected) as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT * FROM brainstorm_flows WHERE project_id = %s", [room.project_id]
        ).fetchall()
    assert [
        {
            "transform_id": batch.transform_id,
            "transform_status": batch.status,
            "progress": batch.progress,
            "error_message": batch.error_message,
            "artifact_id": batch.artifact_id,
            "created_at": batch.created_at,
            "ideas": to_json(batch.ideas),
        }
        for batch in flow.batches
    ] == [
        {
            "transform_id": row["transform_id"],
            "transform_status": row["transform_status"],
            "progress": float(row["progress_percentage"]),
            "error_message": row["error_message"],
            "artifact_id": row["artifact_id"],
            "created_at": row["transform_created_at"],
            "ideas": row["artifact_partial_data"] or json.loads(row["artifact_data"]),
        }
        for row in rows
    ]
    assert flow.keepers == (IdeaRef(done.artifact_id, 0),)
