"""How many projects a person can have, and how much a project can contain."""

import asyncio
import json

import psycopg
import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.services.ideas import edits, human_acts, keepers, verdicts
from scriptwriter.services.projects import access, catalog, invitations
from tests.support.batches import written
from tests.support.rooms import Room
from tests.support.rows import rows

_PROJECTS = "INSERT INTO projects (id, name) SELECT 'p' || number, 'p' FROM generate_series(1, %s) number"
_MEMBERSHIPS = "INSERT INTO projects_users (project_id, user_id) SELECT id, %s FROM projects WHERE name = 'p'"
_LINKS = """INSERT INTO transform_inputs (project_id, transform_id, artifact_id, input_role)
    SELECT i.project_id, i.transform_id, i.artifact_id, 'r' || number
    FROM (SELECT * FROM transform_inputs LIMIT 1) i, generate_series(1, %s) number"""


def _have_projects(url: str, person: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(_PROJECTS, [number])
        connection.execute(_MEMBERSHIPS, [person])


async def _codes(*acts: object) -> list[str]:
    results = await asyncio.gather(*acts, return_exceptions=True)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return sorted(each.code if isinstance(each, UserError) else "done" for each in results)


async def test_the_number_of_projects_of_a_person_is_limited(connected: str, room: Room) -> None:
    """Concurrent requests do not exceed it together."""
    _have_projects(connected, room.owner, access.MOST_PROJECTS - 2)

    codes = await _codes(*(catalog.create(room.owner, "又一个") for _ in range(4)))

    assert codes == ["done", *["too_many_projects"] * 3]


async def test_no_invitation_is_accepted_beyond_the_limit_of_projects(connected: str, room: Room) -> None:
    """It stays open until the person has left a project."""
    _have_projects(connected, room.stranger, access.MOST_PROJECTS)
    invitation = await invitations.invite(room.project_id, room.stranger, "viewer", room.owner)

    assert await _codes(invitations.accept(invitation.id, room.stranger)) == ["too_many_projects"]
    assert [each.id for each in await invitations.mine(room.stranger)] == [invitation.id]


async def test_a_full_project_takes_no_further_act(connected: str, room: Room) -> None:
    """Pages read all of a project, so it has a limit of links and of bytes."""
    [one, two, *_] = await written(room)
    await verdicts.pick(room.project_id, one, "keep", room.owner)
    with psycopg.connect(connected) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(_LINKS, [human_acts.MOST_LINKS])

    codes = await _codes(
        verdicts.pick(room.project_id, two, "keep", room.owner),
        edits.edit(room.project_id, one, "题", "正文", "", room.owner),
        keepers.move(room.project_id, two, one, room.owner),
    )

    assert codes == ["project_full"] * 3


async def test_a_project_of_too_many_bytes_takes_no_further_act(
    connected: str, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version of an idea counts with its whole text."""
    [one, *_] = await written(room)
    monkeypatch.setattr(human_acts, "MOST_BYTES", 10_000)
    first = await edits.edit(room.project_id, one, "题", "字" * 5_000, "", room.owner)

    assert await _codes(edits.edit(room.project_id, one, "题", "正文", first, room.owner)) == ["project_full"]


async def test_an_order_has_a_limited_number_of_ideas(
    connected: str, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ideas that nobody keeps any more are dropped first. Of too many keepers none is moved."""
    refs = await written(room)
    for ref in refs:
        await verdicts.pick(room.project_id, ref, "keep", room.owner)
    await keepers.move(room.project_id, refs[2], refs[0], room.owner)
    monkeypatch.setattr(keepers, "MOST_ARRANGED", 2)

    assert await _codes(keepers.move(room.project_id, refs[1], refs[0], room.owner)) == ["too_many_keepers"]
    await verdicts.pick(room.project_id, refs[0], "none", room.owner)
    await keepers.move(room.project_id, refs[1], refs[2], room.owner)

    assert _newest_order(connected) == [str(refs[1]), str(refs[2])]


def _newest_order(url: str) -> list[str]:
    found = rows(url, "SELECT data FROM artifacts WHERE type = 'brainstorm_order' ORDER BY created_at DESC")
    return json.loads(found[0]["data"])["order"]
