"""Makes the screen of a project out of a ProjectFlow, reusing the parts that have not changed.

BrainstormState sends the parts that differ from the screen before.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from scriptwriter.sync.batch_join import Batch
from scriptwriter.sync.project_flow import ProjectFlow
from scriptwriter.texts import room_texts
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.room.card_vars import (
    RUNNING,
    BatchView,
    CardView,
    KeeperView,
    PastBatchView,
    PersonView,
)
from scriptwriter.web.room.card_views import Looking, keepers_of, places_of, present_in
from scriptwriter.web.room.run_headings import heading

WRITING = ("number", "title", "body")
PARTS = ("newest", "cards", "later", "past", "keepers", "announcement", "resyncing", "present")
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
    present: tuple[PersonView, ...] = ()
    looking: Looking = field(default_factory=Looking)

    def after(self, flow: ProjectFlow, now: datetime, person: str = "") -> Self:
        """The screen for `flow`, following this one; `person` is the id of who looks at it."""
        newest, *past = flow.batches or (None,)
        looking = Looking.at(flow, person)
        unchanged = (self.past_batches, self.looking) == (tuple(past), looking)
        earlier = self.past if unchanged else tuple(_past(batch, now, looking) for batch in past)
        top = BatchView() if newest is None else heading(newest, now, self.newest)
        running = top.phase in RUNNING
        places = () if newest is None else places_of(newest, looking, running=running)
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
            keepers=keepers_of(flow),
            announcement=self._announcement(top, places),
            resyncing=flow.syncing == "resyncing",
            past_batches=self.past_batches if unchanged else tuple(past),
            present=present_in(flow, person),
            looking=looking,
        )

    def _announcement(self, top: BatchView, places: tuple[CardView, ...]) -> Notice:
        if top.transform_id != self.newest.transform_id:
            return self.announcement
        known = {card.number for card in (*self.cards, *self.later) if card.state == "finished"}
        fresh = [card for card in places if card.state == "finished" and card.number not in known]
        if not fresh:
            return self.announcement
        card = fresh[-1]
        zh, en = (text.format(number=card.number, title=card.title) for text in room_texts.IDEA_FINISHED)
        return Notice(zh, en)


def size_of(flow: ProjectFlow) -> int:
    """How much there is to show, in rows of a join that cost as much; see process_pool.in_thread_if_large."""
    return 10 * sum(len(batch.ideas) for batch in flow.batches)


def _writing(batch: Batch) -> Writing:
    for index, idea in enumerate(batch.ideas):
        if idea.status == "writing":
            return Writing(index + 1, idea.title, idea.body)
    return Writing()


def _next_number(batch: Batch, places: tuple[CardView, ...]) -> int:
    """The number of the place where the model will write next; 0: nowhere."""
    blank = next((card.number for card in places if card.state == "blank"), 0)
    return blank if batch.next_slot is None else batch.next_slot + 1


def _past(batch: Batch, now: datetime, looking: Looking) -> PastBatchView:
    return PastBatchView(heading(batch, now), list(places_of(batch, looking, running=False)))


def differences(before: object, after: object, names: tuple[str, ...]) -> dict[str, Any]:
    """What to send: the values of `names` in `after` that `before` (None: nothing was sent) does not have."""
    values = {name: getattr(after, name) for name in names}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if before is None or value != getattr(before, name)
    }
