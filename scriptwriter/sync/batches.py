"""Owns the join of one generation: its transform and its ideas, with what was said of them. Pure.

It is the join of the view brainstorm_flows, over the rows that have arrived so far.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from scriptwriter import graph
from scriptwriter.graph import Brief, Idea
from scriptwriter.settings import DEMO_MODEL
from scriptwriter.sync.nearness import Close, Places
from scriptwriter.sync.notes import IdeaNotes, Notes
from scriptwriter.sync.rows import Row, created, parsed, written

_ENDS: Mapping[str, graph.ArtifactStatus] = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An automatic retry to come: why, after how many seconds in all, when, and which one of how many."""

    code: str
    params: Mapping[str, Any]
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
    a worker died. `notes` has one entry for the place of each finished idea.
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


def brief_of(transform: Row) -> Brief:
    """What the run was asked for."""
    return Brief.from_json(parsed(transform["execution_context"] or "{}").get("params") or {})


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
        if artifact is not None:
            near = close.get(artifact["id"], ())
            noted = notes.of(artifact["id"], _finished(ideas), created(artifact), near)
        found.append(_batch(transform, artifact, ideas, noted))
    return found[::-1]


def _batch(
    transform: Row, artifact: Row | None, ideas: tuple[Idea, ...], notes: Mapping[int, IdeaNotes]
) -> Batch:
    context = parsed(transform["execution_context"] or "{}")
    error = context.get("error") or {}
    started = context.get("attemptStartedAt")
    status = _status(transform, artifact)
    slots = context.get("slots")
    return Batch(
        transform_id=transform["id"],
        artifact_id=artifact["id"] if artifact else None,
        status=status,
        progress=float(transform["progress_percentage"] or 0),
        error_code=error.get("code"),
        error_params=error.get("params") or {},
        error_message=transform["error_message"],
        brief=brief_of(transform),
        ideas=ideas,
        started_by=context.get("startedBy") or "",
        created_at=created(transform),
        attempt_started_at=datetime.fromisoformat(started) if started else None,
        seconds=context.get("seconds"),
        attempt=transform["retry_count"] or 0,
        model_name=context.get("model"),
        tokens=context.get("tokens"),
        cost=context.get("cost") or "",
        stopped_by=context.get("stoppedBy") or "",
        interrupted=bool(context.get("interrupted")),
        waiting=_waiting(context["waiting"], transform)
        if status == "pending" and context.get("waiting")
        else None,
        skipped=frozenset(context.get("skipped") or ()),
        slots=None if slots is None else frozenset(slots),
        notes=notes,
    )


def _waiting(told: Mapping[str, Any], transform: Row) -> Waiting:
    # What was postponed by an earlier version of the worker says no moment.
    until = told.get("until")
    moment = (
        datetime.fromisoformat(until) if until else written(transform) + timedelta(seconds=told["seconds"])
    )
    return Waiting(**{**told, "until": moment})


def _status(transform: Row, artifact: Row | None) -> graph.TransformStatus:
    status = transform["streaming_status"]
    if status in _ENDS and (artifact is None or artifact["streaming_status"] != _ENDS[status]):
        return "running"
    return status


def _ideas(artifact: Row) -> tuple[Idea, ...]:
    if artifact["streaming_status"] == "streaming":
        return graph.ideas_from_json(artifact["partial_data"])
    return _ideas_of(artifact["data"])


@lru_cache(maxsize=1024)
def _ideas_of(data: str) -> tuple[Idea, ...]:
    return graph.ideas_from_json(parsed(data))


def _finished(ideas: tuple[Idea, ...]) -> Places:
    return tuple((place, idea) for place, idea in enumerate(ideas) if idea.status == "finished")
