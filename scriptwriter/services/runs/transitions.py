"""How a transform changes: its state (`status` and `streaming_status` together), and its context."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, kinds
from scriptwriter.domain.errors import GenerationError, UserError
from scriptwriter.domain.kinds import CONTEXTS, Unreadable
from scriptwriter.domain.run_context import DETAIL, Begun, Fault, RunContext
from scriptwriter.store.tables import Transform, User


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


def context_of(transform: Transform) -> RunContext | Unreadable:
    """What is known of a run beside its ideas: the value of `execution_context`."""
    return kinds.read_as(RunContext, transform.execution_context)


def readable(transform: Transform) -> RunContext:
    """The same, for who cannot go on without it. Raises GenerationError `run_unreadable`."""
    context = context_of(transform)
    if isinstance(context, Unreadable):
        raise GenerationError("run_unreadable")
    return context


def begun_by(transform: Transform | None) -> str:
    """The name of the person who began a run or an act; "" where it is not known."""
    declared = CONTEXTS.get(transform.type) if transform else None
    context = kinds.read_as(declared, transform.execution_context) if transform and declared else None
    return (context.started_by or "") if isinstance(context, Begun) else ""


def changed(context: RunContext | Unreadable, **values: Any) -> dict[str, str]:
    """The column `execution_context` with other values; one that cannot be read stays as it is."""
    if isinstance(context, Unreadable):
        return {}
    return {"execution_context": kinds.write(type(context).model_validate(dict(context) | values))}


def fault_of(error: UserError) -> Fault:
    """What a context keeps of an error."""
    params = {name: each[:DETAIL] if isinstance(each, str) else each for name, each in error.params.items()}
    return Fault(code=error.code, params=params)


def seconds_of_work(context: RunContext | Unreadable) -> float:
    """How long all attempts up to now have taken, in seconds."""
    if isinstance(context, Unreadable):
        return 0.0
    started = context.attempt_started_at
    this = (datetime.now(UTC) - started).total_seconds() if started else 0.0
    return round((context.seconds or 0.0) + max(this, 0.0), 1)


def begun(user: User) -> dict[str, Any]:
    """What the context of a run or an act says that `user` begins now."""
    return {"user_id": user.id, "started_by": user.shown_name, "timestamp": datetime.now(UTC)}
