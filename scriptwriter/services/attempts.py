"""Owns a worker's attempts at a generation: begin, drafts, end; the attempt's number fences every write."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter import graph, prompts
from scriptwriter.database import transaction
from scriptwriter.errors import GenerationError, Superseded, UserError
from scriptwriter.graph import Brief, Idea, Reply
from scriptwriter.models import Artifact, LlmPrompt, LlmTransform, Transform
from scriptwriter.services.jobs import defer_generation
from scriptwriter.services.lineage import brief_of, ideas_of
from scriptwriter.services.transitions import (
    context_json,
    context_of,
    seconds_of_work,
    timestamp,
    transition,
)
from scriptwriter.settings import settings

_Json = TypeVar("_Json")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One worker's turn at a transform; `number` is the fence, `finished` what earlier turns wrote."""

    transform_id: str
    project_id: str
    artifact_id: str
    number: int
    brief: Brief
    finished: tuple[Idea, ...]
    prompt: str


async def begin(transform_id: str) -> Attempt | None:
    """Take the transform, and return what to do; None where there is nothing to do.

    A transform that is running already was left behind by a worker that died: this is its next attempt.
    """
    async with transaction() as session:
        transform = await session.get(Transform, transform_id, with_for_update=True)
        if transform is None or transform.streaming_status not in ("pending", "running"):
            return None
        if transform.streaming_status == "running":
            await _next_attempt(session, transform)
            await session.refresh(transform)
        artifact = await ideas_of(session, transform_id)
        brief = await brief_of(session, transform_id)
        kept = graph.finished(graph.ideas_from_json(artifact.partial_data))
        context = context_of(transform) | {"attemptStartedAt": timestamp(), "model": settings().model_name}
        await transition(
            session,
            transform_id,
            "running",
            attempt=transform.retry_count,
            progress_percentage=graph.progress(len(kept), brief.count),
            execution_context=context_json(context),
        )
        return Attempt(
            transform_id,
            transform.project_id,
            artifact.id,
            transform.retry_count,
            brief,
            kept,
            await _prompt_of(session, transform),
        )


async def save_draft(attempt: Attempt, ideas: Sequence[Idea]) -> None:
    """Commit the ideas as far as they are written, and the progress. Raises Superseded."""
    done = graph.progress(len(graph.finished(ideas)), attempt.brief.count)
    fence = (
        select(col(Transform.id), col(Transform.progress_percentage))
        .where(
            Transform.id == attempt.transform_id,
            Transform.streaming_status == "running",
            Transform.retry_count == attempt.number,
        )
        .with_for_update(key_share=True)
    )
    async with transaction() as session:
        current = (await session.exec(fence)).first()
        if current is None:
            raise Superseded(attempt.transform_id)
        await session.exec(
            update(Artifact)
            .where(col(Artifact.id) == attempt.artifact_id)
            .values(partial_data=_clean(graph.ideas_to_json(ideas)), streaming_progress=done)
        )
        if float(current[1]) != done:
            await session.exec(
                update(Transform)
                .where(col(Transform.id) == attempt.transform_id)
                .values(progress_percentage=done)
            )


async def finish(attempt: Attempt, ideas: Sequence[Idea], reply: Reply) -> None:
    """End the attempt well, with everything that was asked for. Raises Superseded."""
    await _end(attempt, ideas, reply, "completed")


async def fail(attempt: Attempt, ideas: Sequence[Idea], reply: Reply | None, error: GenerationError) -> None:
    """End the attempt with a reason; finished ideas stay, the one being written is unfinished.

    Raises Superseded.
    """
    await _end(attempt, ideas, reply, "failed", error)


async def _end(
    attempt: Attempt,
    ideas: Sequence[Idea],
    reply: Reply | None,
    status: graph.TransformStatus,
    error: GenerationError | None = None,
) -> None:
    async with transaction() as session:
        transform = await session.get(Transform, attempt.transform_id, with_for_update=True)
        if transform is None:
            raise Superseded(attempt.transform_id)
        context = context_of(transform)
        context["seconds"] = seconds_of_work(context)
        context.pop("attemptStartedAt", None)
        if error is not None:
            context["error"] = {"code": error.code, "params": error.params}
        done = graph.FINISHED
        if status != "completed":
            done = graph.progress(len(graph.finished(ideas)), attempt.brief.count)
        if reply is not None:
            await _record(session, attempt, reply, context)
        changed = await transition(
            session,
            attempt.transform_id,
            status,
            attempt=attempt.number,
            progress_percentage=done,
            error_message=error.text() if error else None,
            execution_context=_clean(context_json(context)),
        )
        if not changed:
            raise Superseded(attempt.transform_id)
        await session.exec(
            update(Artifact)
            .where(col(Artifact.id) == attempt.artifact_id)
            .values(
                data=json.dumps(_clean(graph.ideas_to_json(graph.ended(ideas))), ensure_ascii=False),
                streaming_status=status,
                streaming_progress=done,
                partial_data=None,
            )
        )


async def _record(session: AsyncSession, attempt: Attempt, reply: Reply, context: dict[str, Any]) -> None:
    """Keep the raw reply and the tokens of this attempt behind those of the earlier ones."""
    known = await session.get(LlmTransform, attempt.transform_id)
    record = known or LlmTransform(
        transform_id=attempt.transform_id, project_id=attempt.project_id, model_name=reply.model_name
    )
    earlier = json.loads(record.token_usage) if record.token_usage else None
    usage = graph.total_usage([earlier, reply.token_usage])
    record.model_name = reply.model_name
    record.model_parameters = json.dumps(dict(reply.parameters), ensure_ascii=False)
    record.token_usage = json.dumps(usage) if usage else None
    context |= {"model": reply.model_name, "tokens": usage.get("total_tokens") if usage else None}
    heading = f"\n\n--- attempt {attempt.number} ---\n" if record.raw_response else ""
    record.raw_response = (record.raw_response or "") + heading + _clean(reply.raw_response)
    session.add(record)


async def requeue(session: AsyncSession, transform: Transform) -> None:
    """Make `transform` pending again as its next attempt, with its prompt and its job.

    Raises UserError `nothing_to_retry` where its state does not allow it.
    """
    await _next_attempt(session, transform)
    await defer_generation(session, transform.id)


async def _next_attempt(session: AsyncSession, transform: Transform) -> None:
    artifact = await ideas_of(session, transform.id)
    kept = graph.finished(graph.ideas_from_json(artifact.partial_data or json.loads(artifact.data)))
    context = context_of(transform)
    brief = await brief_of(session, transform.id)
    attempt = transform.retry_count + 1
    context["seconds"] = seconds_of_work(context)
    context.pop("error", None)
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


async def _prompt_of(session: AsyncSession, transform: Transform) -> str:
    found = await session.exec(
        select(LlmPrompt.prompt_text).where(
            LlmPrompt.transform_id == transform.id,
            LlmPrompt.prompt_role == prompt_role(transform.retry_count),
        )
    )
    return found.one()


def _clean(value: _Json) -> _Json:
    """`value` without what Postgres cannot store in text: NUL and lone surrogates."""
    cleaned: Any = value
    if isinstance(value, str):
        cleaned = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    elif isinstance(value, dict):
        cleaned = {key: _clean(each) for key, each in value.items()}
    elif isinstance(value, list):
        cleaned = [_clean(each) for each in value]
    return cleaned
