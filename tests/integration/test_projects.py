"""Projects: names, the archive, deletion, restoring and purging."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from scriptwriter.domain.errors import Superseded, UserError
from scriptwriter.domain.graph import Idea
from scriptwriter.services.projects import catalog
from scriptwriter.services.projects.purging import purge
from scriptwriter.services.runs import attempts, retrying, starting
from scriptwriter.worker import queue_worker
from tests.support.rooms import BRIEF, Room
from tests.support.rows import artifact_of, rows, transform_of
from tests.support.waiting import eventually

ONE, GROWING = Idea("重生之约", "她醒来时回到十年前。"), Idea("替身新娘", "婚礼前夜，", "writing")
CONTENT = (
    "projects_users", "artifacts", "transforms", "transform_inputs", "transform_outputs", "llm_prompts",
)  # fmt: skip
WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def age(url: str, project_id: str, days: float) -> None:
    """Set the last change of the project's row to so many days ago."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")  # no trigger sets updated_at
        connection.execute(
            "UPDATE projects SET updated_at = now() - make_interval(secs => %s) WHERE id = %s",
            [days * 86400, project_id],
        )


async def begun(room: Room) -> attempts.Attempt:
    """An attempt that has finished one idea and is writing another."""
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE, GROWING])
    return attempt


async def names(user_id: str) -> list[str]:
    """The names of the person's projects."""
    return [row.name for row in await catalog.mine(user_id)]


async def test_a_new_name_is_normalised_and_shown_to_every_member(connected: str, room: Room) -> None:
    """White space is collapsed, as in the first name."""
    await catalog.change(room.project_id, room.owner, name="  真假\n千金\x00 ")
    await catalog.change(room.project_id, room.owner, description=" 抖音\n第二季 ")

    row = await catalog.open_project(room.project_id, room.viewer)

    assert (row.name, row.description, row.role) == ("真假 千金", "抖音\n第二季", "viewer")


@pytest.mark.parametrize(
    ("name", "code"), [("", "name_required"), (" \x00\n", "name_required"), ("长" * 201, "name_too_long")]
)
async def test_an_invalid_name_is_refused(connected: str, room: Room, name: str, code: str) -> None:
    """New and existing projects have the same rules."""
    for refused in (
        catalog.change(room.project_id, room.owner, name=name),
        catalog.create(room.owner, name),
    ):
        with pytest.raises(UserError) as refusal:
            await refused
        assert refusal.value.code == code

    assert await names(room.owner) == ["一个项目"]


async def test_a_description_has_at_most_2000_characters(connected: str, room: Room) -> None:
    """A longer one is refused."""
    await catalog.change(room.project_id, room.owner, description="字" * 2000)

    with pytest.raises(UserError, match="description_too_long"):
        await catalog.change(room.project_id, room.owner, description="字" * 2001)


async def test_an_archived_project_is_archived_for_everybody_and_stays_usable(
    connected: str, room: Room
) -> None:
    """Unarchiving brings it back unchanged."""
    await catalog.archive(room.project_id, room.owner)
    await catalog.archive(room.project_id, room.owner)

    for person in (room.owner, room.viewer):
        assert [row.archived for row in await catalog.mine(person)] == [True]
    await starting.start(room.project_id, BRIEF, room.collaborator)
    await catalog.unarchive(room.project_id, room.owner)
    assert [row.archived for row in await catalog.mine(room.collaborator)] == [False]


async def test_a_deletion_stops_the_run_and_hides_the_project(connected: str, room: Room) -> None:
    """The draft and the name of the person who deleted are kept. The worker writes nothing more."""
    attempt = await begun(room)

    await catalog.delete(room.project_id, room.owner)

    for person in (room.owner, room.collaborator, room.viewer):
        assert await names(person) == []
    assert transform_of(connected)["streaming_status"] == "cancelled"
    assert transform_of(connected)["context"]["stoppedBy"] == "Owner"
    assert [idea["title"] for idea in artifact_of(connected)["ideas"]] == [ONE.title, GROWING.title]
    with pytest.raises(Superseded):
        await attempts.save_draft(attempt, [ONE, ONE])
    assert await attempts.begin(attempt.transform_id) is None


