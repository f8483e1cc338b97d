"""The access check: who may do what in a project."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import UserError
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, Project, User

OWNERS = ("owner",)
ACTORS = (*OWNERS, "collaborator")
READERS = (*ACTORS, "viewer")
"""All roles, the most powerful first."""
PRESENT = ("active", "archived")
"""Project states that members may see. Owners also see `deleted`, to restore it."""


def is_id(text: str) -> bool:
    """Whether a text has the form of an id. Other text is not sent to the database."""
    return 0 < len(text) <= 200 and text.isascii() and text.isprintable()


async def require(
    session: AsyncSession,
    project_id: str,
    user_id: str,
    *,
    roles: tuple[str, ...] = READERS,
    alone: bool = False,
    states: tuple[str, ...] = PRESENT,
) -> tuple[Project, User, str]:
    """The project, the person, and the person's role in the project.

    Readers take no lock. Acts share a lock on the project. A change of the project or of its members is
    `alone`: it takes the lock exclusively, so it happens before or after an act, never during one.
    Raises UserError: `project_not_found` for a stranger and for an unknown project alike, `not_allowed` or
    `owners_only` for a member whose role is not one of `roles`.
    """
    if not is_id(project_id):
        raise UserError("project_not_found")
    if alone or roles != READERS:
        # A statement of its own: the next one sees what was committed while this one waited. Weaker than
        # FOR UPDATE, which would block inserts of a worker that reference the project.
        lock = select(Project.id).where(Project.id == project_id)
        await session.exec(lock.with_for_update(key_share=alone, read=not alone))
    found = await session.exec(
        select(Project, User, Membership.role)
        .join(Membership, col(Membership.project_id) == Project.id)
        .join(User, col(User.id) == Membership.user_id)
        .where(
            Project.id == project_id,
            col(Project.status).in_(states),
            User.id == user_id,
            User.status == "active",
        )
    )
    row = found.first()
    if row is None or (row[0].status not in PRESENT and row[2] not in roles):
        raise UserError("project_not_found")
    if row[2] not in roles:
        raise UserError("owners_only" if row[2] in ACTORS else "not_allowed")
    return row[0], row[1], row[2]


async def require_reader(project_id: str, user_id: str) -> None:
    """Raises UserError `project_not_found` if the person may not read the project."""
    async with transaction() as session:
        await require(session, project_id, user_id)


async def loss(project_id: str) -> UserError:
    """The error for a person who could read the project until now: it was deleted, or they were removed."""
    async with transaction() as session:
        found = await session.exec(select(Project.status).where(Project.id == project_id))
        return UserError("access_removed" if found.first() in PRESENT else "project_deleted")
