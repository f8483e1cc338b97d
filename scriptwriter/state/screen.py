"""Owns what a project's screen shows for a ProjectFlow: pure, and reusing what has not changed.

Knows nothing of Reflex: `brainstorm.py` sends what differs from the screen before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from scriptwriter.components.views import BatchView, CardView, KeeperView, Notice, PastBatchView, Phase
from scriptwriter.errors import UserError
from scriptwriter.sync.flow import Batch, ProjectFlow
from scriptwriter.texts import ERRORS, IDEA_FINISHED

ENDED: dict[str, Phase] = {"failed": "failed", "cancelled": "stopped"}


@dataclass(frozen=True)
class Writing:
    """The idea that is being written; number 0: none is."""

    number: int = 0
    title: str = ""
    body: str = ""


@dataclass(frozen=True)
class Screen:
    """The project's screen at one moment; equal parts of two screens need not be sent again."""

    newest: BatchView = field(default_factory=BatchView)
    cards: tuple[CardView, ...] = ()
    writing: Writing = Writing()
    blanks: tuple[int, ...] = ()
    past: tuple[PastBatchView, ...] = ()
    keepers: tuple[KeeperView, ...] = ()
    announcement: Notice = field(default_factory=Notice)
    resyncing: bool = False
    past_batches: tuple[Batch, ...] = ()

    def after(self, flow: ProjectFlow, now: datetime) -> Self:
        """The screen for `flow`, following this one."""
        newest, *past = flow.batches or (None,)
        unchanged = self.past_batches == tuple(past)
        earlier = self.past if unchanged else tuple(_past(batch, now) for batch in past)
        heading = BatchView() if newest is None else _heading(newest, now, self.newest)
        cards = () if newest is None else _cards(newest)
        writing = Writing() if newest is None else _writing(newest, heading.phase)
        taken = len(cards) + (1 if writing.number else 0)
        waiting = heading.phase in ("queued", "thinking", "writing")
        return type(self)(
            newest=heading,
            cards=self.cards if cards == self.cards else cards,
            writing=writing,
            blanks=tuple(range(taken + 1, heading.count + 1)) if waiting else (),
            past=earlier,
            keepers=_keepers([(heading, cards), *((batch.heading, batch.cards) for batch in earlier)]),
            announcement=self._announcement(heading, cards),
            resyncing=flow.syncing == "resyncing",
            past_batches=self.past_batches if unchanged else tuple(past),
        )

    def _announcement(self, heading: BatchView, cards: tuple[CardView, ...]) -> Notice:
        if heading.transform_id != self.newest.transform_id or heading.finished <= self.newest.finished:
            return self.announcement
        card = cards[heading.finished - 1]
        return Notice(*(text.format(number=card.number, title=card.title) for text in IDEA_FINISHED))


def _heading(batch: Batch, now: datetime, before: BatchView | None = None) -> BatchView:
    phase = _phase(batch)
    begun = batch.attempt_started_at or batch.created_at
    same = before is not None and (before.transform_id, before.phase) == (batch.transform_id, phase)
    failure = _failure(batch)
    return BatchView(
        transform_id=batch.transform_id,
        artifact_id=batch.artifact_id or "",
        phase=phase,
        platform=batch.brief.platform,
        genre=batch.brief.genre,
        wishes=batch.brief.other_requirements,
        count=max(batch.brief.count, len(batch.ideas)),
        finished=batch.finished_count,
        resuming=batch.attempt > 0 and batch.finished_count > 0,
        # The browser's clock goes on from here: the value is sent once.
        elapsed=before.elapsed if same and before else max(0, int((now - begun).total_seconds())),
        seconds=round(batch.seconds) if batch.seconds is not None else -1,
        progress=round(batch.progress),
        tokens=f"{batch.tokens:,}" if batch.tokens else "",
        model=batch.model_name or "",
        demo=batch.demo,
        started_by=batch.started_by,
        started_at=batch.created_at.isoformat(timespec="seconds"),
        failure_zh=failure.zh,
        failure_en=failure.en,
    )


def _phase(batch: Batch) -> Phase:
    if batch.status == "pending":
        return "queued"
    if batch.status == "running":
        return "writing" if batch.ideas else "thinking"
    if batch.status == "completed":
        return "partial" if batch.finished_count < batch.brief.count else "completed"
    return ENDED[batch.status]


def _failure(batch: Batch) -> Notice:
    if batch.status != "failed":
        return Notice()
    if batch.error_code is not None and batch.error_code in ERRORS:
        try:
            error = UserError(batch.error_code, **batch.error_params)
            return Notice(error.text("zh"), error.text("en"))
        except (KeyError, IndexError, TypeError):
            # Written by another version, with other parameters: its own sentence serves.
            pass
    return Notice(batch.error_message or "", batch.error_message or "")


def _cards(batch: Batch) -> tuple[CardView, ...]:
    return tuple(
        CardView(index + 1, idea.title, idea.body, idea.status == "unfinished", index in batch.chosen)
        for index, idea in enumerate(batch.ideas)
        if idea.status != "writing"
    )


def _writing(batch: Batch, phase: Phase) -> Writing:
    if phase != "writing":
        return Writing()
    for index, idea in enumerate(batch.ideas):
        if idea.status == "writing":
            return Writing(index + 1, idea.title, idea.body)
    return Writing()


def _past(batch: Batch, now: datetime) -> PastBatchView:
    return PastBatchView(_heading(batch, now), list(_cards(batch)))


def _keepers(batches: list[tuple[BatchView, Sequence[CardView]]]) -> tuple[KeeperView, ...]:
    return tuple(
        KeeperView(card.title, f"idea-{heading.artifact_id}-{card.number}")
        for heading, cards in batches
        for card in cards
        if card.chosen
    )
