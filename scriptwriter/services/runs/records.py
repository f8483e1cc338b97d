"""Reads and writes the rows of a run: state and context, brief and ideas, and the model's replies."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, kinds, pricing
from scriptwriter.domain.errors import GenerationError, UserError
from scriptwriter.domain.graph import Reply
from scriptwriter.domain.kinds import CONTEXTS, Brief, Unreadable
from scriptwriter.domain.run_context import DETAIL, Begun, Fault, Parameters, RunContext, Usage
from scriptwriter.domain.typed_text import storable
from scriptwriter.services.projects.access import is_id
from scriptwriter.settings import ModelOption, settings
from scriptwriter.store.tables import Artifact, LlmTransform, Transform, TransformInput, TransformOutput, User


async def transition(
    session: AsyncSession,
    transform_id: str,
    target: graph.TransformStatus,
    *,
    attempt: int | None = None,
    **values: Any,
) -> bool:
    """Set the state of a run to `target`, and other columns to `values` with it.

    `attempt` is the fence: the number of the attempt that must be the current one. Returns False and
    changes nothing if another attempt is current, or if `graph.TRANSITIONS` does not allow the change.
    """
    statement = update(Transform).where(
        col(Transform.id) == transform_id, col(Transform.streaming_status).in_(graph.sources(target))
    )
    if attempt is not None:
        statement = statement.where(col(Transform.retry_count) == attempt)
    changed = await session.exec(statement.values(status=target, streaming_status=target, **values))
    return changed.rowcount == 1


def context_of(transform: Transform) -> RunContext | Unreadable:
    """The value of a run's column `execution_context`."""
    return kinds.read_as(RunContext, transform.execution_context)


def readable_context(transform: Transform) -> RunContext:
    """As `context_of`. Raises GenerationError `run_unreadable`."""
    context = context_of(transform)
    if isinstance(context, Unreadable):
        raise GenerationError("run_unreadable")
    return context


def changed(context: RunContext | Unreadable, **values: Any) -> dict[str, str]:
    """The column `execution_context` with `values` in it, by its name; {} for one that cannot be read."""
    if isinstance(context, Unreadable):
        return {}
    return {"execution_context": kinds.write(type(context).model_validate(dict(context) | values))}


def begun(user: User) -> dict[str, Any]:
    """The fields of a context that say that `user` begins a run or an act now."""
    return {"user_id": user.id, "started_by": user.shown_name, "timestamp": datetime.now(UTC)}


def begun_by(transform: Transform | None) -> str:
    """The name of the person who began a run or an act; "" if it is unknown."""
    declared = CONTEXTS.get(transform.type) if transform else None
    context = kinds.read_as(declared, transform.execution_context) if transform and declared else None
    return (context.started_by or "") if isinstance(context, Begun) else ""


def fault_of(error: UserError) -> Fault:
    """The code and the shortened parameters of an error, to store in a run's context."""
    params = {name: each[:DETAIL] if isinstance(each, str) else each for name, each in error.params.items()}
    return Fault(code=error.code, params=params)


def seconds_of_work(context: RunContext | Unreadable) -> float:
    """The duration of all attempts up to now together, in seconds."""
    if isinstance(context, Unreadable):
        return 0.0
    started = context.attempt_started_at
    this = (datetime.now(UTC) - started).total_seconds() if started else 0.0
    return round((context.seconds or 0.0) + max(this, 0.0), 1)


def offered(name: str) -> ModelOption:
    """The model that the settings offer by that name ("": the default one).

    Raises GenerationError `model_withdrawn` (model): an operator took it off the list.
    """
    option = settings().model(name)
    if option is None:
        raise GenerationError("model_withdrawn", model=name)
    return option


async def run_of(session: AsyncSession, project_id: str, transform_id: str) -> Transform:
    """The run of a project by its id, locked until the transaction ends. Raises UserError `run_not_found`."""
    if not is_id(transform_id):
        raise UserError("run_not_found")
    found = await session.exec(
        select(Transform)
        .where(Transform.id == transform_id, Transform.project_id == project_id, Transform.type == graph.LLM)
        .with_for_update()
    )
    transform = found.first()
    if transform is None:
        raise UserError("run_not_found")
    return transform


async def ideas_of(session: AsyncSession, transform_id: str) -> Artifact:
    """The artifact that a run writes. Raises NoResultFound."""
    found = await session.exec(
        select(Artifact)
        .join(TransformOutput, col(TransformOutput.artifact_id) == Artifact.id)
        .where(TransformOutput.transform_id == transform_id, TransformOutput.output_role == "ideas")
    )
    return found.one()


async def brief_of(session: AsyncSession, transform_id: str) -> Brief:
    """The brief of a run. Raises GenerationError `run_unreadable`."""
    found = await session.exec(
        select(Artifact.data)
        .join(TransformInput, col(TransformInput.artifact_id) == Artifact.id)
        .where(TransformInput.transform_id == transform_id, TransformInput.input_role == "params")
    )
    brief = kinds.read_as(Brief, found.one())
    if isinstance(brief, Unreadable):
        raise GenerationError("run_unreadable")
    return brief


async def brief_behind(session: AsyncSession, artifact_id: str) -> Brief:
    """The brief of the run that wrote an artifact, as an ordinary brainstorm's. Raises as `brief_of`."""
    found = await session.exec(
        select(TransformOutput.transform_id).where(
            TransformOutput.artifact_id == artifact_id, TransformOutput.output_role == "ideas"
        )
    )
    return (await brief_of(session, found.one())).again()


async def record(
    session: AsyncSession, transform: Transform, reply: Reply, context: RunContext
) -> RunContext:
    """Add the raw reply and the tokens of the current attempt to those of the earlier ones.

    Returns the context with `model`, `tokens` and, where the model has a price, `cost`.
    """
    known = await session.get(LlmTransform, transform.id)
    row = known or LlmTransform(
        transform_id=transform.id, project_id=transform.project_id, model_name=reply.model_name
    )
    counted = kinds.read_as(Usage, row.token_usage)
    earlier = None if isinstance(counted, Unreadable) else counted.model_dump()
    usage = graph.total_usage([earlier, reply.token_usage])
    row.model_name = reply.model_name
    row.model_parameters = kinds.write(Parameters.model_validate(dict(reply.parameters)))
    row.token_usage = kinds.write(Usage.model_validate(usage)) if usage else None
    model = settings().model(context.params.model)
    price = pricing.counted(usage, model, settings().price_currency) if model else None
    heading = f"\n\n--- attempt {transform.retry_count} ---\n" if row.raw_response else ""
    row.raw_response = (row.raw_response or "") + heading + storable(reply.raw_response)
    session.add(row)
    return context.model_copy(
        update={
            "model": reply.model_name,
            "tokens": usage.get("total_tokens") if usage else None,
            "cost": context.cost if price is None else str(price),
        }
    )


async def record_model(session: AsyncSession, transform: Transform, context: RunContext) -> None:
    """Record the model of a run whose process died after the last idea, before it stored the reply."""
    model = context.model
    if model and await session.get(LlmTransform, transform.id) is None:
        session.add(
            LlmTransform(transform_id=transform.id, project_id=transform.project_id, model_name=model)
        )
