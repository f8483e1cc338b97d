"""Owns what is kept of a model's replies, over all attempts: for people who ask where an idea comes from."""

import json
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter import graph, pricing
from scriptwriter.graph import Reply
from scriptwriter.models import LlmTransform, Transform
from scriptwriter.services.endings import storable
from scriptwriter.settings import settings


async def record(session: AsyncSession, transform: Transform, reply: Reply, context: dict[str, Any]) -> None:
    """Keep the raw reply and the tokens of the current attempt behind those of the earlier ones.

    Sets `model`, `tokens` and, where the model has a price, `cost` of the transform's `context`.
    """
    known = await session.get(LlmTransform, transform.id)
    row = known or LlmTransform(
        transform_id=transform.id, project_id=transform.project_id, model_name=reply.model_name
    )
    earlier = json.loads(row.token_usage) if row.token_usage else None
    usage = graph.total_usage([earlier, reply.token_usage])
    row.model_name = reply.model_name
    row.model_parameters = json.dumps(dict(reply.parameters), ensure_ascii=False)
    row.token_usage = json.dumps(usage) if usage else None
    context |= {"model": reply.model_name, "tokens": usage.get("total_tokens") if usage else None}
    model = settings().model(context.get("params", {}).get("model", ""))
    price = pricing.counted(usage, model, settings().price_currency) if model else None
    if price is not None:
        context["cost"] = str(price)
    heading = f"\n\n--- attempt {transform.retry_count} ---\n" if row.raw_response else ""
    row.raw_response = (row.raw_response or "") + heading + storable(reply.raw_response)
    session.add(row)


async def record_unheard(session: AsyncSession, transform: Transform, context: dict[str, Any]) -> None:
    """Keep which model was asked, where its attempt died and the reply with it: its ideas were written."""
    model = context.get("model")
    if model and await session.get(LlmTransform, transform.id) is None:
        session.add(
            LlmTransform(transform_id=transform.id, project_id=transform.project_id, model_name=model)
        )
