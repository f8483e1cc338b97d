"""One attempt at a run: begin it, read the model's reply, commit drafts, and end it in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from random import uniform

import structlog
from structlog.contextvars import bound_contextvars

from scriptwriter.domain.errors import GenerationError, Superseded
from scriptwriter.domain.graph import Reply, finished, open_slots
from scriptwriter.services.runs import attempts, ending
from scriptwriter.services.runs.attempts import Attempt
from scriptwriter.settings import settings
from scriptwriter.store.database import DATABASE_AWAY
from scriptwriter.worker.growing_draft import Draft
from scriptwriter.worker.model_client import Call, Words, answer
from scriptwriter.worker.model_endpoint import Endpoint, configured
from scriptwriter.worker.model_faults import at, fault
from scriptwriter.worker.reply_parser import GrowingReply

AFTERWORD = 2.0
"""Seconds to go on reading after the last wanted idea, for the count of tokens, which comes last."""

PATIENCE = 10
"""A reply may go on without a new character of an idea for this many times its endpoint's `silence`."""

MOST_IDLE = 300_000
"""The most characters of thoughts and text without a new character of an idea."""

LONGEST_PAUSE = 300.0
"""The longest pause before an automatic retry, in seconds, whatever the model's endpoint asks for."""

LONGEST_OUTAGE = 600.0
"""Seconds for which the end of an attempt waits while the database is away."""

_log = structlog.get_logger(__name__)


async def run(
    transform_id: str,
    endpoint: Endpoint | None = None,
    *,
    job: int | None = None,
    process: int | None = None,
) -> None:
    """Run an attempt at `transform_id`: let the model write the missing ideas, and end or postpone the run.

    `endpoint` None: the one that the settings have for the brief's model. `job` and `process` as in
    `attempts.begin`. Does nothing where the run has ended or belongs to another job. A cancellation leaves
    the rows as they are, for the next attempt. Raises one of DATABASE_AWAY where the database stays away.
    """
    try:
        attempt = await attempts.begin(transform_id, job, process)
    except DATABASE_AWAY:
        raise
    except GenerationError as error:
        _log.warning("generation_failed", transform=transform_id, code=error.code)
        await ending.give_up(transform_id, error)
        return
    except Exception:
        _log.exception("generation_broke", transform=transform_id)
        await ending.give_up(transform_id, fault("generation_interrupted"))
        return
    if attempt is None:
        return
    with bound_contextvars(
        project=attempt.project_id, transform=attempt.transform_id, attempt=attempt.number
    ):
        # An attempt with nothing to write asks no model, so it ends even where the model is not offered.
        endpoint = endpoint or configured(attempt.brief.model if attempt.slots else "")
        call = Call(endpoint.model)
        reply = GrowingReply(len(attempt.slots), attempt.finished)
        superseded = broken = False
        try:
            await _write(attempt, endpoint, call, reply)
        except* Superseded:
            superseded = True
        except* DATABASE_AWAY:
            raise
        except* Exception:
            _log.exception("generation_broke")
            broken = True
        if superseded:
            _log.info("generation_superseded")
            record = Reply(call.model_name, call.parameters, reply.text, call.usage)
            await _write_through_outages(lambda: ending.leave(attempt, record))
        elif broken:
            # A retry of the job would pay for the same ideas, and break at the same place.
            error = fault("generation_interrupted")
            await _write_through_outages(lambda: ending.give_up(transform_id, error, attempt.number))


async def _write(attempt: Attempt, endpoint: Endpoint, call: Call, reply: GrowingReply) -> None:
    draft = Draft(attempt, reply)
    error = None
    _log.info("generation_started", model=endpoint.model, finished=len(attempt.finished))
    if not reply.complete:
        # Superseded, raised by `keep_saving`, cancels the reading, which closes the model's stream.
        async with asyncio.TaskGroup() as group:
            group.create_task(draft.keep_saving())
            error = await _read(attempt, endpoint, call, reply, draft)
            draft.end()
    await _end(attempt, call, reply, draft, error)


