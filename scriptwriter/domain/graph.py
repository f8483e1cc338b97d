"""Types and states of artifacts and transforms, and the rules of a batch of ideas. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from scriptwriter.domain import kinds
from scriptwriter.domain.kinds import (
    Brief,
    Idea,
    Ideas,
    Source,
    Unreadable,
    brief,
    idea_batch,
    idea_verdict,
    idea_version,
    keeper_order,
)
from scriptwriter.domain.kinds.brief import Audience, Task
from scriptwriter.domain.kinds.idea_batch import IdeaStatus

__all__ = ["Audience", "Brief", "Idea", "IdeaStatus", "Source", "Task"]

TransformStatus = Literal["pending", "running", "completed", "failed", "cancelled"]
ArtifactStatus = Literal["streaming", "completed", "failed", "cancelled"]

LLM, HUMAN = "llm", "human"
PARAMS, IDEAS = brief.TYPE, idea_batch.TYPE
IDEA, VERDICT, ORDER = idea_version.TYPE, idea_verdict.TYPE, keeper_order.TYPE
"""Artifact types that people make: a version of an idea, a verdict on it, the order of the keepers."""
EDIT, RESTORE, PICK, ARRANGE = "edit_idea", "restore_idea", "pick_idea", "arrange_keepers"
"""Action types of human transforms."""

TRANSITIONS: Mapping[TransformStatus, frozenset[TransformStatus]] = {
    "pending": frozenset({"running", "failed", "cancelled"}),
    "running": frozenset({"pending", "completed", "failed", "cancelled"}),
    "failed": frozenset({"pending"}),
    "cancelled": frozenset({"pending"}),
    "completed": frozenset(),
}
"""The allowed state changes of a transform. From an ended state, `pending` is the next attempt."""

ENDED: frozenset[TransformStatus] = frozenset({"completed", "failed", "cancelled"})
"""The states of a transform that has ended. Its artifact then has the same state."""

STARTED, FINISHED = 10.0, 100.0
"""Progress in percent when an attempt has begun, and when the run is complete."""


def sources(target: TransformStatus) -> list[TransformStatus]:
    """The states from which a transform may change to `target`."""
    return [state for state, targets in TRANSITIONS.items() if target in targets]


def progress(finished: int, wanted: int) -> float:
    """Progress in percent of a running run after `finished` of `wanted` ideas."""
    return round(min(finished / wanted * 90 + STARTED, 90.0), 2)


def to_json(ideas: Iterable[Idea]) -> dict[str, Any]:
    """The value of `partial_data` while these ideas are being written."""
    return Ideas(ideas=tuple(ideas)).model_dump(mode="json")


def to_text(ideas: Iterable[Idea]) -> str:
    """The `data` of a `brainstorm_ideas` artifact."""
    return kinds.write(Ideas(ideas=tuple(ideas)))


def written(partial_data: Any, data: str | None = None) -> tuple[Idea, ...] | Unreadable:
    """The ideas of an artifact.

    From `partial_data` (parsed jsonb) while they are written, else from `data`.
    """
    read = kinds.read_as(Ideas, data) if partial_data is None else kinds.take(Ideas, partial_data)
    return read if isinstance(read, Unreadable) else read.ideas


def readable(partial_data: Any, data: str | None = None) -> tuple[Idea, ...]:
    """The ideas of an artifact; none if it is unreadable."""
    ideas = written(partial_data, data)
    return () if isinstance(ideas, Unreadable) else ideas


def finished(ideas: Iterable[Idea]) -> tuple[Idea, ...]:
    """The finished ones among these ideas."""
    return tuple(idea for idea in ideas if idea.finished)


def listed(ideas: Iterable[Idea]) -> dict[str, Any]:
    """The columns `finished_ideas` and `titles` of an artifact, which lists of projects count and search."""
    known = tuple(ideas)
    titles = (" ".join(idea.title.split()) for idea in known)
    return {"finished_ideas": len(finished(known)), "titles": "\n".join(title for title in titles if title)}


def ended(ideas: Iterable[Idea]) -> tuple[Idea, ...]:
    """The ideas when an attempt has ended: an idea that was being written becomes unfinished."""
    return tuple(
        Idea(idea.title, idea.body, "unfinished") if idea.status == "writing" else idea for idea in ideas
    )


def kept(ideas: Sequence[Idea]) -> tuple[Idea, ...]:
    """The ideas that the next attempt starts with: same indexes, without unfinished ones at the end."""
    ideas = ended(ideas)
    last = max((place for place, idea in enumerate(ideas) if idea.status == "finished"), default=-1)
    return ideas[: last + 1]


def open_slots(ideas: Sequence[Idea], count: int, skipped: Iterable[int] = ()) -> tuple[int, ...]:
    """The indexes below `count` that have no finished idea and were not skipped."""
    done = {place for place, idea in enumerate(ideas) if idea.status == "finished"}
    return tuple(place for place in range(count) if place not in done | set(skipped))


def placed(ideas: Sequence[Idea], slots: Sequence[int], written: Sequence[Idea]) -> tuple[Idea, ...]:
    """`ideas` with the `written` ones at the indexes `slots`. A gap becomes an unfinished idea."""
    places = dict(enumerate(ideas)) | dict(zip(slots, written, strict=False))
    nothing = Idea("", "", "unfinished")
    return tuple(places.get(place, nothing) for place in range(max(places, default=-1) + 1))


@dataclass(frozen=True, slots=True)
class Reply:
    """The stored reply of a model in one attempt, with its parameters and token usage."""

    model_name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    raw_response: str = ""
    token_usage: Mapping[str, int] | None = None


def total_usage(usages: Sequence[Mapping[str, int] | None]) -> dict[str, int] | None:
    """The sum of the token counts of several attempts; None if no endpoint reported any."""
    known = [usage for usage in usages if usage]
    keys = sorted({key for usage in known for key in usage})
    return {key: sum(usage.get(key, 0) for usage in known) for key in keys} or None
