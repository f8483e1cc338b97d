"""Computes the heading of a run: its phase, why ideas are missing, and what a person can do next."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil

from scriptwriter.domain.errors import stored_error
from scriptwriter.domain.taxonomy import named
from scriptwriter.sync.batch_join import Batch, Waiting
from scriptwriter.texts import room_texts
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.room.card_vars import BatchView, NextStep, Phase

ENDED_SHORT = frozenset({"model_silent", "too_few_ideas"})
"""Error codes of runs that are shown as incomplete, not as failed."""

NEXT_STEPS: Mapping[str, NextStep] = {
    "model_silent": "fill_in",
    "too_few_ideas": "fill_in",
    "length_limit": "go_on",
    "content_filtered": "rephrase",
    "reply_unreadable": "reread",
    "model_withdrawn": "rebrief",
    "run_unreadable": "another_batch",
}
"""The next step after a failed run, by error code; for any other code it is `retry`."""


def heading(batch: Batch, now: datetime, before: BatchView | None = None) -> BatchView:
    """The heading of `batch`. `before` is the shown heading; in the same phase its clock values are kept."""
    phase = _phase(batch)
    begun = batch.attempt_started_at or batch.created_at
    same = before is not None and (before.transform_id, before.attempt, before.phase) == (
        batch.transform_id,
        batch.attempt,
        phase,
    )
    missing = batch.open_slots
    reason = _reason(batch)
    wait = batch.waiting
    return BatchView(
        transform_id=batch.transform_id,
        artifact_id=batch.artifact_id or "",
        phase=phase,
        platform=named(batch.brief.platform, "zh"),
        platform_en=named(batch.brief.platform, "en"),
        genre=named(batch.brief.genre, "zh"),
        genre_en=named(batch.brief.genre, "en"),
        wishes=batch.brief.other_requirements,
        avoid=batch.brief.avoid,
        audience=batch.brief.audience,
        chosen_model=batch.brief.model,
        task=batch.brief.task,
        sources="".join(f"《{source.title}》" for source in batch.brief.sources),
        cost=batch.cost,
        count=max(batch.brief.count, len(batch.ideas)),
        finished=batch.finished_count,
        missing=len(missing),
        attempt=batch.attempt,
        resume_at=_resume_at(batch),
        # The browser counts on from this value, so it stays the same during an attempt.
        elapsed=before.elapsed if same and before else max(0, int((now - begun).total_seconds())),
        seconds=round(batch.seconds) if batch.seconds is not None else -1,
        progress=round(batch.progress),
        tokens=f"{batch.tokens:,}" if batch.tokens else "",
        model=batch.model_name or "",
        demo=batch.demo,
        started_by=batch.started_by,
        started_at=batch.created_at.isoformat(timespec="seconds"),
        stopped_by=batch.stopped_by,
        unreadable=batch.error_code == "run_unreadable",
        next_step=_next_step(batch, missing),
        filtered_idea=_filtered_idea(batch, missing),
        failure_zh=reason.zh,
        failure_en=reason.en,
        wait_seconds=before.wait_seconds if same and before else _left(wait, now),
        wait_number=wait.number if wait else 0,
        wait_of=wait.of if wait else 0,
    )


def _phase(batch: Batch) -> Phase:
    match batch.status:
        case "pending":
            return "waiting" if batch.waiting else "queued"
        case "running":
            return _phase_of_attempt(batch)
        case "cancelled":
            return "stopped"
        case "failed":
            return "partial" if batch.error_code in ENDED_SHORT else "failed"
        case "completed":
            return "partial" if batch.open_slots else "completed"


def _phase_of_attempt(batch: Batch) -> Phase:
    # Without a next slot, all ideas of the attempt are finished and only the end of the reply is missing.
    if batch.has_words or batch.next_slot is None:
        return "writing"
    return "recovering" if batch.interrupted else "thinking"


def _left(wait: Waiting | None, now: datetime) -> int:
    """Whole seconds until the automatic retry: at most `wait.seconds`, because two clocks may differ."""
    return 0 if wait is None else min(max(0, ceil((wait.until - now).total_seconds())), wait.seconds)


def _resume_at(batch: Batch) -> int:
    """The number of the idea with which the attempt continues; 0 if it begins with the first, or is done."""
    if batch.next_slot is None or not (batch.finished_count or batch.interrupted):
        return 0
    return batch.next_slot + 1


def _next_step(batch: Batch, missing: tuple[int, ...]) -> NextStep:
    if batch.status == "cancelled":
        return "fill_in" if missing else ""
    if batch.status == "failed":
        return NEXT_STEPS.get(batch.error_code or "", "retry")
    return ""


def _filtered_idea(batch: Batch, missing: tuple[int, ...]) -> int:
    """The number of the idea that the content filter stopped; 0 for any other error.

    It is the idea that the error names, if the idea is still missing; else the first missing idea.
    """
    if batch.error_code != "content_filtered" or not missing:
        return 0
    named = batch.error_params.get("number")
    return named if isinstance(named, int) and named - 1 in missing else missing[0] + 1


def _reason(batch: Batch) -> Notice:
    """Why the run failed or waits for a retry; empty for any other run."""
    if batch.waiting:
        return Notice(*room_texts.WAITING_REASONS.get(batch.waiting.code, room_texts.WAITING_REASON))
    if batch.status != "failed":
        return Notice()
    if batch.error_code is not None and (error := stored_error(batch.error_code, batch.error_params)):
        return Notice(error.text("zh"), error.text("en"))
    # Another version of the program stored this error, so its stored message is shown.
    return Notice(batch.error_message or "", batch.error_message or "")
