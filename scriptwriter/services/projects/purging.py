"""Purges deleted projects that can no longer be restored."""

from datetime import UTC, datetime

from sqlalchemy import delete
from sqlmodel import col, select

from scriptwriter.services.projects.catalog import KEPT
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Project


async def purge() -> int:
    """Delete every project that was deleted longer than KEPT ago, with all its rows; returns the number.

    Each project has its own transaction, so that a large one blocks no other.
    """
    purged = 0
    while await _purge_one():
        purged += 1
    return purged


async def _purge_one() -> bool:
    async with transaction() as session:
        found = await session.exec(
            select(Project.id)
            .where(Project.status == "deleted", Project.updated_at <= datetime.now(UTC) - KEPT)
            .limit(1)
            # Skip the projects that other workers are purging.
            .with_for_update(skip_locked=True)
        )
        project_id = found.first()
        if project_id is None:
            return False
        await session.exec(delete(Project).where(col(Project.id) == project_id))
        return True