async def _read(
    attempt: Attempt, endpoint: Endpoint, call: Call, reply: GrowingReply, draft: Draft
) -> GenerationError | None:
    """Read the model's reply to its end; returns what went wrong, or None."""
    error = None
    now = asyncio.get_running_loop().time
    began, told = now(), False
    size = idle = 0
    patience = endpoint.silence * PATIENCE
    limit, ending = asyncio.timeout(patience), False
    try:
        with suppress(TimeoutError):
            async with (
                limit,
                aclosing(answer(endpoint, attempt.prompt, call, len(attempt.slots))) as pieces,
            ):
                async for piece in pieces:
                    idle += len(piece.text)
                    if idle > MOST_IDLE:
                        raise fault("reply_too_long")
                    if not isinstance(piece, Words):
                        continue
                    reply.feed(piece.text)
                    draft.grown()
                    if reply.finished and not told:
                        told = True
                        _log.info("first_idea", seconds=round(now() - began, 2))
                    if ending:
                        continue
                    if reply.complete and reply.straight:
                        ending = True
                        limit.reschedule(now() + AFTERWORD)
                    elif reply.size > size:
                        size, idle = reply.size, 0
                        limit.reschedule(now() + patience)
                    if reply.full:
                        raise fault("reply_too_long")
    except GenerationError as caught:
        error = caught
    except Exception:
        _log.exception("generation_broke")
        error = fault("generation_interrupted")
    if error is None and limit.expired() and not reply.complete:
        error = fault("model_silent", seconds=round(patience))
    reply.end(whole=error is None)
    if reply.complete:
        return None
    if error is None and reply.inside:
        # Some endpoints invent a reason for an end that is a broken connection.
        error = fault("reply_cut")
    return error or fault("too_few_ideas" if reply.readable else "reply_unreadable")


async def _end(
    attempt: Attempt, call: Call, reply: GrowingReply, draft: Draft, error: GenerationError | None
) -> None:
    record = Reply(call.model_name, call.parameters, reply.text, call.usage) if attempt.slots else None
    ideas = draft.ideas()
    if error is None and attempt.missing_after(ideas):
        error = fault("too_few_ideas")
    if error is None:
        await _write_through_outages(lambda: ending.finish(attempt, ideas, record))
        _log.info("generation_completed", ideas=len(ideas), usage=call.usage)
        return
    missing = open_slots(ideas, attempt.brief.count, attempt.skipped)
    number = min({*missing} & {*attempt.slots}, default=min(missing, default=0)) + 1
    error = at(
        error,
        finished=len(finished(ideas)),
        count=attempt.brief.count,
        missing=len(missing),
        number=number,
    )
    if record and error.transient and attempt.retries_left:
        seconds = _pause(error, attempt.retries)
        await _write_through_outages(lambda: ending.postpone(attempt, ideas, record, error, seconds))
        _log.warning("generation_postponed", code=error.code, seconds=round(seconds, 1), usage=call.usage)
        return
    await _write_through_outages(lambda: ending.fail(attempt, ideas, record, error))
    _log.warning("generation_failed", code=error.code, ideas=len(finished(ideas)), usage=call.usage)


def _pause(error: GenerationError, retries: int) -> float:
    """Seconds until the next automatic retry: as long as the endpoint asks, or exponential with jitter."""
    if error.retry_after is not None:
        return min(max(error.retry_after, 1.0), LONGEST_PAUSE)
    return min(settings().model_retry_seconds * 3**retries * uniform(1.0, 1.2), LONGEST_PAUSE)


async def _write_through_outages(write: Callable[[], Awaitable[None]]) -> None:
    """Repeat `write` while the database is away: the ideas in it are paid for."""
    number, last = 0, asyncio.get_running_loop().time() + LONGEST_OUTAGE
    while True:
        try:
            return await write()
        except DATABASE_AWAY as error:
            if asyncio.get_running_loop().time() > last:
                raise
            _log.warning("end_not_saved", cause=type(error).__name__)
            await asyncio.sleep(min(0.5 * 2**number, 4))
            number += 1
