"""Owns what a project's screen shows for a ProjectFlow: pure, and reusing what has not changed.

Knows nothing of Reflex: `brainstorm.py` sends what differs from the screen before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from scriptwriter.components.views import RUNNING, BatchView, CardView, KeeperView, Notice, PastBatchView
from scriptwriter.state.headings import heading
from scriptwriter.sync.flow import Batch, ProjectFlow
from scriptwriter.texts import IDEA_FINISHED

WRITING = ("number", "title", "body")
PARTS = ("newest", "cards", "later", "past", "keepers", "announcement", "resyncing")
"""The parts of the screen that are sent, each when it has changed."""


@dataclass(frozen=True)
class Writing:
    """The idea that is being written; number 0: none is."""

    number: int = 0
    title: str = ""
    body: str = ""


@dataclass(frozen=True)
class Screen:
    """The project's screen at one moment; equal parts of two screens need not be sent again.

    `cards` stand before the place where the model writes (or will write next), `later` behind it: each place
    is in one of them, or is the one of `writing`, and all three together are in the order of their numbers.
    """

    newest: BatchView = field(default_factory=BatchView)
    cards: tuple[CardView, ...] = ()
    writing: Writing = Writing()
    later: tuple[CardView, ...] = ()
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
        top = BatchView() if newest is None else heading(newest, now, self.newest)
        running = top.phase in RUNNING
        places = () if newest is None else _places(newest, running=running)
        writing = Writing() if newest is None or not running else _writing(newest)
        open_at = writing.number or (_next_number(newest, places) if newest and running else 0)
        cards = tuple(card for card in places if not open_at or card.number < open_at)
        later = places[len(cards) :]
        return type(self)(
            newest=top,
            cards=self.cards if cards == self.cards else cards,
            writing=writing,
            later=self.later if later == self.later else later,
            past=earlier,
            keepers=_keepers([(top, places), *((batch.heading, batch.cards) for batch in earlier)]),
            announcement=self._announcement(top, places),
            resyncing=flow.syncing == "resyncing",
            past_batches=self.past_batches if unchanged else tuple(past),
        )

    def _announcement(self, top: BatchView, places: tuple[CardView, ...]) -> Notice:
        if top.transform_id != self.newest.transform_id:
            return self.announcement
        known = {card.number for card in (*self.cards, *self.later) if card.state == "finished"}
        fresh = [card for card in places if card.state == "finished" and card.number not in known]
        if not fresh:
            return self.announcement
        card = fresh[-1]
        return Notice(*(text.format(number=card.number, title=card.title) for text in IDEA_FINISHED))


def _places(batch: Batch, *, running: bool) -> tuple[CardView, ...]:
    """Every place of the batch in order, without the one that is being written.

    While it is running, a place without a word is blank; afterwards it is unfinished, or was never reached.
    """
    places = []
    reached = len(batch.ideas)
    for index in range(max(reached, batch.brief.count) if running else reached):
        idea = batch.ideas[index] if index < reached else None
        title, body = (idea.title, idea.body) if idea else ("", "")
        if idea and idea.status == "finished":
            places.append(CardView(index + 1, title, body, "finished", index in batch.chosen))
        elif idea and idea.status == "writing" and running:
            continue
        elif index in batch.skipped:
            places.append(CardView(index + 1, title, body, "skipped"))
        elif running and not (title or body):
            places.append(CardView(index + 1, state="blank"))
        else:
            places.append(CardView(index + 1, title, body, "unfinished"))
    return tuple(places)


def _writing(batch: Batch) -> Writing:
    for index, idea in enumerate(batch.ideas):
        if idea.status == "writing":
            return Writing(index + 1, idea.title, idea.body)
    return Writing()


def _next_number(batch: Batch, places: tuple[CardView, ...]) -> int:
    """The number of the place where the model will write next; 0: nowhere."""
    blank = next((card.number for card in places if card.state == "blank"), 0)
    return blank if batch.next_slot is None else batch.next_slot + 1


def _past(batch: Batch, now: datetime) -> PastBatchView:
    return PastBatchView(heading(batch, now), list(_places(batch, running=False)))


def _keepers(batches: list[tuple[BatchView, Iterable[CardView]]]) -> tuple[KeeperView, ...]:
    return tuple(
        KeeperView(card.title, f"idea-{view.artifact_id}-{card.number}")
        for view, cards in batches
        for card in cards
        if card.chosen
    )


def differences(before: Any, after: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """What to send: the values of `names` in `after` that `before` (None: nothing was sent) does not have."""
    values = {name: getattr(after, name) for name in names}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if before is None or value != getattr(before, name)
    }
