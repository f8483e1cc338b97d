"""A person's projects: create, list, open, change, archive, delete and restore."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.typed_text import one_line, storable, visible, visible_or_empty
from scriptwriter.services.projects import invitations
from scriptwriter.services.projects.access import OWNERS, PRESENT, require, require_room_in
from scriptwriter.services.runs.ending import stop_in
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, Project, Transform, User

NAME_LIMIT = 200
DESCRIPTION_LIMIT = 2000
KEPT = timedelta(days=30)
"""How long a deleted project can be restored. Afterwards a worker purges it."""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project in a member's list.

    `status` is that of the newest run ("" before the first). `ideas` counts the finished ideas of all runs.
    `updated_at` of a deleted project is the time of its deletion.
    """

    id: str
    name: str
    description: str
    role: str
    created_at: datetime
    updated_at: datetime
    status: str
    ideas: int
    archived: bool = False


_ROWS = """
SELECT p.id, p.name, coalesce(p.description, '') AS description, m.role, p.created_at,
    CASE WHEN p.status = 'deleted' THEN p.updated_at
        ELSE greatest(p.updated_at, newest.updated_at) END AS updated_at,
    p.status = 'archived' AS archived,
    coalesce(newest.streaming_status, '') AS status,
    (
        SELECT coalesce(sum(a.finished_ideas), 0) FROM artifacts a
        WHERE a.project_id = p.id AND a.type = 'brainstorm_ideas'
    ) AS ideas
FROM projects_users m
JOIN projects p ON p.id = m.project_id
LEFT JOIN LATERAL (
    SELECT t.streaming_status, t.updated_at FROM transforms t
    WHERE t.project_id = p.id AND t.type = 'llm' ORDER BY t.created_at DESC LIMIT 1
) newest ON true
WHERE m.user_id = :user_id
"""
_PRESENT = _ROWS + "AND p.status IN ('active', 'archived')"
_RESTORABLE = _ROWS + "AND m.role = 'owner' AND p.status = 'deleted' AND p.updated_at > :since"
_NEWEST_FIRST = " ORDER BY updated_at DESC"
_MATCHING = """ AND (
    p.name ILIKE :words
    OR EXISTS (
        SELECT FROM artifacts a
        WHERE a.project_id = p.id AND a.type IN ('brainstorm_ideas', 'brainstorm_idea')
            AND a.titles ILIKE :words
    )
)"""


async def create(user_id: str, name: str, description: str = "") -> str:
    """Create a project with `user_id` as its owner; returns its id.

    Raises UserError: `name_required`, `name_too_long`, `description_too_long`, `too_many_projects` (limit),
    `signed_out` if there is no such person.
    """
    async with transaction() as session:
        return await create_in(session, user_id, name, description)


async def create_in(
    session: AsyncSession, user_id: str, name: str, description: str = "", *, id: str = ""
) -> str:
    """`create` in the transaction of `session`, with this id if one is given."""
    project = Project(
        id=id or str(uuid4()), name=_checked_name(name), description=_checked_description(description)
    )
    person = await session.get(User, user_id)
    if person is None or person.status != "active":
        raise UserError("signed_out")
    await require_room_in(session, user_id)
    session.add(project)
    await session.flush()
    session.add(Membership(project_id=project.id, user_id=user_id, role="owner"))
    return project.id


async def mine(user_id: str, search: str = "") -> list[ProjectRow]:
    """The projects of `user_id` including archived ones, the most recently changed first.

    With `search`, those whose name or one of whose idea titles contains it.
    """
    words = storable(" ".join(search.split()))[:NAME_LIMIT]
    for sign in "\\%_":
        words = words.replace(sign, f"\\{sign}")
    query = _PRESENT + (_MATCHING if words else "") + _NEWEST_FIRST
    async with transaction() as session:
        return await _rows(session, query, user_id=user_id, **({"words": f"%{words}%"} if words else {}))


