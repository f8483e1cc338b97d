"""The limits on starts: one active run per project, and two limits per person over all projects.

The settings limit how many runs a person starts within a minute, and how many are active at the same time.
A retry counts as a start.
"""

import math
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph
from scriptwriter.domain.errors import UserError
from scriptwriter.services.runs.records import begun_by
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import RunStart, Transform, User

WINDOW = timedelta(minutes=1)
_KEPT = timedelta(hours=1)
_ACTIVE = Transform.type == graph.LLM, col(Transform.streaming_status).in_(("pending", "running"))


async def count_start(session: AsyncSession, user_id: str, transform_id: str) -> None:
    """Count the run that the transaction of `session` has begun as a start of `user_id`.

    Call it last. The lock on the person's row serialises the starts of one person, and a transaction that
    holds it must not wait for another lock.
    Raises UserError: `too_many_running` (limit), `too_many_starts` (limit, seconds until the next one).
    """
    await session.get(User, user_id, with_for_update={"key_share": True}, populate_existing=True)
    session.add(RunStart(user_id=user_id, transform_id=transform_id))
    await session.exec(update(Transform).where(col(Transform.id) == transform_id).values(asked_by=user_id))
    running = await session.exec(
        select(func.count()).select_from(Transform).where(Transform.asked_by == user_id, *_ACTIVE)
    )
    if running.one() > settings().running_per_person:
        raise UserError("too_many_running", limit=settings().running_per_person)
    found = await session.exec(
        select(RunStart.started_at)
        .where(RunStart.user_id == user_id, col(RunStart.started_at) > func.clock_timestamp() - WINDOW)
        .order_by(col(RunStart.started_at))
    )
    starts, limit = found.all(), settings().starts_per_minute
    if len(starts) > limit:
        # The newest start is the refused one. The oldest of the `limit` before it must leave the window.
        free = starts[-limit - 1] + WINDOW
        raise UserError(
            "too_many_starts", limit=limit, seconds=max(math.ceil((free - starts[-1]).total_seconds()), 1)
        )


async def already_running(project_id: str, error: IntegrityError) -> Exception:
    """The UserError `already_running` (name: who began the active run of the project), or `error` itself.

    `error` is what a start or a retry raised; only the unique index on active runs means `already_running`.
    """
    if "one_active_llm_transform_per_project" not in str(error.orig):
        return error
    async with transaction() as session:
        found = await session.exec(select(Transform).where(Transform.project_id == project_id, *_ACTIVE))
        running = found.first()
    return UserError("already_running", name=begun_by(running) or "?")


async def forget_old_starts(session: AsyncSession) -> None:
    """Delete the starts that are older than any window."""
    await session.exec(delete(RunStart).where(col(RunStart.started_at) < datetime.now(UTC) - _KEPT))
