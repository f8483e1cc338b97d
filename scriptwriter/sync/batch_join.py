"""The join of one generation: its transform and its ideas, with what was said of them. Pure.

It is the join of the view brainstorm_flows, over the rows that have arrived so far.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scriptwriter.domain import graph, run_context
from scriptwriter.domain.kinds import Brief, Idea, Unreadable
from scriptwriter.domain.run_context import ActContext, RunContext
from scriptwriter.settings import DEMO_MODEL
from scriptwriter.sync.close_ideas import Close, Places
from scriptwriter.sync.idea_notes import IdeaNotes, Notes
from scriptwriter.sync.shape_rows import Row, context_of, created, written

_ENDS: Mapping[str, graph.ArtifactStatus] = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}

_LONGEST_PAUSE = 86_400


@dataclass(frozen=True, slots=True)
class Waiting:
    """An automatic retry to come: why, after how many seconds in all, when, and which one of how many."""

    code: str
    seconds: int
    until: datetime
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One generation: its transform, its brief and its ideas.

    `ideas` are in order, the one being written last; `progress` is in percent, `seconds` of work are counted
    when it has ended, `attempt` counts from 0; `skipped` holds places in `ideas`, and so does `slots`, the
    places that this attempt writes (None: every open one). `interrupted` says that this attempt goes on where
    a worker died. `notes` has one entry for the place of each finished idea. One whose rows cannot be read is
    told as failed, with the error `run_unreadable`, and holds no more than what can.
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
        """The places that hold no finished idea yet and are not given up."""
        return graph.open_slots(self.ideas, self.brief.count, self.skipped)

    @property
    def has_words(self) -> bool:
        """Whether this attempt has written something: a later one begins with the ideas of earlier ones."""
        mine = range(len(self.ideas)) if self.slots is None else self.slots
        return any(self.ideas[place].status != "unfinished" for place in mine if place < len(self.ideas))

    @property
    def next_slot(self) -> int | None:
        """The place that this attempt is about to fill; None where it has filled all that it writes."""
        mine = (place for place in self.open_slots if self.slots is None or place in self.slots)
        return next(mine, None)

    @property
    def finished_count(self) -> int:
        """How many ideas are written to their end."""
        return len(graph.finished(self.ideas))

    @property
    def demo(self) -> bool:
        """Whether the demo model answered."""
        return self.model_name == DEMO_MODEL


def brief_of(transform: Row) -> Brief | None:
    """What the run was asked for; None where that cannot be read."""
    context = context_of(transform)
    return context.params if isinstance(context, RunContext) else None


def batches(transforms: Iterable[Row], outputs: Mapping[str, Row], notes: Notes, close: Close) -> list[Batch]:
    """The generations that these transforms are, newest first; `outputs` are ideas artifacts by transform.

    A transform that has ended counts as running until its artifact has ended too, so that no screen shows an
    end without its ideas.
    """
    found = []
    for transform in sorted(transforms, key=lambda row: (created(row), row["id"])):
        artifact = outputs.get(transform["id"])
        ideas = _ideas(artifact) if artifact else ()
        noted: Mapping[int, IdeaNotes] = {}
        if artifact is not None and not isinstance(ideas, Unreadable):
            near = close.get(artifact["id"], ())
            noted = notes.of(artifact["id"], _finished(ideas), created(artifact), near)
        context = context_of(transform)
        if isinstance(context, RunContext) and not isinstance(ideas, Unreadable):
            found.append(_batch(transform, artifact, context, ideas, noted))
        else:
            readable = () if isinstance(ideas, Unreadable) else ideas
            found.append(_unreadable(transform, artifact, context, readable, noted))
    return found[::-1]


def _batch(
    transform: Row,
    artifact: Row | None,
    context: RunContext,
    ideas: tuple[Idea, ...],
    notes: Mapping[int, IdeaNotes],
) -> Batch:
    status = _status(transform, artifact)
    return Batch(
        transform_id=transform["id"],
        artifact_id=artifact["id"] if artifact else None,
        status=status,
        progress=float(transform["progress_percentage"] or 0),
        error_code=context.error.code if context.error else None,
        error_params=context.error.params if context.error else {},
        error_message=transform["error_message"],
        brief=context.params,
        ideas=ideas,
        started_by=context.started_by or "",
        created_at=created(transform),
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
        notes=notes,
    )


def _unreadable(
    transform: Row,
    artifact: Row | None,
    context: RunContext | ActContext | Unreadable,
    ideas: tuple[Idea, ...],
    notes: Mapping[int, IdeaNotes],
) -> Batch:
    known = context if isinstance(context, RunContext) else None
    return Batch(
        transform_id=transform["id"],
        artifact_id=artifact["id"] if artifact else None,
        status="failed",
        progress=float(transform["progress_percentage"] or 0),
        error_code="run_unreadable",
        error_params={},
        error_message=None,
        brief=known.params if known else Brief.unknown(max(len(ideas), 1)),
        ideas=ideas,
        started_by=(known and known.started_by) or "",
        created_at=created(transform),
        attempt_started_at=None,
        seconds=known and known.seconds,
        attempt=transform["retry_count"] or 0,
        model_name=known and known.model,
        tokens=known and known.tokens,
        notes=notes,
    )


def _waiting(told: run_context.Waiting, transform: Row) -> Waiting:
    seconds = round(told.seconds)
    # What was postponed by an earlier version of the worker says no moment.
    until = told.until or written(transform) + timedelta(seconds=min(seconds, _LONGEST_PAUSE))
    return Waiting(told.code, seconds, until, told.number, told.of)


def _status(transform: Row, artifact: Row | None) -> graph.TransformStatus:
    status = transform["streaming_status"]
    if status in _ENDS and (artifact is None or artifact["streaming_status"] != _ENDS[status]):
        return "running"
    return status


def _ideas(artifact: Row) -> tuple[Idea, ...] | Unreadable:
    growing = artifact["streaming_status"] == "streaming"
    return graph.written(artifact["partial_data"] if growing else None, artifact["data"])


def _finished(ideas: tuple[Idea, ...]) -> Places:
    return tuple((place, idea) for place, idea in enumerate(ideas) if idea.finished)
