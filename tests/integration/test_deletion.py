"""A project or a membership is deleted while a run is in progress."""

import asyncio
import logging

import psycopg
import pytest
from structlog.testing import capture_logs

from scriptwriter.domain.errors import GenerationError, Superseded, UserError
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.services.projects import catalog
from scriptwriter.services.runs import attempts, ending, starting
from scriptwriter.sync.hub import Hub
from scriptwriter.sync.project_flow import ProjectFlow
from scriptwriter.worker import queue_worker
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import run
from tests.support.flows import following
from tests.support.model_server import (
    Answer,
    Gate,
    ModelServer,
    broken_off,
    delta,
    ideas_text,
    refused,
    spoken,
)  # fmt: skip
from tests.support.rooms import BRIEF, Room
from tests.support.rows import artifact_of, rows
from tests.support.waiting import LIMIT, eventually

ONE, GROWING = Idea("重生之约", "她醒来时回到十年前。"), Idea("替身新娘", "婚礼前夜，", "writing")
REPLY = Reply("a-model", {}, "raw", {"total_tokens": 3})
GRAPH = (
    "artifacts", "transforms", "transform_inputs", "transform_outputs", "llm_prompts", "llm_transforms",
    "human_transforms", "projects_users",
)  # fmt: skip


def execute(url: str, query: str, *parameters: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(query.encode(), parameters)


def delete_project(url: str, room: Room) -> None:
    """Delete the project's row, with which all of its rows are deleted."""
    execute(url, "DELETE FROM projects WHERE id = %s", room.project_id)


def remove_member(url: str, room: Room, user_id: str) -> None:
    """Delete a person's membership of the project."""
    query = "DELETE FROM projects_users WHERE project_id = %s AND user_id = %s"
    execute(url, query, room.project_id, user_id)


def tables_with_rows_of(url: str, room: Room) -> list[str]:
    """The tables that still have rows of the project."""
    query = "SELECT 1 FROM {} WHERE project_id = %s"
    return [table for table in GRAPH if rows(url, query.format(table), room.project_id)]


def second_idea_has_begun(url: str) -> bool:
    """Whether the draft holds a second idea."""
    return len((artifact_of(url)["partial_data"] or {"ideas": []})["ideas"]) == 2


def growing(then: Gate) -> Answer:
    """An answer of a model that pauses in the middle of its second idea until the gate opens."""
    text = ideas_text([1, 2, 3])
    cut = text.index("第2个故事") + 3
    return Answer([delta(content=text[:cut]), then, *spoken(text[cut:]).steps])


async def begun(room: Room) -> attempts.Attempt:
    """An attempt that has finished one idea and is writing the second."""
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE, GROWING])
    return attempt


