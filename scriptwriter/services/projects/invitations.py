"""Invitations to projects. A person becomes a member only by accepting one.

    open → accepted | declined    by the invitee
         → withdrawn              by an owner, by the loss of the inviter's ownership, or with the project

Until it is accepted, the invitee sees the project's name, the role and the inviter, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, text, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.typed_text import storable
from scriptwriter.services.accounts import sign_in_throttle
from scriptwriter.services.accounts.usernames import folded
from scriptwriter.services.projects.access import OWNERS, PRESENT, READERS, is_id, require, require_room_in
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Invitation, Membership, Project, User

MOST_OPEN = 50
"""Open invitations of one inviter over all projects."""
MOST_OPEN_TO_ONE = 5
"""Open invitations of one inviter to the same person, whose list would have no place for those of others."""
MOST_SHOWN = 100
"""Open invitations to one person that are listed, the newest first."""
DECLINED_FOR = timedelta(days=30)
"""How long an inviter cannot invite a person who declined, to any project."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An open invitation, as the members of the project see it."""

    id: str
    name: str
    username: str
    role: str
    invited_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MyInvitation:
    """An open invitation, as the invitee sees it. It contains nothing else of the project."""

    id: str
    project_name: str
    role: str
    inviter_name: str
    inviter_username: str
    created_at: datetime


async def invite(project_id: str, username: str, role: str, user_id: str) -> InvitationRow:
    """Invite the person with this username. Owners only.

    Raises UserError: `project_not_found`, `not_allowed`, `owners_only`, `role_unknown`, `person_not_found`,
    `already_member` and `already_invited` (name: whose), `invitation_declined` (name, days),
    `too_many_invitations` (limit), `invited_often` (name, limit), `too_many_lookups` (seconds, minutes) if
    the inviter has tried too many names.
    """
    async with transaction() as session:
        await require(session, project_id, user_id, roles=OWNERS)
        if role not in READERS:
            raise UserError("role_unknown")
    # A transaction of its own, so that an unknown name is counted too.
    await sign_in_throttle.count_lookup(user_id)
    async with transaction() as session:
        _, inviter, _ = await require(session, project_id, user_id, roles=OWNERS, alone=True)
        name = folded(storable(username, "?"))
        found = await session.exec(select(User).where(User.username == name, User.status == "active"))
        person = found.first()
        if person is None:
            raise UserError("person_not_found")
        await _may_invite(session, project_id, person, user_id)
        invitation = Invitation(
            id=str(uuid4()), project_id=project_id, invitee_id=person.id, inviter_id=user_id, role=role
        )
        session.add(invitation)
        await session.flush()
        await session.refresh(invitation)
        return InvitationRow(
            invitation.id, person.shown_name, person.username, role, inviter.shown_name, invitation.created_at
        )


async def of_project(project_id: str, user_id: str) -> list[InvitationRow]:
    """The open invitations to a project, the oldest first, for its members. Raises `project_not_found`."""
    invitee, inviter = aliased(User), aliased(User)
    async with transaction() as session:
        await require(session, project_id, user_id)
        found = await session.exec(
            select(Invitation, invitee, inviter)
            .join(invitee, col(invitee.id) == Invitation.invitee_id)
            .join(inviter, col(inviter.id) == Invitation.inviter_id)
            .where(Invitation.project_id == project_id, Invitation.status == "open")
            .order_by(col(Invitation.created_at), col(Invitation.id))
        )
        return [
            InvitationRow(row.id, who.shown_name, who.username, row.role, by.shown_name, row.created_at)
            for row, who, by in found
        ]


async def mine(user_id: str) -> list[MyInvitation]:
    """The valid open invitations to `user_id`, the newest first, up to MOST_SHOWN."""
    async with transaction() as session:
        found = await session.exec(
            _holding()
            .where(Invitation.invitee_id == user_id)
            .order_by(col(Invitation.created_at).desc(), col(Invitation.id))
            .limit(MOST_SHOWN)
        )
        return [_mine(row, project, inviter) for row, project, inviter in found]


async def accept(invitation_id: str, user_id: str) -> str:
    """Accept an invitation; returns the project's id.

    Raises UserError `invitation_not_found`, `too_many_projects` (limit).
    """
    async with transaction() as session:
        project_id = await _project_of(session, invitation_id, user_id)
        # The exclusive lock of `access.require`: members change before or after an act in the project.
        lock = select(Project.id).where(Project.id == project_id)
        await session.exec(lock.with_for_update(key_share=True))
        theirs = (Invitation.id == invitation_id, Invitation.invitee_id == user_id)
        row = (await session.exec(_holding().where(*theirs))).first()
        person = await session.get(User, user_id)
        if row is None or person is None or person.status != "active":
            raise UserError("invitation_not_found")
        if not await _close(session, {"id": invitation_id}, "accepted"):
            raise UserError("invitation_not_found")
        if not await _is_member(session, project_id, user_id):
            await require_room_in(session, user_id)
            session.add(Membership(project_id=project_id, user_id=user_id, role=row[0].role))
        return project_id


