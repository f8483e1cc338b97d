"""Owns the one check of who may do what in a project."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.errors import UserError
from scriptwriter.models import Membership, Project, User

ACTORS = ("owner", "collaborator")
READERS = (*ACTORS, "viewer")


def is_id(text: str) -> bool:
    """Whether a text can be the id of anything; what cannot be one is not worth asking the database for."""
    return 0 < len(text) <= 200 and text.isascii() and text.isprintable()


async def require(
    session: AsyncSession, project_id: str, user_id: str, *, roles: tuple[str, ...] = READERS
) -> tuple[Project, User, str]:
    """The project, the person and the person's role in it.

    Raises UserError: `project_not_found` for a stranger, as for a project that does not exist,
    `not_allowed` for a member whose role is not one of `roles`.
    """
    if not is_id(project_id):
        raise UserError("project_not_found")
    found = await session.exec(
        select(Project, User, Membership.role)
        .join(Membership, col(Membership.project_id) == Project.id)
        .join(User, col(User.id) == Membership.user_id)
        .where(Project.id == project_id, User.id == user_id, User.status == "active")
    )
    row = found.first()
    if row is None:
        raise UserError("project_not_found")
    if row[2] not in roles:
        raise UserError("not_allowed")
    return row[0], row[1], row[2]
