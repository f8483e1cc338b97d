"""Membership of a project: invite, change a role, remove, leave. A project always keeps an owner."""

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
    """The role of each member, by username."""
    listed = await memberships.listed(room.project_id, room.viewer)
    return {member.username: member.role for member in listed}


async def test_members_are_listed_owners_first_with_their_names(connected: str, room: Room) -> None:
    """Collaborators and then viewers follow."""
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
async def test_a_username_is_normalised_before_it_is_looked_up(
    connected: str, room: Room, typed: str
) -> None:
    """Full-width letters, spaces and capitals name the same person."""
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
async def test_a_refused_invitation_has_an_error_code(
    connected: str, room: Room, username: str, role: str, code: str
) -> None:
    """Nobody's role changes."""
    with pytest.raises(UserError) as refused:
        await invitations.invite(room.project_id, username, role, room.owner)

    assert refused.value.code == code
    assert await roles(room) == {"owner": "owner", "collaborator": "collaborator", "viewer": "viewer"}


async def test_a_disabled_account_cannot_be_invited(connected: str, room: Room) -> None:
    """The error is that of an unknown username."""
    async with transaction() as session:
        await session.exec(update(User).where(col(User.id) == "stranger").values(status="disabled"))

    with pytest.raises(UserError, match="person_not_found"):
        await invitations.invite(room.project_id, "stranger", "viewer", room.owner)


async def test_a_changed_role_applies_to_the_next_action(connected: str, room: Room) -> None:
    """A promoted viewer can start a run, and a demoted collaborator cannot."""
    await memberships.change_role(room.project_id, room.viewer, "collaborator", room.owner)
    await memberships.change_role(room.project_id, room.collaborator, "viewer", room.owner)

    await starting.start(room.project_id, BRIEF, room.viewer)
    with pytest.raises(UserError, match="not_allowed"):
        await starting.start(room.project_id, BRIEF, room.collaborator)


async def test_a_former_member_can_be_invited_again(connected: str, room: Room) -> None:
    """The owner may choose another role."""
    await memberships.leave(room.project_id, room.collaborator)
    with pytest.raises(UserError, match="project_not_found"):
        await memberships.listed(room.project_id, room.collaborator)

    await join(room.project_id, "collaborator", "viewer", room.owner)

    assert (await roles(room))["collaborator"] == "viewer"


async def test_only_members_can_be_changed_or_removed(connected: str, room: Room) -> None:
    """A member of another project is no member of this one."""
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
async def test_the_last_active_owner_cannot_give_up_the_role(connected: str, room: Room, how: str) -> None:
    """An owner whose account is disabled does not count."""
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
async def test_of_two_owners_who_leave_at_once_one_stays(
    connected: str, room: Room, how: str, other: str
) -> None:
    """Each combination is tried. Both requests wait for the same lock before it is released."""
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
    """When the second request runs, its person is no longer a member."""
    await memberships.change_role(room.project_id, room.collaborator, "owner", room.owner)

    outcomes = await asyncio.gather(
        memberships.remove(room.project_id, room.collaborator, room.owner),
        memberships.remove(room.project_id, room.owner, room.collaborator),
        return_exceptions=True,
    )

    [refused] = [each for each in outcomes if each is not None]
    assert isinstance(refused, UserError) and refused.code == "project_not_found"
    assert list((await roles(room)).values()) == ["owner", "viewer"]
