"""Owns the next attempt at a generation: its number, its prompt for the missing ideas, its job."""

import json
from uuid import uuid4

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter import graph, prompts
from scriptwriter.errors import UserError
from scriptwriter.models import Artifact, LlmPrompt, Transform
from scriptwriter.services.jobs import defer_generation
from scriptwriter.services.lineage import brief_of, ideas_of
from scriptwriter.services.transitions import context_json, context_of, seconds_of_work, transition


async def requeue(session: AsyncSession, transform: Transform) -> None:
    """Make `transform` pending again as its next attempt, with its prompt and its job.

    Raises UserError `nothing_to_retry` where its state does not allow it.
    """
    await next_attempt(session, transform)
    await defer_generation(session, transform.id)


async def next_attempt(session: AsyncSession, transform: Transform) -> None:
    """Make `transform` pending as its next attempt, and store the prompt that will be sent.

    Raises UserError `nothing_to_retry` where its state does not allow it.
    """
    artifact = await ideas_of(session, transform.id)
    kept = graph.finished(graph.ideas_from_json(artifact.partial_data or json.loads(artifact.data)))
    context = context_of(transform)
    brief = await brief_of(session, transform.id)
    attempt = transform.retry_count + 1
    context["seconds"] = seconds_of_work(context)
    for ended in ("error", "stoppedBy"):
        context.pop(ended, None)
    context.pop("attemptStartedAt", None)
    changed = await transition(
        session,
        transform.id,
        "pending",
        attempt=transform.retry_count,
        retry_count=attempt,
        error_message=None,
        execution_context=context_json(context),
    )
    if not changed:
        raise UserError("nothing_to_retry")
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact.id)
        .values(
            streaming_status="streaming",
            streaming_progress=graph.progress(len(kept), brief.count) if kept else 0,
            partial_data=graph.ideas_to_json(kept),
        )
    )
    session.add(
        LlmPrompt(
            id=str(uuid4()),
            project_id=transform.project_id,
            transform_id=transform.id,
            prompt_text=prompts.render(brief, kept),
            prompt_role=prompt_role(attempt),
        )
    )
    await session.flush()


def prompt_role(attempt: int) -> str:
    """The `prompt_role` of an attempt's prompt."""
    return f"attempt-{attempt}" if attempt else "primary"


async def prompt_of(session: AsyncSession, transform: Transform) -> str:
    """The prompt of the transform's current attempt."""
    found = await session.exec(
        select(LlmPrompt.prompt_text).where(
            LlmPrompt.transform_id == transform.id,
            LlmPrompt.prompt_role == prompt_role(transform.retry_count),
        )
    )
    return found.one()
