"""Invitations: nobody becomes a member without accepting; what an invitation shows, its limits, its end."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlmodel import col

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import sign_in_throttle
from scriptwriter.services.projects import catalog, invitations, memberships
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Invitation, Membership, User
from scriptwriter.sync.hub import Hub
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.projects.projects_state import ProjectsState
from tests.support.rooms import Room, join
from tests.support.rows import rows
from tests.support.tabs import PROJECTS, open_tab

MEMBERS = "/projects/[project_id]/members"


async def invited(room: Room, role: str = "viewer") -> str:
    """The id of a new invitation for the stranger."""
    return (await invitations.invite(room.project_id, room.stranger, role, room.owner)).id


async def refused(work) -> str:
    """The code of the error with which a call is refused."""
    with pytest.raises(UserError) as error:
        await work
    return error.value.code


async def roles(room: Room) -> dict[str, str]:
    """The role of each member, by person."""
    return {each.id: each.role for each in await memberships.listed(room.project_id, room.owner)}


async def test_an_invited_person_is_no_member_before_accepting(connected: str, room: Room) -> None:
    """They see the project's name, the role and who invites, and nothing else of the project."""
    await invited(room, "collaborator")

    [asked] = await invitations.mine(room.stranger)
    assert (asked.project_name, asked.role, asked.inviter_name, asked.inviter_username) == (
        "一个项目", "collaborator", "Owner", "owner",
    )  # fmt: skip
    assert room.stranger not in await roles(room)
    assert await catalog.mine(room.stranger) == []
    assert await refused(catalog.open_project(room.project_id, room.stranger)) == "project_not_found"


async def test_accepting_makes_a_member_with_the_invitations_role(connected: str, room: Room) -> None:
    """Of two clicks at once, one succeeds."""
    invitation = await invited(room, "collaborator")

    both = await asyncio.gather(
        *(invitations.accept(invitation, room.stranger) for _ in range(2)), return_exceptions=True
    )

    assert [str(each) for each in both].count(room.project_id) == 1
    assert (await roles(room))[room.stranger] == "collaborator"
    assert await invitations.mine(room.stranger) == []


async def test_only_the_invited_person_can_answer_an_invitation(connected: str, room: Room) -> None:
    """The inviter and other members cannot. They receive the error of an unknown invitation."""
    invitation = await invited(room)

    for person in (room.owner, room.viewer):
        for answer in (invitations.accept, invitations.decline):
            assert await refused(answer(invitation, person)) == "invitation_not_found"
    for unknown in ("", "\x00", "x" * 300, "no-such-invitation"):
        assert await refused(invitations.accept(unknown, room.stranger)) == "invitation_not_found"
    assert len(await invitations.mine(room.stranger)) == 1


async def test_after_a_refusal_the_same_person_cannot_invite_again_for_30_days(
    connected: str, room: Room
) -> None:
    """This holds for all of their projects. Another owner can invite."""
    await invitations.decline(await invited(room), room.stranger)
    assert await invitations.mine(room.stranger) == []

    assert await refused(invited(room)) == "invitation_declined"
    other = await catalog.create(room.owner, "另一个")
    again = invitations.invite(other, room.stranger, "viewer", room.owner)
    assert await refused(again) == "invitation_declined"
    await memberships.change_role(room.project_id, room.viewer, "owner", room.owner)
    await invitations.invite(room.project_id, room.stranger, "viewer", room.viewer)
    await invitations.decline((await invitations.mine(room.stranger))[0].id, room.stranger)
    async with transaction() as session:
        long_ago = Invitation.changed_at - timedelta(days=31)  # pyright: ignore[reportOperatorIssue]: a column
        await session.exec(update(Invitation).values(changed_at=long_ago))
    await invited(room)


async def test_a_person_has_one_open_invitation_to_a_project(connected: str, room: Room) -> None:
    """Of two owners who invite at once, one is refused."""
    await memberships.change_role(room.project_id, room.viewer, "owner", room.owner)

    both = await asyncio.gather(
        *(
            invitations.invite(room.project_id, room.stranger, "viewer", owner)
            for owner in (room.owner, room.viewer)
        ),
        return_exceptions=True,
    )

    assert sorted(getattr(each, "code", "made") for each in both) == ["already_invited", "made"]


async def test_open_invitations_per_inviter_are_limited(connected: str, room: Room) -> None:
    """Those to all projects count. Withdrawing one makes room for another."""
    others = [f"person-{number}" for number in range(invitations.MOST_OPEN)]
    elsewhere = await catalog.create(room.owner, "另一个")
    async with transaction() as session:
        session.add_all([User(id=name, username=name) for name in others])
        await session.flush()
        session.add_all(
            [
                Invitation(
                    id=name, project_id=elsewhere, invitee_id=name, inviter_id=room.owner, role="viewer"
                )
                for name in others
            ]
        )

    assert await refused(invited(room)) == "too_many_invitations"
    await invitations.withdraw(elsewhere, others[0], room.owner)
    await invited(room)


