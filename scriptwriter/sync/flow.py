"""Owns the join of a project's shapes into what its screen shows; pure, and right for every interleaving.

It is the join of the view brainstorm_flows, over the rows that have arrived so far.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from scriptwriter import graph
from scriptwriter.graph import Brief, Idea
from scriptwriter.settings import DEMO_MODEL

Row = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENDS: Mapping[str, graph.ArtifactStatus] = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An automatic retry to come: why, after how many seconds, and which one of how many."""

    code: str
    params: Mapping[str, Any]
    seconds: int
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One generation: its transform, its brief and its ideas.

    `ideas` are in order, the one being written last; `progress` is in percent, `seconds` of work are counted
    when it has ended, `attempt` counts from 0; `chosen` and `skipped` hold places in `ideas`, and so does
    `slots`, the places that this attempt writes (None: every open one). `interrupted` says that this attempt
    goes on where a worker died.
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
    chosen: frozenset[int]
    started_by: str
    created_at: datetime
    attempt_started_at: datetime | None
    seconds: float | None
    attempt: int
    model_name: str | None
    tokens: int | None
    stopped_by: str = ""
    interrupted: bool = False
    waiting: Waiting | None = None
    skipped: frozenset[int] = frozenset()
    slots: frozenset[int] | None = None

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


@dataclass(frozen=True, slots=True)
class ProjectFlow:
    """A project's generations, newest first; `syncing` is "resyncing" while the rows may be old."""

    project_id: str
    batches: tuple[Batch, ...] = ()
    syncing: Literal["live", "resyncing"] = "live"
    roles: Mapping[str, str] = field(default_factory=dict)
    """The role of each member, by user id."""
    name: str = ""
    state: str = "active"
    """The project itself: active, archived or deleted, also where its row is not there any more."""


def join(
    project_id: str,
    transforms: Iterable[Row],
    transform_outputs: Iterable[Row],
    artifacts: Mapping[str, Row],
    memberships: Iterable[Row] = (),
    *,
    projects: Iterable[Row] = (),
    syncing: Literal["live", "resyncing"] = "live",
) -> ProjectFlow:
    """The flow that these rows make; `artifacts` by their id, `memberships` are rows of projects_users,
    `projects` is the row of the project itself.

    A row whose counterpart has not arrived yet is shown as far as it is known: a transform that has ended
    counts as running until its artifact has ended too, so that no screen shows an end without its ideas.
    """
    outputs = {
        row["transform_id"]: artifacts[row["artifact_id"]]
        for row in transform_outputs
        if row["artifact_id"] in artifacts and artifacts[row["artifact_id"]]["type"] == graph.IDEAS
    }
    choice = _newest_choice(artifacts.values())
    batches = [
        _batch(transform, outputs.get(transform["id"]), choice)
        for transform in transforms
        if transform["type"] == graph.LLM
    ]
    batches.sort(key=lambda batch: (batch.created_at, batch.transform_id), reverse=True)
    roles = {row["user_id"]: row["role"] for row in memberships}
    project = next(iter(projects), {"name": "", "status": "deleted"})
    return ProjectFlow(
        project_id, tuple(batches), syncing, roles, project["name"], project["status"] or "active"
    )


def _batch(transform: Row, artifact: Row | None, choice: Mapping[str, Any]) -> Batch:
    context = _parsed(transform["execution_context"] or "{}")
    error = context.get("error") or {}
    started = context.get("attemptStartedAt")
    mine = artifact is not None and choice.get("artifactId") == artifact["id"]
    slots = context.get("slots")
    return Batch(
        transform_id=transform["id"],
        artifact_id=artifact["id"] if artifact else None,
        status=_status(transform, artifact),
        progress=float(transform["progress_percentage"] or 0),
        error_code=error.get("code"),
        error_params=error.get("params") or {},
        error_message=transform["error_message"],
        brief=Brief.from_json(context.get("params") or {}),
        ideas=_ideas(artifact) if artifact else (),
        chosen=frozenset({choice["index"]}) if mine else frozenset(),
        started_by=context.get("startedBy") or "",
        created_at=transform["created_at"] or _EPOCH,
        attempt_started_at=datetime.fromisoformat(started) if started else None,
        seconds=context.get("seconds"),
        attempt=transform["retry_count"] or 0,
        model_name=context.get("model"),
        tokens=context.get("tokens"),
        stopped_by=context.get("stoppedBy") or "",
        interrupted=bool(context.get("interrupted")),
        waiting=Waiting(**context["waiting"]) if context.get("waiting") else None,
        skipped=frozenset(context.get("skipped") or ()),
        slots=None if slots is None else frozenset(slots),
    )


def _status(transform: Row, artifact: Row | None) -> graph.TransformStatus:
    status = transform["streaming_status"]
    if status in _ENDS and (artifact is None or artifact["streaming_status"] != _ENDS[status]):
        return "running"
    return status


def _ideas(artifact: Row) -> tuple[Idea, ...]:
    if artifact["streaming_status"] == "streaming":
        return graph.ideas_from_json(artifact["partial_data"])
    return _ideas_of(artifact["data"])


def _newest_choice(artifacts: Iterable[Row]) -> Mapping[str, Any]:
    """The choice that stands: {"artifactId", "index", …}, or empty."""
    choices = [row for row in artifacts if row["type"] == graph.CHOICE]
    if not choices:
        return {}
    newest = max(choices, key=lambda row: (row["created_at"] or _EPOCH, row["id"]))
    choice = _parsed(newest["data"])
    return choice if choice.get("chosen") else {}


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Mapping[str, Any]:
    return json.loads(text)


@lru_cache(maxsize=1024)
def _ideas_of(data: str) -> tuple[Idea, ...]:
    return graph.ideas_from_json(_parsed(data))