async def test_deleting_a_project_ends_its_run_without_an_error(
    connected: str, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """The model's stream is closed in the middle of a sentence, no error is logged, and no row comes back."""
    gate = Gate()
    with ModelServer() as model, capture_logs() as lines:
        model.answers(growing(gate))
        transform_id = await starting.start(room.project_id, BRIEF, room.owner)
        working = asyncio.create_task(run(transform_id, Endpoint("m", model.url, silence=60)))
        await eventually(lambda: second_idea_has_begun(connected))

        delete_project(connected, room)

        await asyncio.wait_for(working, LIMIT)
        assert model.exchanges[0].left.wait(LIMIT)
    assert lines[-1]["event"] == "generation_superseded"
    assert {line["log_level"] for line in lines} == {"info"}
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert tables_with_rows_of(connected, room) == []


@pytest.mark.parametrize(
    "end",
    [
        spoken(ideas_text([1, 2, 3])),
        broken_off(ideas_text([1, 2, 3])[:60]),
        refused(503, "busy"),
        refused(401, "no"),
    ],
    ids=["completed", "broken off", "busy", "refused"],
)
async def test_a_reply_that_ends_after_the_deletion_causes_no_error(
    end: Answer, connected: str, room: Room
) -> None:
    """It makes no difference whether the run would be completed, retried later or failed."""
    gate = Gate()
    with ModelServer() as model, capture_logs() as lines:
        model.answers(Answer([gate, *end.steps], end.status, end.headers, end.ending))
        transform_id = await starting.start(room.project_id, BRIEF, room.owner)
        working = asyncio.create_task(run(transform_id, Endpoint("m", model.url, silence=60)))
        await eventually(lambda: model.exchanges)

        delete_project(connected, room)
        gate.open()

        await asyncio.wait_for(working, LIMIT)
    assert not [line for line in lines if line["log_level"] in ("error", "critical")]
    assert "generation_superseded" in [line["event"] for line in lines]
    assert tables_with_rows_of(connected, room) == []


async def test_an_attempt_whose_rows_are_deleted_is_superseded_at_every_write(
    connected: str, room: Room
) -> None:
    """A new attempt cannot begin either."""
    attempt = await begun(room)
    delete_project(connected, room)
    error = GenerationError("model_unavailable", transient=True)

    for write in (
        lambda: attempts.check(attempt),
        lambda: attempts.save_draft(attempt, [ONE, ONE]),
        lambda: ending.finish(attempt, [ONE, ONE, ONE], REPLY),
        lambda: ending.fail(attempt, [ONE, GROWING], REPLY, error),
        lambda: ending.postpone(attempt, [ONE, GROWING], REPLY, error, 1.0),
    ):
        with pytest.raises(Superseded):
            await write()
    await ending.leave(attempt, REPLY)

    assert await attempts.begin(attempt.transform_id) is None
    assert tables_with_rows_of(connected, room) == []


async def test_the_job_of_a_deleted_project_is_done_without_a_log_line(connected: str, room: Room) -> None:
    """The worker finds nothing to do, and does not retry the job."""
    await starting.start(room.project_id, BRIEF, room.owner)
    delete_project(connected, room)
    with capture_logs() as lines:
        working = asyncio.create_task(queue_worker.work())
        await eventually(lambda: not rows(connected, "SELECT 1 FROM procrastinate_jobs"))
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    assert lines == []


async def test_followers_of_a_deleted_project_get_an_empty_flow_without_members(
    connected: str, room: Room, hub: Hub
) -> None:
    """The subscription stays open, with an empty flow in the state "deleted"."""
    await begun(room)
    async with following(hub, room.project_id) as early, following(hub, room.project_id) as other:
        await early.sees(lambda flow: flow.batches and flow.roles)

        delete_project(connected, room)

        gone = ProjectFlow(room.project_id, state="deleted")
        for follower in (early, other):
            assert await follower.sees(lambda flow: flow == gone) == gone
    with pytest.raises(UserError, match="project_not_found"):
        await catalog.open_project(room.project_id, room.owner)


async def test_removing_a_member_does_not_stop_the_run_they_started(
    connected: str, room: Room, hub: Hub
) -> None:
    """Followers see the role disappear at once, and the other members keep theirs."""
    gate = Gate()
    with ModelServer() as model:
        model.answers(growing(gate))
        transform_id = await starting.start(room.project_id, BRIEF, room.collaborator)
        working = asyncio.create_task(run(transform_id, Endpoint("m", model.url, silence=60)))
        async with following(hub, room.project_id) as follower:
            await follower.sees(lambda flow: flow.batches and len(flow.batches[0].ideas) == 2)

            remove_member(connected, room, room.collaborator)

            flow = await follower.sees(lambda flow: room.collaborator not in flow.roles)
            assert dict(flow.roles) == {room.owner: "owner", room.viewer: "viewer"}
            assert flow.batches[0].status == "running"
            gate.open()
            await asyncio.wait_for(working, LIMIT)
            done = await follower.sees(lambda flow: flow.batches[0].status == "completed")
    assert done.batches[0].finished_count == 3
    assert done.batches[0].started_by == "Collaborator"
    with pytest.raises(UserError, match="project_not_found"):
        await ending.stop(room.project_id, transform_id, room.collaborator)


async def test_a_lowered_role_reaches_followers_at_once(connected: str, room: Room, hub: Hub) -> None:
    """The role in the flow is the one in the database."""
    async with following(hub, room.project_id) as follower:
        execute(
            connected,
            "UPDATE projects_users SET role = 'viewer' WHERE project_id = %s AND user_id = %s",
            room.project_id,
            room.collaborator,
        )

        flow = await follower.sees(lambda flow: flow.roles.get(room.collaborator) == "viewer")

    assert len(flow.roles) == 3
