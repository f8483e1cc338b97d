"""Owns the one way in which a transform's state changes: `status` and `streaming_status` together."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter import graph
from scriptwriter.models import Transform, User


async def transition(
    session: AsyncSession,
    transform_id: str,
    target: graph.TransformStatus,
    *,
    attempt: int | None = None,
    **values: Any,
) -> bool:
    """Make the transform `target`, and set `values` (columns) with it.

    False, and nothing changed, where `graph.TRANSITIONS` does not allow it from the state it is in, or where
    `attempt` is given and is not the current one (the fence of a worker's writes).
    """
    statement = update(Transform).where(
        col(Transform.id) == transform_id, col(Transform.streaming_status).in_(graph.sources(target))
    )
    if attempt is not None:
        statement = statement.where(col(Transform.retry_count) == attempt)
    changed = await session.exec(statement.values(status=target, streaming_status=target, **values))
    return changed.rowcount == 1


def context_of(transform: Transform) -> dict[str, Any]:
    """What `execution_context` holds: what a screen shows of a run beside its ideas.

    userId, startedBy, timestamp, params; model, attemptStartedAt (ISO 8601, while
    running), seconds (of work, in all attempts), tokens (the same), cost (with its currency), error ({code,
    params}). Who runs it: job (its id), process (its id in `lives`), finishedBefore (ideas when the attempt
    began), deaths (in a row, of processes over it).
    """
    return json.loads(transform.execution_context or "{}")


def context_json(context: dict[str, Any]) -> str:
    """The column's value."""
    return json.dumps(context, ensure_ascii=False)


def timestamp() -> str:
    """The time now, as a context has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def seconds_of_work(context: dict[str, Any]) -> float:
    """How long all attempts up to now have taken, in seconds."""
    started = context.get("attemptStartedAt")
    this = (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds() if started else 0.0
    return round(context.get("seconds", 0.0) + max(this, 0.0), 1)


def context_for(user: User, params: dict[str, Any], **more: Any) -> str:
    """The context of a transform that `user` begins now, with what else it shall hold."""
    begun = {"params": params, "userId": user.id, "startedBy": user.shown_name, "timestamp": timestamp()}
    return context_json(begun | more)
