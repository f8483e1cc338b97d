"""The access check: who may do what in a project."""

import time
from datetime import UTC, datetime

from sqlalchemy import and_, event, func, text
from sqlalchemy.orm import ORMExecuteState, Session
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts.sessions import token_hash
from scriptwriter.store import fair_share
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import ApiToken, Membership, Project, User, UserSession

OWNERS = ("owner",)
ACTORS = (*OWNERS, "collaborator")
READERS = (*ACTORS, "viewer")
"""All roles, the most powerful first."""
PRESENT = ("active", "archived")
"""Project states that members may see. Owners also see `deleted`, to restore it."""
MOST_PROJECTS = 1_000
"""Projects of one person, deleted ones that can be restored included."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")


def is_id(value: str) -> bool:
    """Whether a text has the form of an id. Other text is not sent to the database."""
    return 0 < len(value) <= 200 and value.isascii() and value.isprintable()


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
        # Lock in a separate statement, so that the next one sees the commits that this one waited for. The
        # lock is weaker than FOR UPDATE, which would block a worker's inserts that reference the project.
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


async def require_room_in(session: AsyncSession, user_id: str) -> None:
    """Raise UserError `too_many_projects` (limit) if the person can have no further project.

    The lock lasts until the transaction ends, so that concurrent ones cannot exceed the limit together.
    """
    await (await session.connection()).execute(_LOCK, {"what": f"projects of {user_id}"})
    number = select(func.count()).select_from(Membership).where(Membership.user_id == user_id)
    if (await session.exec(number)).one() >= MOST_PROJECTS:
        raise UserError("too_many_projects", limit=MOST_PROJECTS)


async def still_reads(project_id: str, token: str, *, of_session: bool) -> bool | None:
    """Whether the person with this session or API token may read the project; None: the token is nobody's.

    One query. It records no use of the token: that is done when a request comes.
    """
    if not is_id(project_id):
        return False
    token_id = token_hash(token)
    live = select(UserSession.user_id).where(
        UserSession.id == token_id, UserSession.expires_at > datetime.now(UTC)
    )
    owner = live if of_session else select(ApiToken.user_id).where(ApiToken.id == token_id)
    fair_share.charge_credential(token_id)
    async with transaction() as session:
        found = await session.exec(
            select(User.id, Project.id)
            .outerjoin(
                Membership,
                and_(col(Membership.user_id) == User.id, col(Membership.project_id) == project_id),
            )
            .outerjoin(
                Project,
                and_(col(Project.id) == Membership.project_id, col(Project.status).in_(PRESENT)),
            )
            .where(col(User.id).in_(owner), User.status == "active")
        )
        row = found.first()
    if row is None:
        fair_share.forget(token_id)
        return None
    return row[1] is not None


def changed_at() -> float:
    """When this process last committed a change to a table that says who may read what (time.monotonic)."""
    return _changes.last


class _Changes:
    """Notes commits that change who may read what, whichever service makes them."""

    tables = (ApiToken, Membership, Project, User, UserSession)

    def __init__(self) -> None:
        self.last = float("-inf")
        event.listen(Session, "after_flush", self._flushed)
        event.listen(Session, "do_orm_execute", self._executed)
        event.listen(Session, "after_commit", self._committed)

    def _flushed(self, session: Session, _: object) -> None:
        if any(isinstance(row, self.tables) for row in (*session.dirty, *session.deleted)):
            session.info[self] = True

    def _executed(self, state: ORMExecuteState) -> None:
        mapper = state.bind_mapper
        if (state.is_update or state.is_delete) and mapper is not None and mapper.class_ in self.tables:
            state.session.info[self] = True

    def _committed(self, session: Session) -> None:
        if session.info.pop(self, False):
            self.last = time.monotonic()


_changes = _Changes()


async def loss(project_id: str) -> UserError:
    """The error for a person who could read the project until now: it was deleted, or they were removed."""
    async with transaction() as session:
        found = await session.exec(select(Project.status).where(Project.id == project_id))
        return UserError("access_removed" if found.first() in PRESENT else "project_deleted")