async def decline(invitation_id: str, user_id: str) -> None:
    """Decline an invitation. Raises UserError `invitation_not_found`."""
    async with transaction() as session:
        await _project_of(session, invitation_id, user_id)
        if not await _close(session, {"id": invitation_id, "invitee_id": user_id}, "declined"):
            raise UserError("invitation_not_found")


async def withdraw(project_id: str, invitation_id: str, user_id: str) -> None:
    """Withdraw an invitation, also one of another owner. Owners only.

    Raises UserError: `project_not_found`, `not_allowed`, `owners_only`, `invitation_not_found`.
    """
    async with transaction() as session:
        await require(session, project_id, user_id, roles=OWNERS, alone=True)
        which = {"id": invitation_id, "project_id": project_id}
        if not is_id(invitation_id) or not await _close(session, which, "withdrawn"):
            raise UserError("invitation_not_found")


async def withdraw_in(session: AsyncSession, project_id: str, inviter_id: str | None = None) -> None:
    """Withdraw the open invitations to a project, of one inviter or (None) of all, in this transaction."""
    of_one = {} if inviter_id is None else {"inviter_id": inviter_id}
    await _close(session, {"project_id": project_id} | of_one, "withdrawn")


async def tell_in(session: AsyncSession, project_id: str) -> None:
    """Touch a project's open invitations, so that lists show its new name."""
    which = (col(Invitation.project_id) == project_id, col(Invitation.status) == "open")
    await session.exec(update(Invitation).where(*which).values(changed_at=func.clock_timestamp()))


async def _may_invite(session: AsyncSession, project_id: str, person: User, inviter_id: str) -> None:
    if await _is_member(session, project_id, person.id):
        raise UserError("already_member", name=person.shown_name)
    connection = await session.connection()
    await connection.execute(_LOCK, {"what": f"invitations of {inviter_id}"})
    here = (Invitation.project_id == project_id, Invitation.invitee_id == person.id)
    if (await session.exec(select(Invitation.id).where(*here, Invitation.status == "open"))).first():
        raise UserError("already_invited", name=person.shown_name)
    declined = await session.exec(
        select(Invitation.id).where(
            Invitation.invitee_id == person.id,
            Invitation.inviter_id == inviter_id,
            Invitation.status == "declined",
            Invitation.changed_at > datetime.now(UTC) - DECLINED_FOR,
        )
    )
    if declined.first():
        raise UserError("invitation_declined", name=person.shown_name, days=DECLINED_FOR.days)
    theirs = (Invitation.inviter_id == inviter_id, Invitation.status == "open")
    invitees = (await session.exec(select(Invitation.invitee_id).where(*theirs))).all()
    if len(invitees) >= MOST_OPEN:
        raise UserError("too_many_invitations", limit=MOST_OPEN)
    if invitees.count(person.id) >= MOST_OPEN_TO_ONE:
        raise UserError("invited_often", name=person.shown_name, limit=MOST_OPEN_TO_ONE)


async def _is_member(session: AsyncSession, project_id: str, user_id: str) -> bool:
    which = (Membership.project_id == project_id, Membership.user_id == user_id)
    return (await session.exec(select(Membership.id).where(*which))).first() is not None


def _holding() -> Any:
    """Open invitations with project and inviter, if the project exists and the inviter still is its owner."""
    return (
        select(Invitation, Project, User)
        .join(Project, col(Project.id) == Invitation.project_id)
        .join(User, col(User.id) == Invitation.inviter_id)
        .join(
            Membership,
            (col(Membership.project_id) == Invitation.project_id)
            & (col(Membership.user_id) == Invitation.inviter_id),
        )
        .where(
            Invitation.status == "open",
            col(Project.status).in_(PRESENT),
            User.status == "active",
            col(Membership.role).in_(OWNERS),
        )
    )


async def _project_of(session: AsyncSession, invitation_id: str, user_id: str) -> str:
    """The project of an invitation to `user_id`. Raises UserError `invitation_not_found`."""
    theirs = (Invitation.id == invitation_id, Invitation.invitee_id == user_id)
    query = select(Invitation.project_id).where(*theirs)
    project_id = (await session.exec(query)).first() if is_id(invitation_id) else None
    if project_id is None:
        raise UserError("invitation_not_found")
    return project_id


async def _close(session: AsyncSession, which: Mapping[str, str], status: str) -> bool:
    """Set the status of the open invitations with these column values; whether there was one."""
    wanted = [getattr(Invitation, name) == value for name, value in which.items()]
    changed = await session.exec(
        update(Invitation)
        .where(*wanted, col(Invitation.status) == "open")
        .values(status=status, changed_at=func.clock_timestamp())
    )
    return changed.rowcount > 0


def _mine(row: Invitation, project: Project, inviter: User) -> MyInvitation:
    return MyInvitation(row.id, project.name, row.role, inviter.shown_name, inviter.username, row.created_at)
