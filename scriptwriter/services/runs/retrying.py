"""The next attempt at a run: its number, its prompt for the missing ideas, its job.

A person asks for one with `retry`. `ending.postpone` (automatic retry) and `attempts.begin` (takeover) use
`next_attempt`.
"""

from typing import Any
from uuid import uuid4

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, prompts
from scriptwriter.domain.errors import GenerationError, UserError
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.services.projects.access import ACTORS, require
from scriptwriter.services.runs import budget
from scriptwriter.services.runs.queue import defer_generation
from scriptwriter.services.runs.records import (
    brief_of,
    changed,
    ideas_of,
    offered,
    readable_context,
    run_of,
    seconds_of_work,
    transition,
)
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Artifact, LlmPrompt, Transform

_OF_ONE_ATTEMPT = ("error", "stopped_by", "attempt_started_at", "waiting", "interrupted")
"""The fields of a context that the next attempt starts without."""


async def retry(
    project_id: str,
    transform_id: str,
    user_id: str,
    *,
    only: int | None = None,
    skip: int | None = None,
    rephrase: bool = False,
) -> None:
    """Begin the next attempt at a run that ended short; it asks for the missing ideas only.

    `only` asks for the idea at that place (from 0); `skip` gives that place up; `rephrase` asks the model for
    milder words. Where the last missing place is given up, the attempt asks nothing and ends the run.
    Raises UserError: `project_not_found`, `not_allowed`, `run_not_found`, `nothing_to_retry`,
    `run_unreadable`, `already_running`, `model_withdrawn` (model) as `offered` does, and `too_many_starts`,
    `too_many_running` as budget.count_start does.
    """
    try:
        async with transaction() as session:
            await require(session, project_id, user_id, roles=ACTORS)
            transform = await run_of(session, project_id, transform_id)
            given_up = {*(readable_context(transform).skipped or ()), *([] if skip is None else [skip])}
            skipped = tuple(sorted(given_up - {only}))
            slots = await next_attempt(
                session,
                transform,
                slots=None if only is None else (only,),
                skipped=skipped,
                rephrase=rephrase,
                automatic_retries=0,
                deaths=0,
            )
            if slots:
                offered((await brief_of(session, transform.id)).model)
            elif not skipped:
                raise UserError("nothing_to_retry")
            await defer_generation(session, transform.id)
            await budget.count_start(session, user_id, transform_id)
    except IntegrityError as error:
        raise await budget.already_running(project_id, error) from error


async def next_attempt(session: AsyncSession, transform: Transform, **more: Any) -> tuple[int, ...]:
    """Make a run `pending` for its next attempt and store the prompt; returns the places to write, from 0.

    `more` goes into the context: `slots` (places to write, None: all open ones), `skipped` (places given up),
    `rephrase`, `waiting`, `interrupted`, `automatic_retries`, `deaths`.
    Raises UserError `nothing_to_retry` if the run's state does not allow it, GenerationError
    `run_unreadable`, and IntegrityError if another run of the project is active.
    """
    artifact = await ideas_of(session, transform.id)
    written = graph.written(artifact.partial_data, artifact.data)
    if isinstance(written, Unreadable):
        raise GenerationError("run_unreadable")
    kept = graph.kept(written)
    context = readable_context(transform)
    brief = await brief_of(session, transform.id)
    attempt = transform.retry_count + 1
    known: dict[str, Any] = (
        dict(context) | {"seconds": seconds_of_work(context)} | dict.fromkeys(_OF_ONE_ATTEMPT) | more
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
                # Every attempt uses the steering of the first, even if the picks have changed since.
                steering=prompts.steering_of(await _prompt(session, transform.id, prompts.role_of(0))),
            ),
            prompt_role=prompts.role_of(attempt),
        )
    )
    await session.flush()
    return slots


async def prompt_of(session: AsyncSession, transform: Transform) -> str:
    """The prompt of a run's current attempt. Raises NoResultFound."""
    return await _prompt(session, transform.id, prompts.role_of(transform.retry_count))


async def _prompt(session: AsyncSession, transform_id: str, role: str) -> str:
    found = await session.exec(
        select(LlmPrompt.prompt_text).where(
            LlmPrompt.transform_id == transform_id, LlmPrompt.prompt_role == role
        )
    )
    return found.one()
