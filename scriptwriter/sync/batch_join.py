"""Joins the rows of a project's runs: each run with its brief, its ideas and their notes. Pure.

The result equals the database view brainstorm_flows, as far as the rows have arrived.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scriptwriter.domain import graph, run_context
from scriptwriter.domain.kinds import Brief, Idea, Unreadable
from scriptwriter.domain.run_context import ActContext, Fault, RunContext
from scriptwriter.settings import DEMO_MODEL
from scriptwriter.sync.close_ideas import CloseIdeas
from scriptwriter.sync.idea_notes import IdeaNotes, Notes
from scriptwriter.sync.shape_rows import Row, by_age, context_of, created_at, updated_at

UNREADABLE = "run_unreadable"
"""The error code of a batch whose rows cannot be read."""

_LONGEST_PAUSE = 86_400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An automatic retry to come: the error's code, the whole pause, its end, and which retry of how many."""

    code: str
    seconds: int
    until: datetime
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One run: its transform, its brief and its ideas.

    `ideas` are in order of their places. `progress` is in percent. `seconds` is the duration of the attempts
    that have ended (None: none has). `attempt` counts from 0. `skipped` and `slots` are places in `ideas`
    (from 0): those that somebody gave up, and those that this attempt writes (None: every open one).
    `interrupted` says that this attempt continues one whose worker died. `notes` has an entry for the place
    of each finished idea. A run with a row that cannot be read has failed with the code UNREADABLE; its other
    rows are still here.
    """

    transform_id: str
    artifact_id: str | None
    status: graph.TransformStatus
    progress: float
    error_code: str | None
    error_params: Mapping[str, Any]
    error_message: str | None
    brief: Brief
    ideas: tuple[Idea, ...]
    started_by: str
    created_at: datetime
    attempt_started_at: datetime | None
    seconds: float | None
    attempt: int
    model_name: str | None
    tokens: int | None
    cost: str = ""
    stopped_by: str = ""
    interrupted: bool = False
    waiting: Waiting | None = None
    skipped: frozenset[int] = frozenset()
    slots: frozenset[int] | None = None
    notes: Mapping[int, IdeaNotes] = field(default_factory=dict)

    @property
    def open_slots(self) -> tuple[int, ...]:
        """The places without a finished idea that nobody gave up."""
        return graph.open_slots(self.ideas, self.brief.count, self.skipped)

    @property
    def has_words(self) -> bool:
        """Whether this attempt has written a word; ideas of earlier attempts do not count."""
        mine = range(len(self.ideas)) if self.slots is None else self.slots
        return any(self.ideas[place].status != "unfinished" for place in mine if place < len(self.ideas))

    @property
    def next_slot(self) -> int | None:
        """The place that this attempt writes next; None if it has finished all of its places."""
        mine = (place for place in self.open_slots if self.slots is None or place in self.slots)
        return next(mine, None)

    @property
    def finished_count(self) -> int:
        """The number of finished ideas."""
        return len(graph.finished(self.ideas))

    @property
    def demo(self) -> bool:
        """Whether the demo model wrote the ideas."""
        return self.model_name == DEMO_MODEL


def brief_of(transform: Row) -> Brief | None:
    """The brief of a run; None if it cannot be read."""
    context = context_of(transform)
    return context.params if isinstance(context, RunContext) else None


def batches(
    transforms: Iterable[Row], outputs: Mapping[str, Row], notes: Notes, close: CloseIdeas
) -> list[Batch]:
    """The batch of each of these runs, newest first; `outputs` are rows of artifacts by the transform's id.

    A transform that has ended counts as running until its artifact has ended too: the two rows may arrive
    apart, and no page shows an end without its ideas.
    """
    found = []
    for transform in sorted(transforms, key=by_age):
        artifact, context = outputs.get(transform["id"]), context_of(transform)
        ideas = _ideas(artifact) if artifact else ()
        if not isinstance(context, RunContext) or isinstance(ideas, Unreadable):
            ideas = () if isinstance(ideas, Unreadable) else ideas
            context = _unreadable(context, len(ideas))
        found.append(_batch(transform, artifact, context, ideas, notes, close))
    return found[::-1]


def _unreadable(context: RunContext | ActContext | Unreadable, ideas: int) -> RunContext:
    """The context of a run with an unreadable row: the fields that can be read, and the error."""
    known = context if isinstance(context, RunContext) else RunContext(params=Brief.unknown(max(ideas, 1)))
    return RunContext(
        params=known.params,
        started_by=known.started_by,
        model=known.model,
        seconds=known.seconds,
        tokens=known.tokens,
        error=Fault(code=UNREADABLE),
    )


def _batch(
    transform: Row,
    artifact: Row | None,
    context: RunContext,
    ideas: tuple[Idea, ...],
    notes: Notes,
    close: CloseIdeas,
) -> Batch:
    error = context.error
    unreadable = error is not None and error.code == UNREADABLE
    status = "failed" if unreadable else _status(transform, artifact)
    return Batch(
        transform_id=transform["id"],
        artifact_id=artifact["id"] if artifact else None,
        status=status,
        progress=float(transform["progress_percentage"] or 0),
        error_code=error.code if error else None,
        error_params=error.params if error else {},
        error_message=None if unreadable else transform["error_message"],
        brief=context.params,
        ideas=ideas,
        started_by=context.started_by or "",
        created_at=created_at(transform),
        attempt_started_at=context.attempt_started_at,
        seconds=context.seconds,
        attempt=transform["retry_count"] or 0,
        model_name=context.model,
        tokens=context.tokens,
        cost=context.cost or "",
        stopped_by=context.stopped_by or "",
        interrupted=bool(context.interrupted),
        waiting=_waiting(context.waiting, transform) if status == "pending" and context.waiting else None,
        skipped=frozenset(context.skipped or ()),
        slots=None if context.slots is None else frozenset(context.slots),
        notes=_notes(artifact, ideas, notes, close) if artifact else {},
    )


def _notes(
    artifact: Row, ideas: tuple[Idea, ...], notes: Notes, close: CloseIdeas
) -> Mapping[int, IdeaNotes]:
    finished = tuple((place, idea) for place, idea in enumerate(ideas) if idea.finished)
    return notes.of(artifact["id"], finished, created_at(artifact), close.get(artifact["id"], ()))


def _waiting(stored: run_context.Waiting, transform: Row) -> Waiting:
    seconds = round(stored.seconds)
    # Earlier versions of the worker stored no `until`.
    until = stored.until or updated_at(transform) + timedelta(seconds=min(seconds, _LONGEST_PAUSE))
    return Waiting(stored.code, seconds, until, stored.number, stored.of)


def _status(transform: Row, artifact: Row | None) -> graph.TransformStatus:
    status = transform["streaming_status"]
    if status in graph.ENDED and (artifact is None or artifact["streaming_status"] != status):
        return "running"
    return status


def _ideas(artifact: Row) -> tuple[Idea, ...] | Unreadable:
    growing = artifact["streaming_status"] == "streaming"
    return graph.written(artifact["partial_data"] if growing else None, artifact["data"])
