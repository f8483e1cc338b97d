"""How many generations a person may start within a minute, and have at work at once."""

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
    """What a start was refused with."""
    with pytest.raises(UserError) as refusal:
        await starting  # pyright: ignore[reportGeneralTypeIssues]
    return refusal.value


async def ended_short(room: Room) -> str:
    """A generation of the owner that failed with everything missing."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    await ending.fail(attempt, [], None, GenerationError("reply_empty"))
    return transform_id


def make_older(url: str, seconds: float) -> None:
    """Put everything that was asked for back in time."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE run_starts SET started_at = started_at - make_interval(secs => %s)", [seconds]
        )


async def test_a_person_has_so_many_runs_at_work_and_no_more(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """Over all projects; another one may start when one has ended, and nothing of the refused one stays."""
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


async def test_many_starts_at_once_do_not_pass_the_limit_together(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """As many as there is room for begin, whoever comes first."""
    setting(RUNNING_PER_PERSON="3")
    several = await projects_of(room.owner, 8)

    outcomes = await asyncio.gather(
        *(starting.start(project, BRIEF, room.owner) for project in several), return_exceptions=True
    )

    refusals = [each.code for each in outcomes if isinstance(each, UserError)]
    assert refusals == ["too_many_running"] * 5
    assert len(rows(connected, "SELECT id FROM transforms")) == 3


async def test_a_person_starts_so_often_within_a_minute(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """Those that have ended count too; the refusal says after how many seconds the next one may be."""
    setting(STARTS_PER_MINUTE="2")
    for _ in range(2):
        transform_id = await starting.start(room.project_id, BRIEF, room.owner)
        await ending.stop(room.project_id, transform_id, room.owner)
    make_older(connected, 20)

    refusal = await refused(starting.start(room.project_id, BRIEF, room.owner))

    assert refusal.code == "too_many_starts"
    assert refusal.params["limit"] == 2 and 30 <= refusal.params["seconds"] <= 40
    make_older(connected, 40)
    await starting.start(room.project_id, BRIEF, room.owner)


async def test_every_way_to_start_is_counted(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """The new-project form, another batch, a retry: and no project is left of a refused form."""
    transform_id = await ended_short(room)
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


async def test_a_retry_counts_for_whoever_asked_for_it(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """Not for the colleague who had started the run."""
    transform_id = await ended_short(room)
    setting(RUNNING_PER_PERSON="1")
    theirs, mine = [*await projects_of(room.collaborator, 1), *await projects_of(room.owner, 1)]

    await retrying.retry(room.project_id, transform_id, room.collaborator)

    refusal = await refused(starting.start(theirs, BRIEF, room.collaborator))
    assert refusal.code == "too_many_running"
    await starting.start(mine, BRIEF, room.owner)


async def test_retries_of_one_run_are_counted_one_by_one(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """A run that fails at once cannot be retried without end."""
    setting(STARTS_PER_MINUTE="3")
    transform_id = await ended_short(room)
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
    """In one project or in several."""
    setting(RUNNING_PER_PERSON="1", STARTS_PER_MINUTE="1")
    other = await make_room("other-")

    await starting.start(room.project_id, BRIEF, room.owner)
    await starting.start(other.project_id, BRIEF, other.owner)

    refusal = await refused(starting.start(room.project_id, BRIEF, room.collaborator))
    assert refusal.code == "already_running"


async def test_a_second_click_at_the_limit_reads_who_started_it(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """That the run is on its way is what the person wants to know, not the limit."""
    setting(RUNNING_PER_PERSON="1", STARTS_PER_MINUTE="1")
    await starting.start(room.project_id, BRIEF, room.owner)

    refusal = await refused(starting.start(room.project_id, BRIEF, room.owner))

    assert (refusal.code, refusal.params["name"]) == ("already_running", "Owner")


@pytest.mark.parametrize("transform_id", ["no such run", "", "nul\x00", "half \ud800", "x" * 300])
async def test_a_run_that_is_not_there_is_not_found(room: Room, transform_id: str) -> None:
    """Whatever a client says its id is."""
    for deed in (retrying.retry, ending.stop):
        refusal = await refused(deed(room.project_id, transform_id, room.owner))
        assert refusal.code == "run_not_found"


@pytest.mark.parametrize("project_id", ["no such project", "", "nul\x00", "half \ud800", "x" * 300])
async def test_a_project_that_is_not_there_is_not_found(room: Room, project_id: str) -> None:
    """As one of other people is not."""
    for asking in (starting.start(project_id, BRIEF, room.owner), catalog.open_project(project_id, "x")):
        assert (await refused(asking)).code == "project_not_found"


async def test_a_start_counts_also_where_the_person_has_left_or_the_project_is_gone(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """Whoever leaves after each start, or deletes the project, has used the budget all the same."""
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


async def test_what_a_context_says_is_in_nobodys_budget(
    connected: str, room: Room, setting: Callable[..., None]
) -> None:
    """A row that was imported, or edited by hand, can neither lock a person out nor stop anybody's start."""
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
