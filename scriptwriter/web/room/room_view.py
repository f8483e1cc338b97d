"""Computes what the brainstorm page shows from a ProjectFlow. Unchanged parts are reused, not computed again.

BrainstormState sends only the parts that differ from the previous screen.
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
from scriptwriter.web.room.card_views import Viewer, keepers_of, places_of, present_in
from scriptwriter.web.room.run_headings import heading

WRITING = ("number", "title", "body")
PARTS = ("newest", "cards", "later", "past", "keepers", "announcement", "resyncing", "present")
"""Fields of Screen that are sent to the browser, each only when it has changed."""


@dataclass(frozen=True)
class Writing:
    """The idea that the model is writing; `number` is 0 if it is writing none."""

    number: int = 0
    title: str = ""
    body: str = ""


@dataclass(frozen=True)
class Screen:
    """The content of the brainstorm page at one moment.

    Each place of the newest run is in `cards`, `writing` or `later`, in order of number. `cards` are the
    places before the place that the model is writing (or will write next), `later` are the places after it.
    `past_batches` and `viewer` are what `past` was computed from.
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
    viewer: Viewer = field(default_factory=Viewer)

    def after(self, flow: ProjectFlow, now: datetime, person: str = "") -> Self:
        """The next screen after this one, for `flow`, as the user with the id `person` sees it."""
        newest, *past = flow.batches or (None,)
        viewer = Viewer.of(flow, person)
        unchanged = (self.past_batches, self.viewer) == (tuple(past), viewer)
        earlier = self.past if unchanged else tuple(_past(batch, now, viewer) for batch in past)
        top = BatchView() if newest is None else heading(newest, now, self.newest)
        running = top.phase in RUNNING
        places = () if newest is None else places_of(newest, viewer, running=running)
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
            viewer=viewer,
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
    """The `size` of computing a screen, for process_pool.in_thread_if_large: about ten rows for each idea."""
    return 10 * sum(len(batch.ideas) for batch in flow.batches)


def _writing(batch: Batch) -> Writing:
    for index, idea in enumerate(batch.ideas):
        if idea.status == "writing":
            return Writing(index + 1, idea.title, idea.body)
    return Writing()


def _next_number(batch: Batch, places: tuple[CardView, ...]) -> int:
    """The number of the place that the model will write next; 0 if no place is left."""
    blank = next((card.number for card in places if card.state == "blank"), 0)
    return blank if batch.next_slot is None else batch.next_slot + 1


def _past(batch: Batch, now: datetime, viewer: Viewer) -> PastBatchView:
    return PastBatchView(heading(batch, now), list(places_of(batch, viewer, running=False)))


def differences(before: object, after: object, names: tuple[str, ...]) -> dict[str, Any]:
    """The attributes in `names` that differ between `before` and `after`, with their new values.

    `before` is None if nothing was sent yet; then all attributes are returned. Tuples are returned as lists.
    """
    values = {name: getattr(after, name) for name in names}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if before is None or value != getattr(before, name)
    }
