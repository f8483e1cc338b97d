"""The next attempt at a generation: its number, its prompt for the missing ideas, its job."""

from typing import Any
from uuid import uuid4

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, prompts
from scriptwriter.domain.errors import GenerationError, UserError
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.services.runs.graph_steps import brief_of, ideas_of
from scriptwriter.services.runs.offered_models import offered
from scriptwriter.services.runs.queue import defer_generation
from scriptwriter.services.runs.transitions import changed, readable, seconds_of_work, transition
from scriptwriter.store.tables import Artifact, LlmPrompt, Transform

ENDED = ("error", "stopped_by", "attempt_started_at", "waiting", "interrupted")
"""What the context says of an attempt, and no longer of the next one."""


async def requeue(session: AsyncSession, transform: Transform, **context: Any) -> None:
    """Make `transform` pending again as its next attempt, with its prompt and its job.

    Where the last missing idea was given up, that attempt only ends the run.
    Raises UserError `nothing_to_retry` where its state does not allow it, or nothing is missing; and as
    `offered` does where there is something to write.
    """
    fresh = {"slots": None, "rephrase": False, "automatic_retries": 0, "deaths": 0}
    if await next_attempt(session, transform, **(fresh | context)):
        offered((await brief_of(session, transform.id)).model)
    elif not context.get("skipped"):
        raise UserError("nothing_to_retry")
    await defer_generation(session, transform.id)


async def next_attempt(session: AsyncSession, transform: Transform, **more: Any) -> tuple[int, ...]:
    """Make `transform` pending as its next attempt, with its prompt; returns the places it writes.

    `more` goes into its context: `slots` (the places to write, None: all open ones), `skipped` (places given
    up), `rephrase`, `waiting`, `interrupted`, `automatic_retries`, `deaths`.
    Raises UserError `nothing_to_retry` where its state does not allow it, and `run_unreadable`.
    """
    artifact = await ideas_of(session, transform.id)
    written = graph.written(artifact.partial_data, artifact.data)
    if isinstance(written, Unreadable):
        raise GenerationError("run_unreadable")
    kept = graph.kept(written)
    context = readable(transform)
    brief = await brief_of(session, transform.id)
    attempt = transform.retry_count + 1
    known: dict[str, Any] = (
        dict(context) | {"seconds": seconds_of_work(context)} | dict.fromkeys(ENDED) | more
    )
    missing = graph.open_slots(kept, brief.count, known["skipped"] or ())
    wanted = known["slots"]
    slots = known["slots"] = tuple(place for place in missing if wanted is None or place in wanted)
    done = await transition(
        session,
        transform.id,
        "pending",
        attempt=transform.retry_count,
        retry_count=attempt,
        error_message=None,
        **changed(context, **known),
    )
    if not done:
        raise UserError("nothing_to_retry")
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact.id)
        .values(
            streaming_status="streaming",
            streaming_progress=graph.progress(len(graph.finished(kept)), brief.count) if kept else 0,
            partial_data=graph.to_json(kept),
            **graph.listed(kept),
        )
    )
    session.add(
        LlmPrompt(
            id=str(uuid4()),
            project_id=transform.project_id,
            transform_id=transform.id,
            prompt_text=prompts.render(
                brief,
                graph.finished(kept),
                count=len(slots),
                rephrase=bool(known["rephrase"]),
                # What steered the run from its start, whatever people have said since.
                steering=prompts.steering_of(await _prompt(session, transform.id, prompts.role_of(0))),
            ),
            prompt_role=prompts.role_of(attempt),
        )
    )
    await session.flush()
    return slots


async def prompt_of(session: AsyncSession, transform: Transform) -> str:
    """The prompt of the transform's current attempt."""
    return await _prompt(session, transform.id, prompts.role_of(transform.retry_count))


async def _prompt(session: AsyncSession, transform_id: str, role: str) -> str:
    found = await session.exec(
        select(LlmPrompt.prompt_text).where(
            LlmPrompt.transform_id == transform_id, LlmPrompt.prompt_role == role
        )
    )
    return found.one()
