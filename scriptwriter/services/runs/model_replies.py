"""What is kept of a model's replies, over all attempts: for people who ask where an idea comes from."""

from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, kinds, pricing
from scriptwriter.domain.graph import Reply
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.domain.run_context import Parameters, RunContext, Usage
from scriptwriter.services.runs.endings import storable
from scriptwriter.settings import settings
from scriptwriter.store.tables import LlmTransform, Transform


async def record(
    session: AsyncSession, transform: Transform, reply: Reply, context: RunContext
) -> RunContext:
    """Keep the raw reply and the tokens of the current attempt behind those of the earlier ones.

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


async def record_unheard(session: AsyncSession, transform: Transform, context: RunContext) -> None:
    """Keep which model was asked, where its attempt died and the reply with it: its ideas were written."""
    model = context.model
    if model and await session.get(LlmTransform, transform.id) is None:
        session.add(
            LlmTransform(transform_id=transform.id, project_id=transform.project_id, model_name=model)
        )
