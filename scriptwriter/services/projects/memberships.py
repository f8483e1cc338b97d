"""Members of a project and their roles. A project always keeps at least one owner."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import UserError
from scriptwriter.services.projects import invitations
from scriptwriter.services.projects.access import OWNERS, READERS, is_id, require
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, User


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member. `id` is that of the person, and is what `member_id` expects."""

    id: str
    name: str
    username: str
    role: str
    joined_at: datetime


async def listed(project_id: str, user_id: str) -> list[MemberRow]:
    """The members of a project: owners, collaborators, viewers, each by the time of joining.

    Raises UserError `project_not_found`.
    """
    async with transaction() as session:
        await require(session, project_id, user_id)
        rank = case({role: place for place, role in enumerate(READERS)}, value=col(Membership.role))
        found = await session.exec(
            select(Membership, User)
            .join(User, col(User.id) == Membership.user_id)
            .where(Membership.project_id == project_id)
            .order_by(rank, col(Membership.joined_at), col(Membership.id))
        )
        return [_row(member, person) for member, person in found]


async def change_role(project_id: str, member_id: str, role: str, user_id: str) -> None:
    """Change the role of a member, also one's own. Owners only.

    Raises UserError: `project_not_found`, `not_allowed`, `owners_only`, `role_unknown`, `member_not_found`,
    `last_owner`.
    """
    async with transaction() as session:
        await require(session, project_id, user_id, roles=OWNERS, alone=True)
        _known(role)
        member = await _member(session, project_id, member_id)
        if role not in OWNERS:
            await _not_the_last_owner(session, member)
            await invitations.withdraw_in(session, project_id, member_id)
        member.role = role
        session.add(member)


async def remove(project_id: str, member_id: str, user_id: str) -> None:
    """Remove a member. Owners only, except for oneself.

    Raises UserError: `project_not_found`, `not_allowed`, `owners_only`, `member_not_found`, `last_owner`.
    """
    async with transaction() as session:
        roles = READERS if member_id == user_id else OWNERS
        await require(session, project_id, user_id, roles=roles, alone=True)
        member = await _member(session, project_id, member_id)
        await _not_the_last_owner(session, member)
        await invitations.withdraw_in(session, project_id, member_id)
        await session.delete(member)


async def leave(project_id: str, user_id: str) -> None:
    """Leave a project. Raises UserError: `project_not_found`, `last_owner`."""
    await remove(project_id, user_id, user_id)


async def _not_the_last_owner(session: AsyncSession, member: Membership) -> None:
    """Raises UserError `last_owner` if no other active owner would be left."""
    others = await session.exec(
        select(Membership.id)
        .join(User, col(User.id) == Membership.user_id)
        .where(
            Membership.project_id == member.project_id,
            Membership.user_id != member.user_id,
            col(Membership.role).in_(OWNERS),
            User.status == "active",
        )
        .limit(1)
    )
    if member.role in OWNERS and others.first() is None:
        raise UserError("last_owner")


async def _member(session: AsyncSession, project_id: str, member_id: str) -> Membership:
    member = await _membership(session, project_id, member_id) if is_id(member_id) else None
    if member is None:
        raise UserError("member_not_found")
    return member


async def _membership(session: AsyncSession, project_id: str, user_id: str) -> Membership | None:
    found = await session.exec(
        select(Membership).where(Membership.project_id == project_id, Membership.user_id == user_id)
    )
    return found.first()


def _known(role: str) -> None:
    if role not in READERS:
        raise UserError("role_unknown")


def _row(member: Membership, person: User) -> MemberRow:
    return MemberRow(person.id, person.shown_name, person.username, member.role, member.joined_at)