async def test_a_deletion_stops_a_run_that_has_not_begun(connected: str, room: Room) -> None:
    """Its job finds nothing to do."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)

    await catalog.delete(room.project_id, room.owner)

    assert transform_of(connected)["streaming_status"] == "cancelled"
    assert await attempts.begin(transform_id) is None


async def test_no_run_begins_in_a_project_that_is_being_deleted(connected: str, room: Room) -> None:
    """After a start and a deletion at once no run is active, whichever is first."""
    with psycopg.connect(connected) as holding:
        holding.execute("SELECT 1 FROM projects FOR UPDATE")
        acts = [
            asyncio.create_task(act)
            for act in (
                catalog.delete(room.project_id, room.owner),
                starting.start(room.project_id, BRIEF, room.collaborator),
                starting.start_again(room.project_id, room.collaborator),
            )
        ]
        await eventually(lambda: len(rows(connected, WAITING)) == 3)
    await asyncio.gather(*acts, return_exceptions=True)

    assert acts[0].exception() is None
    assert rows(connected, "SELECT 1 FROM transforms WHERE streaming_status IN ('pending', 'running')") == []


async def test_a_deletion_and_the_end_of_a_run_do_not_deadlock(connected: str, room: Room) -> None:
    """The worker locks the transform before the project, and the deletion does it the other way round."""
    attempt = await begun(room)
    with psycopg.connect(connected) as worker:
        worker.execute("SELECT 1 FROM transforms WHERE id = %s FOR UPDATE", [attempt.transform_id])
        deleting = asyncio.create_task(catalog.delete(room.project_id, room.owner))
        await eventually(lambda: len(rows(connected, WAITING)) == 1)

        worker.execute(
            "INSERT INTO llm_transforms (transform_id, project_id, model_name) VALUES (%s, %s, 'm')",
            [attempt.transform_id, room.project_id],
        )
    await asyncio.wait_for(deleting, 30)

    assert transform_of(connected)["streaming_status"] == "cancelled"


async def test_a_restored_project_has_everything(connected: str, room: Room) -> None:
    """All members have it again. Until then only owners find it."""
    await begun(room)
    await catalog.delete(room.project_id, room.owner)
    assert [row.id for row in await catalog.restorable(room.owner)] == [room.project_id]
    assert await catalog.restorable(room.collaborator) == []
    for person in (room.collaborator, room.viewer, room.stranger):
        with pytest.raises(UserError, match="project_not_found"):
            await catalog.restore(room.project_id, person)

    await catalog.restore(room.project_id, room.owner)
    await catalog.restore(room.project_id, room.owner)

    row = await catalog.open_project(room.project_id, room.viewer)
    assert (row.name, row.ideas, row.status) == ("一个项目", 1, "cancelled")
    assert await catalog.restorable(room.owner) == []
    await retrying.retry(room.project_id, transform_of(connected)["id"], room.collaborator)


async def test_a_project_can_be_restored_for_thirty_days_and_is_purged_afterwards(
    connected: str, room: Room
) -> None:
    """All of its rows are deleted, and no row of another project."""
    await begun(room)
    other = await catalog.create(room.owner, "留下的")
    await catalog.delete(room.project_id, room.owner)
    age(connected, room.project_id, 29.9)
    assert await purge() == 0
    assert [row.id for row in await catalog.restorable(room.owner)] == [room.project_id]

    age(connected, room.project_id, 30.1)

    assert await catalog.restorable(room.owner) == []
    with pytest.raises(UserError, match="project_not_found"):
        await catalog.restore(room.project_id, room.owner)
    assert await purge() == 1
    assert await purge() == 0
    assert [row["id"] for row in rows(connected, "SELECT id FROM projects")] == [other]
    left = [row["project_id"] for table in CONTENT for row in rows(connected, f"SELECT * FROM {table}")]
    assert set(left) == {other}


async def test_only_deleted_projects_are_purged(connected: str, room: Room) -> None:
    """A project that nobody has changed for long is kept."""
    await catalog.archive(room.project_id, room.owner)
    age(connected, room.project_id, 400)

    assert await purge() == 0


async def test_a_worker_purges_deleted_projects(connected: str, room: Room, begin: Callable) -> None:
    """It does so from its start on."""
    await catalog.delete(room.project_id, room.owner)
    age(connected, room.project_id, 31)

    begin(queue_worker.work())

    await eventually(lambda: not rows(connected, "SELECT 1 FROM projects"))


async def test_two_workers_can_purge_at_once(connected: str, room: Room) -> None:
    """Each project is purged once, and neither worker waits for the other."""
    deleted = [room.project_id, *[await catalog.create(room.owner, f"第{n}个") for n in range(5)]]
    for project_id in deleted:
        await catalog.delete(project_id, room.owner)
        age(connected, project_id, 31)

    assert sum(await asyncio.gather(purge(), purge())) == len(deleted)
    assert rows(connected, "SELECT 1 FROM projects") == []


async def test_only_active_people_can_create_a_project(connected: str, room: Room) -> None:
    """An unknown or disabled person cannot."""
    with psycopg.connect(connected) as connection:
        connection.execute("UPDATE users SET status = 'disabled' WHERE id = 'stranger'")

    for person in ("nobody", "stranger"):
        with pytest.raises(UserError, match="signed_out"):
            await catalog.create(person, "名字")
