"""Makes the heading of a run: its phase, why it ended with ideas missing, and what can be done about it."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil

from scriptwriter.domain.errors import stored_error
from scriptwriter.domain.taxonomy import named
from scriptwriter.sync.batch_join import Batch, Waiting
from scriptwriter.texts import room_texts
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.room.card_vars import BatchView, Phase, Remedy

ENDED_SHORT = frozenset({"model_silent", "too_few_ideas"})
"""Failures that are told as a list that is not full."""

REMEDIES: Mapping[str, Remedy] = {
    "model_silent": "fill_in",
    "too_few_ideas": "fill_in",
    "length_limit": "go_on",
    "content_filtered": "rephrase",
    "reply_unreadable": "reread",
    "model_withdrawn": "rebrief",
    "run_unreadable": "another_batch",
}
"""What to do about a failure, by its code; about all others: retry."""


def heading(batch: Batch, now: datetime, before: BatchView | None = None) -> BatchView:
    """The heading of `batch`; `before` is the heading that the same screen showed until now."""
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
        # The browser's clocks go on from here: each value is sent once.
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
        remedy=_remedy(batch, missing),
        culprit=_culprit(batch, missing),
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
    # With all that it writes there is nothing to go on with before it ends.
    if batch.has_words or batch.next_slot is None:
        return "writing"
    return "recovering" if batch.interrupted else "thinking"


def _left(wait: Waiting | None, now: datetime) -> int:
    """Whole seconds until the automatic retry; never more than it waits in all, whatever the clocks say."""
    return 0 if wait is None else min(max(0, ceil((wait.until - now).total_seconds())), wait.seconds)


def _resume_at(batch: Batch) -> int:
    """The number of the idea with which the attempt goes on; 0 where it begins from the start, or is done."""
    if batch.next_slot is None or not (batch.finished_count or batch.interrupted):
        return 0
    return batch.next_slot + 1


def _remedy(batch: Batch, missing: tuple[int, ...]) -> Remedy:
    if batch.status == "cancelled":
        return "fill_in" if missing else ""
    if batch.status == "failed":
        return REMEDIES.get(batch.error_code or "", "retry")
    return ""


def _culprit(batch: Batch, missing: tuple[int, ...]) -> int:
    """The number of the idea to skip: the one that the sentence names, if it is still missing."""
    if batch.error_code != "content_filtered" or not missing:
        return 0
    named = batch.error_params.get("number")
    return named if isinstance(named, int) and named - 1 in missing else missing[0] + 1


def _reason(batch: Batch) -> Notice:
    """Why a run has failed, or waits."""
    if batch.waiting:
        return Notice(*room_texts.WAITING_REASONS.get(batch.waiting.code, room_texts.WAITING_REASON))
    if batch.status != "failed":
        return Notice()
    if batch.error_code is not None and (error := stored_error(batch.error_code, batch.error_params)):
        return Notice(error.text("zh"), error.text("en"))
    # Of another version: its own sentence serves.
    return Notice(batch.error_message or "", batch.error_message or "")
