"""How many runs a person may start within a minute, and have at work at once, over all projects.

A retry counts as a start. Starts are counted by person, wherever the run is, or was.
"""

import math
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph
from scriptwriter.domain.errors import UserError
from scriptwriter.settings import settings
from scriptwriter.store.tables import RunStart, Transform, User

WINDOW = timedelta(minutes=1)
_KEPT = timedelta(hours=1)


async def count_start(session: AsyncSession, user_id: str, transform_id: str) -> None:
    """Count what the transaction of `session` has begun as a start of `user_id`, and hold them to the budget.

    Call it last: the lock on the person's row makes what one person starts at once wait in line, and whoever
    has it must not wait for anything else.
    Raises UserError: `too_many_running` (limit), `too_many_starts` (limit, seconds until the next one).
    """
    await session.get(User, user_id, with_for_update={"key_share": True}, populate_existing=True)
    session.add(RunStart(user_id=user_id, transform_id=transform_id))
    await session.exec(update(Transform).where(col(Transform.id) == transform_id).values(asked_by=user_id))
    running = await session.exec(
        select(func.count())
        .select_from(Transform)
        .where(
            Transform.asked_by == user_id,
            Transform.type == graph.LLM,
            col(Transform.streaming_status).in_(("pending", "running")),
        )
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
        # The newest one is the refused one itself; the oldest of those that fill the window has to leave it.
        free = starts[-limit - 1] + WINDOW
        raise UserError(
            "too_many_starts", limit=limit, seconds=max(math.ceil((free - starts[-1]).total_seconds()), 1)
        )


async def forget_old_starts(session: AsyncSession) -> None:
    """Delete the starts that no budget counts any more."""
    await session.exec(delete(RunStart).where(col(RunStart.started_at) < datetime.now(UTC) - _KEPT))
