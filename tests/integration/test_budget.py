"""The limits per person: runs started within a minute, and runs active at once."""

import asyncio
import json
from collections.abc import Callable

import psycopg
import pytest

from scriptwriter.domain.errors import GenerationError, UserError
from scriptwriter.services.projects import catalog, memberships
from scriptwriter.services.runs import attempts, ending, retrying, starting
from tests.support.rooms import BRIEF, Room, make_room
from tests.support.rows import rows


async def projects_of(owner: str, number: int) -> list[str]:
    """New projects of one person."""
    return [await catalog.create(owner, f"第 {each} 个") for each in range(number)]


async def refused(starting: object) -> UserError:
    """The error with which a start was refused."""
    with pytest.raises(UserError) as refusal:
        await starting  # pyright: ignore[reportGeneralTypeIssues]
    return refusal.value


async def failed_run(room: Room) -> str:
    """A run of the owner that failed without any idea."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    await ending.fail(attempt, [], None, GenerationError("reply_empty"))
    return transform_id


def age_starts(url: str, seconds: float) -> None:
    """Move all recorded starts into the past."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE run_starts SET started_at = started_at - make_interval(secs => %s)", [seconds]
        )


async def test_active_runs_per_person_are_limited(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """All projects count. A refused start leaves no rows. When one run has ended, another may start."""
    setting(RUNNING_PER_PERSON="2")
    first, second, third = await projects_of(room.owner, 3)
    running = await starting.start(first, BRIEF, room.owner)
    await starting.start(second, BRIEF, room.owner)

    refusal = await refused(starting.start(third, BRIEF, room.owner))

    assert (refusal.code, refusal.params["limit"]) == ("too_many_running", 2)
    for table in ("transforms", "artifacts", "llm_prompts", "transform_inputs"):
        assert rows(connected, f"SELECT 1 FROM {table} WHERE project_id = %s", third) == []
    assert len(rows(connected, "SELECT id FROM procrastinate_jobs")) == 2
    await ending.stop(first, running, room.owner)
    await starting.start(third, BRIEF, room.owner)


async def test_concurrent_starts_do_not_exceed_the_limit(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """Exactly as many as the limit allows succeed."""
    setting(RUNNING_PER_PERSON="3")
    several = await projects_of(room.owner, 8)

    outcomes = await asyncio.gather(
        *(starting.start(project, BRIEF, room.owner) for project in several), return_exceptions=True
    )

    refusals = [each.code for each in outcomes if isinstance(each, UserError)]
    assert refusals == ["too_many_running"] * 5
    assert len(rows(connected, "SELECT id FROM transforms")) == 3


async def test_starts_per_minute_are_limited(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """Ended runs count too. The refusal says after how many seconds the next start is allowed."""
    setting(STARTS_PER_MINUTE="2")
    for _ in range(2):
        transform_id = await starting.start(room.project_id, BRIEF, room.owner)
        await ending.stop(room.project_id, transform_id, room.owner)
    age_starts(connected, 20)

    refusal = await refused(starting.start(room.project_id, BRIEF, room.owner))

    assert refusal.code == "too_many_starts"
    assert refusal.params["limit"] == 2 and 30 <= refusal.params["seconds"] <= 40
    age_starts(connected, 40)
    await starting.start(room.project_id, BRIEF, room.owner)


async def test_every_way_to_start_is_counted(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """A new project, another batch and a retry all count, and a refused form leaves no project."""
    transform_id = await failed_run(room)
    setting(STARTS_PER_MINUTE="1")

    refusals = [
        await refused(starting.start_project("又一个", BRIEF, room.owner)),
        await refused(starting.start_again(room.project_id, room.owner)),
        await refused(retrying.retry(room.project_id, transform_id, room.owner)),
    ]

    assert [refusal.code for refusal in refusals] == ["too_many_starts"] * 3
    assert len(rows(connected, "SELECT id FROM projects")) == 1
    assert rows(connected, "SELECT streaming_status AS s, retry_count AS n FROM transforms") == [
        {"s": "failed", "n": 0}
    ]


async def test_a_retry_counts_for_the_person_who_asked_for_it(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """It does not count for the colleague who started the run."""
    transform_id = await failed_run(room)
    setting(RUNNING_PER_PERSON="1")
    theirs, mine = [*await projects_of(room.collaborator, 1), *await projects_of(room.owner, 1)]

    await retrying.retry(room.project_id, transform_id, room.collaborator)

    refusal = await refused(starting.start(theirs, BRIEF, room.collaborator))
    assert refusal.code == "too_many_running"
    await starting.start(mine, BRIEF, room.owner)


async def test_each_retry_of_a_run_is_counted(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """A run that fails at once cannot be retried without limit."""
    setting(STARTS_PER_MINUTE="3")
    transform_id = await failed_run(room)
    for _ in range(2):
        await retrying.retry(room.project_id, transform_id, room.owner)
        attempt = await attempts.begin(transform_id)
        assert attempt is not None
        await ending.fail(attempt, [], None, GenerationError("reply_empty"))

    refusal = await refused(retrying.retry(room.project_id, transform_id, room.owner))

    assert refusal.code == "too_many_starts"


async def test_people_do_not_use_up_each_others_budget(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """This holds within one project and across projects."""
    setting(RUNNING_PER_PERSON="1", STARTS_PER_MINUTE="1")
    other = await make_room("other-")

    await starting.start(room.project_id, BRIEF, room.owner)
    await starting.start(other.project_id, BRIEF, other.owner)

    refusal = await refused(starting.start(room.project_id, BRIEF, room.collaborator))
    assert refusal.code == "already_running"


async def test_a_double_click_at_the_limit_is_answered_with_already_running(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """The person needs to know that the run is on its way, not that the limit is reached."""
    setting(RUNNING_PER_PERSON="1", STARTS_PER_MINUTE="1")
    await starting.start(room.project_id, BRIEF, room.owner)

    refusal = await refused(starting.start(room.project_id, BRIEF, room.owner))

    assert (refusal.code, refusal.params["name"]) == ("already_running", "Owner")


@pytest.mark.parametrize("transform_id", ["no such run", "", "nul\x00", "half \ud800", "x" * 300])
async def test_an_unknown_run_is_not_found(room: Room, transform_id: str) -> None:
    """A client may send any text as an id."""
    for action in (retrying.retry, ending.stop):
        refusal = await refused(action(room.project_id, transform_id, room.owner))
        assert refusal.code == "run_not_found"


@pytest.mark.parametrize("project_id", ["no such project", "", "nul\x00", "half \ud800", "x" * 300])
async def test_an_unknown_project_is_not_found(room: Room, project_id: str) -> None:
    """It is answered like a project of other people."""
    for asking in (starting.start(project_id, BRIEF, room.owner), catalog.open_project(project_id, "x")):
        assert (await refused(asking)).code == "project_not_found"


async def test_a_start_counts_even_if_the_project_is_left_or_deleted(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """A person cannot get new starts by leaving or deleting a project after each one."""
    setting(STARTS_PER_MINUTE="2", RUNNING_PER_PERSON="2")
    await starting.start(room.project_id, BRIEF, room.collaborator)
    await memberships.leave(room.project_id, room.collaborator)
    [own] = await projects_of(room.collaborator, 1)
    await starting.start(own, BRIEF, room.collaborator)

    [third] = await projects_of(room.collaborator, 1)
    assert (await refused(starting.start(third, BRIEF, room.collaborator))).code == "too_many_running"
    with psycopg.connect(connected) as connection:
        connection.execute("DELETE FROM projects WHERE id = ANY(%s)", [[room.project_id, own]])

    assert (await refused(starting.start(third, BRIEF, room.collaborator))).code == "too_many_starts"


async def test_an_execution_context_does_not_count_as_a_start(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """An imported or hand-edited row can neither lock a person out nor prevent a start."""
    setting(STARTS_PER_MINUTE="2", RUNNING_PER_PERSON="2")
    asked = [{"by": room.owner, "at": "2099-01-01T00:00:00.000+00:00"}] * 20
    with psycopg.connect(connected) as connection:
        for number, context in enumerate(({"asked": asked}, {"asked": {}}, {"asked": 5}, [])):
            connection.execute(
                "INSERT INTO transforms (id, project_id, type, streaming_status, execution_context)"
                " VALUES (%s, %s, 'llm', 'failed', %s)",
                (f"odd-{number}", room.project_id, json.dumps(context)),
            )

    await starting.start(room.project_id, BRIEF, room.owner)
