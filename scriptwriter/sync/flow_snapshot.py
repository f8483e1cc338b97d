"""A project's flow, read once from the database: for the API and for exports."""

from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.operations import process_pool
from scriptwriter.services.projects.access import require
from scriptwriter.store.database import transaction
from scriptwriter.sync.project_flow import ProjectFlow, join
from scriptwriter.sync.views import clause

_AT_ONCE = 500
"""Rows that are read before other tasks of the event loop run."""


async def read_flow(project_id: str, user_id: str) -> ProjectFlow:
    """The flow of one moment, joined as for the room. Raises UserError `project_not_found`."""
    async with transaction() as session:
        await (await session.connection()).execute(
            text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        )
        await require(session, project_id, user_id)
        transforms = await _rows(session, "transforms", project_id)
        outputs = await _rows(session, "transform_outputs", project_id)
        artifacts = {row["id"]: row for row in await _rows(session, "artifacts", project_id)}
        memberships = await _rows(session, "projects_users", project_id)
        projects = await _rows(session, "projects", project_id)
    size = len(transforms) + len(artifacts)
    return await process_pool.in_thread_if_large(
        size, join, project_id, transforms, outputs, artifacts, memberships, projects=projects
    )


async def _rows(session: AsyncSession, table: str, project_id: str) -> list[dict[str, Any]]:
    query = text(f"SELECT * FROM {table} WHERE {clause(table).replace('$1', ':project_id')}")
    found = await (await session.connection()).stream(query, {"project_id": project_id})
    return [dict(row) async for part in found.mappings().partitions(_AT_ONCE) for row in part]
