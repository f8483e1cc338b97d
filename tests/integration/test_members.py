"""Who belongs to a project: adding, changing, removing, leaving; and the owner that it keeps."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from sqlalchemy import update
from sqlmodel import col

from scriptwriter.domain.errors import UserError
from scriptwriter.services.projects import catalog, invitations, memberships
from scriptwriter.services.runs import starting
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User
from tests.support.rooms import BRIEF, Room, join
from tests.support.rows import rows
from tests.support.waiting import eventually

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def roles(room: Room) -> dict[str, str]:
    """The role of each member, by user name."""
    listed = await memberships.listed(room.project_id, room.viewer)
    return {member.username: member.role for member in listed}


async def test_members_are_listed_owners_first_with_their_names(connected: str, room: Room) -> None:
    """As they are shown to one another."""
    await memberships.change_role(room.project_id, room.viewer, "owner", room.owner)
    await join(room.project_id, "stranger", "viewer", room.owner)

    listed = await memberships.listed(room.project_id, "stranger")

    assert [(each.name, each.username, each.role) for each in listed] == [
        ("Owner", "owner", "owner"),
        ("Viewer", "viewer", "owner"),
        ("Collaborator", "collaborator", "collaborator"),
        ("Stranger", "stranger", "viewer"),
    ]
    assert all(each.joined_at.tzinfo is not None for each in listed)


@pytest.mark.parametrize("typed", ["stranger", "  Stranger ", "ｓｔｒａｎｇｅｒ", "STRANGER\x00"])
async def test_a_user_name_is_found_however_it_is_typed(connected: str, room: Room, typed: str) -> None:
    """In wide letters, with spaces, in capitals: it is the same person's."""
    asked = await invitations.invite(room.project_id, typed, "collaborator", room.owner)

    assert (asked.username, asked.name, asked.role) == ("stranger", "Stranger", "collaborator")
    assert [each.id for each in await invitations.mine("stranger")] == [asked.id]


@pytest.mark.parametrize(
    ("username", "role", "code"),
    [
        ("nobody", "viewer", "person_not_found"),
        ("", "viewer", "person_not_found"),
        ("\ud800", "viewer", "person_not_found"),
        ("collaborator", "viewer", "already_member"),
        ("stranger", "admin", "role_unknown"),
        ("stranger", "", "role_unknown"),
    ],
)
async def test_who_cannot_be_invited_is_told_why(
    connected: str, room: Room, username: str, role: str, code: str
) -> None:
    """And nobody's role is changed by it."""
    with pytest.raises(UserError) as refused:
        await invitations.invite(room.project_id, username, role, room.owner)

    assert refused.value.code == code
    assert await roles(room) == {"owner": "owner", "collaborator": "collaborator", "viewer": "viewer"}


async def test_a_closed_account_cannot_be_invited(connected: str, room: Room) -> None:
    """It reads like a name that does not exist."""
    async with transaction() as session:
        await session.exec(update(User).where(col(User.id) == "stranger").values(status="disabled"))

    with pytest.raises(UserError, match="person_not_found"):
        await invitations.invite(room.project_id, "stranger", "viewer", room.owner)


async def test_a_change_of_role_holds_at_the_next_act(connected: str, room: Room) -> None:
    """A viewer who is promoted starts; one who is demoted no longer does."""
    await memberships.change_role(room.project_id, room.viewer, "collaborator", room.owner)
    await memberships.change_role(room.project_id, room.collaborator, "viewer", room.owner)

    await starting.start(room.project_id, BRIEF, room.viewer)
    with pytest.raises(UserError, match="not_allowed"):
        await starting.start(room.project_id, BRIEF, room.collaborator)


async def test_whoever_left_can_join_again(connected: str, room: Room) -> None:
    """With another role, if an owner wants so."""
    await memberships.leave(room.project_id, room.collaborator)
    with pytest.raises(UserError, match="project_not_found"):
        await memberships.listed(room.project_id, room.collaborator)

    await join(room.project_id, "collaborator", "viewer", room.owner)

    assert (await roles(room))["collaborator"] == "viewer"


async def test_a_person_who_is_no_member_can_be_neither_changed_nor_removed(
    connected: str, room: Room
) -> None:
    """Nor one of another project."""
    await catalog.create("stranger", "别的项目")

    with pytest.raises(UserError, match="member_not_found"):
        await memberships.change_role(room.project_id, "stranger", "viewer", room.owner)
    with pytest.raises(UserError, match="member_not_found"):
        await memberships.remove(room.project_id, "stranger", room.owner)


LOSING: dict[str, Callable[[Room, str], Awaitable[None]]] = {
    "leave": lambda room, who: memberships.leave(room.project_id, who),
    "remove oneself": lambda room, who: memberships.remove(room.project_id, who, who),
    "step down": lambda room, who: memberships.change_role(room.project_id, who, "collaborator", who),
}


@pytest.mark.parametrize("how", LOSING)
async def test_the_last_owner_stays(connected: str, room: Room, how: str) -> None:
    """Until there is another one, who can act."""
    with pytest.raises(UserError, match="last_owner"):
        await LOSING[how](room, room.owner)
    await memberships.change_role(room.project_id, room.collaborator, "owner", room.owner)
    async with transaction() as session:
        await session.exec(update(User).where(col(User.id) == room.collaborator).values(status="disabled"))
    with pytest.raises(UserError, match="last_owner"):
        await LOSING[how](room, room.owner)
    await memberships.change_role(room.project_id, room.viewer, "owner", room.owner)

    await LOSING[how](room, room.owner)

    assert (await roles(room)).get("owner") != "owner"


@pytest.mark.parametrize("how", LOSING)
@pytest.mark.parametrize("other", LOSING)
async def test_of_two_last_owners_one_stays_however_both_go_at_once(
    connected: str, room: Room, how: str, other: str
) -> None:
    """Both ask at the same moment, held up together before they are let go."""
    await memberships.change_role(room.project_id, room.collaborator, "owner", room.owner)

    with psycopg.connect(connected) as holding:
        holding.execute("SELECT 1 FROM projects FOR UPDATE")
        leaving = [
            asyncio.create_task(asyncio.wait_for(LOSING[name](room, who), 30))
            for name, who in ((how, room.owner), (other, room.collaborator))
        ]
        await eventually(lambda: len(rows(connected, WAITING)) == 2)
    outcomes = await asyncio.gather(*leaving, return_exceptions=True)

    [refused] = [each for each in outcomes if each is not None]
    assert isinstance(refused, UserError) and refused.code == "last_owner"
    assert list((await roles(room)).values()).count("owner") == 1


async def test_two_owners_who_remove_each_other_do_not_both_succeed(connected: str, room: Room) -> None:
    """The second one is no owner any more when it is their turn."""
    await memberships.change_role(room.project_id, room.collaborator, "owner", room.owner)

    outcomes = await asyncio.gather(
        memberships.remove(room.project_id, room.collaborator, room.owner),
        memberships.remove(room.project_id, room.owner, room.collaborator),
        return_exceptions=True,
    )

    [refused] = [each for each in outcomes if each is not None]
    assert isinstance(refused, UserError) and refused.code == "project_not_found"
    assert list((await roles(room)).values()) == ["owner", "viewer"]
