"""Owns a person's projects: create, list, open."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.database import transaction
from scriptwriter.errors import UserError
from scriptwriter.models import Membership, Project, User
from scriptwriter.services.access import require

NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project as one of its members sees it in a list.

    `status` is that of its newest generation ("" before the first), `ideas` counts all finished ones.
    """

    id: str
    name: str
    description: str
    role: str
    created_at: datetime
    updated_at: datetime
    status: str
    ideas: int


_ROWS = """
SELECT p.id, p.name, coalesce(p.description, '') AS description, m.role, p.created_at,
    greatest(p.updated_at, newest.updated_at) AS updated_at,
    coalesce(newest.streaming_status, '') AS status,
    (
        SELECT count(*)
        FROM artifacts a, jsonb_array_elements(coalesce(a.partial_data, a.data::jsonb) -> 'ideas') AS idea
        WHERE a.project_id = p.id AND a.type = 'brainstorm_ideas' AND NOT idea ? 'status'
    ) AS ideas
FROM projects_users m
JOIN projects p ON p.id = m.project_id
LEFT JOIN LATERAL (
    SELECT t.streaming_status, t.updated_at FROM transforms t
    WHERE t.project_id = p.id AND t.type = 'llm' ORDER BY t.created_at DESC LIMIT 1
) newest ON true
WHERE m.user_id = :user_id
"""


async def create(user_id: str, name: str, description: str = "") -> str:
    """A new project of `user_id`, its owner; returns its id.

    Raises UserError: `name_required`, `name_too_long`, `signed_out` where there is no such person.
    """
    async with transaction() as session:
        return await create_in(session, user_id, name, description)


async def create_in(session: AsyncSession, user_id: str, name: str, description: str = "") -> str:
    """As `create`, in the transaction of `session`."""
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise UserError("name_required")
    if len(name) > NAME_LIMIT:
        raise UserError("name_too_long", limit=NAME_LIMIT)
    if await session.get(User, user_id) is None:
        raise UserError("signed_out")
    project = Project(id=str(uuid4()), name=name, description=description.replace("\x00", "").strip())
    session.add(project)
    await session.flush()
    session.add(Membership(project_id=project.id, user_id=user_id, role="owner"))
    return project.id


async def mine(user_id: str) -> list[ProjectRow]:
    """The projects of `user_id`, the one that changed last first."""
    async with transaction() as session:
        connection = await session.connection()
        rows = await connection.execute(text(_ROWS + "ORDER BY updated_at DESC"), {"user_id": user_id})
        return [ProjectRow(**row) for row in rows.mappings()]


async def open_project(project_id: str, user_id: str) -> ProjectRow:
    """One project, for a member. Raises UserError `project_not_found`."""
    async with transaction() as session:
        await require(session, project_id, user_id)
        connection = await session.connection()
        rows = await connection.execute(
            text(_ROWS + "AND p.id = :project_id"), {"user_id": user_id, "project_id": project_id}
        )
        return ProjectRow(**rows.mappings().one())