async def restorable(user_id: str) -> list[ProjectRow]:
    """The deleted projects that `user_id` may restore, the most recently deleted first."""
    async with transaction() as session:
        return await _rows(
            session, _RESTORABLE + _NEWEST_FIRST, user_id=user_id, since=datetime.now(UTC) - KEPT
        )


async def open_project(project_id: str, user_id: str) -> ProjectRow:
    """One project, for a member. Raises UserError `project_not_found`."""
    async with transaction() as session:
        await require(session, project_id, user_id)
        query = _PRESENT + " AND p.id = :project_id"
        [row] = await _rows(session, query, user_id=user_id, project_id=project_id)
        return row


async def change(
    project_id: str,
    user_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    archived: bool | None = None,
) -> None:
    """Change the given fields, all or none. Owners only.

    Raises UserError: `project_not_found`, `not_allowed`, `owners_only`, and those of `create` for the name
    and the description.
    """
    async with transaction() as session:
        project, _, _ = await require(session, project_id, user_id, roles=OWNERS, alone=True)
        if name is not None:
            project.name = _checked_name(name)
            await invitations.tell_in(session, project_id)
        if description is not None:
            project.description = _checked_description(description)
        if archived is not None:
            project.status = "archived" if archived else "active"
        session.add(project)


async def archive(project_id: str, user_id: str) -> None:
    """Archive a project for all members. It stays usable. Owners only.

    Raises UserError: `project_not_found`, `not_allowed`, `owners_only`.
    """
    await change(project_id, user_id, archived=True)


async def unarchive(project_id: str, user_id: str) -> None:
    """Unarchive a project. Raises UserError as `archive` does."""
    await change(project_id, user_id, archived=False)


async def delete(project_id: str, user_id: str) -> None:
    """Delete a project for all members, and stop its runs. Owners only.

    It can be restored for KEPT. Raises UserError: `project_not_found`, `not_allowed`, `owners_only`.
    """
    async with transaction() as session:
        project, user, _ = await require(session, project_id, user_id, roles=OWNERS, alone=True)
        project.status, project.deleted_from = "deleted", project.status
        session.add(project)
        await invitations.withdraw_in(session, project_id)
        running = await session.exec(
            select(Transform)
            .where(
                Transform.project_id == project_id,
                Transform.type == graph.LLM,
                col(Transform.streaming_status).in_(("pending", "running")),
            )
            .with_for_update()
        )
        for transform in running.all():
            await stop_in(session, transform, user)


async def restore(project_id: str, user_id: str) -> None:
    """Restore a deleted project to its earlier state. Owners only. Without effect on any other project.

    Raises UserError: `project_not_found`, also if it was deleted longer than KEPT ago, `not_allowed`,
    `owners_only`.
    """
    async with transaction() as session:
        states = (*PRESENT, "deleted")
        project, _, _ = await require(session, project_id, user_id, roles=OWNERS, alone=True, states=states)
        if project.status != "deleted":
            return
        if project.updated_at <= datetime.now(UTC) - KEPT:
            raise UserError("project_not_found")
        project.status, project.deleted_from = project.deleted_from or "active", None
        session.add(project)


async def _rows(session: AsyncSession, query: str, **values: object) -> list[ProjectRow]:
    connection = await session.connection()
    rows = await connection.execute(text(query), values)
    return [ProjectRow(**row) for row in rows.mappings()]


def _checked_name(name: str) -> str:
    """The name as it is stored. Raises UserError: `name_required`, `name_too_long` (limit)."""
    name = one_line(storable(name, "?"))
    if not visible(name):
        raise UserError("name_required")
    if len(name) > NAME_LIMIT:
        raise UserError("name_too_long", limit=NAME_LIMIT)
    return name


def _checked_description(description: str) -> str:
    """The description as it is stored. Raises UserError `description_too_long` (limit)."""
    description = storable(description, "?").strip()
    if len(description) > DESCRIPTION_LIMIT:
        raise UserError("description_too_long", limit=DESCRIPTION_LIMIT)
    return visible_or_empty(description)