async def test_username_look_ups_per_person_are_limited(connected: str, room: Room) -> None:
    """Otherwise an owner could find out by trial which usernames exist."""
    for number in range(sign_in_throttle.MOST_LOOKUPS):
        name = f"guess-{number}"
        assert (
            await refused(invitations.invite(room.project_id, name, "viewer", room.owner))
            == "person_not_found"
        )

    assert await refused(invited(room)) == "too_many_lookups"
    async with transaction() as session:
        await (await session.connection()).execute(
            text("UPDATE name_lookups SET looked_at = looked_at - interval '1 hour'")
        )
    await invited(room)


@pytest.mark.parametrize("cause", ["delete", "step down", "remove", "withdraw", "disable", "demote"])
async def test_an_invitation_ends_with_its_project_or_its_inviters_role(
    connected: str, room: Room, cause: str
) -> None:
    """It also ends when the inviter's account is disabled, or an owner withdraws it."""
    await memberships.change_role(room.project_id, room.viewer, "owner", room.owner)
    invitation = await invited(room)
    if cause == "delete":
        await catalog.delete(room.project_id, room.viewer)
    elif cause == "step down":
        await memberships.change_role(room.project_id, room.owner, "collaborator", room.viewer)
    elif cause == "remove":
        await memberships.remove(room.project_id, room.owner, room.viewer)
    elif cause == "withdraw":
        await invitations.withdraw(room.project_id, invitation, room.viewer)
    elif cause == "disable":
        async with transaction() as session:
            await session.exec(update(User).where(col(User.id) == room.owner).values(status="disabled"))
    else:
        # As a process of an earlier version changes a role, without knowledge of invitations.
        async with transaction() as session:
            owner = col(Membership.user_id) == room.owner
            await session.exec(update(Membership).where(owner).values(role="viewer"))

    assert await invitations.mine(room.stranger) == []
    assert await refused(invitations.accept(invitation, room.stranger)) == "invitation_not_found"
    assert rows(connected, "SELECT 1 AS one FROM projects_users WHERE user_id = 'stranger'") == []


async def test_an_open_list_of_projects_follows_invitations(hub: Hub, room: Room) -> None:
    """A new one, a renamed project and a withdrawn one appear live. An accepted project joins the list."""
    async with open_tab(room.project_id, room.stranger, PROJECTS) as tab:
        await tab.sees(ProjectsState, "loaded", lambda loaded: loaded is True)

        invitation = await invited(room)
        [asked] = await tab.sees(ProjectsState, "invitations", lambda found: found)
        assert (asked.name, asked.username, asked.role, asked.project) == (
            "Owner",
            "owner",
            "viewer",
            "一个项目",
        )
        await catalog.change(room.project_id, room.owner, name="改名")
        await tab.sees(ProjectsState, "invitations", lambda found: found and found[0].project == "改名")
        await invitations.withdraw(room.project_id, invitation, room.owner)
        await tab.sees(ProjectsState, "invitations", lambda found: found == [])

        again = await invited(room)
        await tab.sees(ProjectsState, "invitations", lambda found: found)
        await tab.send(ProjectsState.accept, invitation_id=again)
        await tab.send(ProjectsState.accept, invitation_id=again)
        assert tab.value(ProjectsState, "notice").zh == "你已加入《改名》"
        await tab.sees(ProjectsState, "projects", lambda found: [each.name for each in found] == ["改名"])


async def test_the_members_page_shows_and_withdraws_open_invitations(hub: Hub, room: Room) -> None:
    """It shows a message after each action."""
    async with open_tab(room.project_id, room.owner, MEMBERS) as tab:
        await tab.sees(MembersState, "access", lambda access: access == "open")

        await tab.send(MembersState.invite, form_data={"username": "stranger", "role": "viewer"})
        [asked] = await tab.sees(MembersState, "invitations", lambda found: found)
        assert tab.value(MembersState, "invited").zh == "已邀请 Stranger，对方接受后就会加入"
        await tab.send(MembersState.withdraw, invitation_id=asked.id)
        await tab.sees(MembersState, "invitations", lambda found: found == [])
        assert tab.value(MembersState, "invited").zh == "邀请已撤回"

    await join(room.project_id, room.stranger, "viewer", room.owner)


async def test_open_invitations_of_an_inviter_to_one_person_are_limited(connected: str, room: Room) -> None:
    """A flood of them would push the invitations of others out of the person's list."""
    projects = [await catalog.create(room.owner, "又一个") for _ in range(invitations.MOST_OPEN_TO_ONE)]
    open_ones = [await invitations.invite(each, room.stranger, "viewer", room.owner) for each in projects]

    assert await refused(invited(room)) == "invited_often"
    await invitations.withdraw(projects[0], open_ones[0].id, room.owner)
    await invited(room)
