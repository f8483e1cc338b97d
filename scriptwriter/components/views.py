"""Owns the shapes in which things are shown: what a component may ask of its Vars. Knows no database row."""

from dataclasses import dataclass, field
from typing import Literal

Phase = Literal[
    "idle",
    "queued",
    "thinking",
    "writing",
    "waiting",
    "recovering",
    "completed",
    "partial",
    "stopped",
    "failed",
]
RUNNING: tuple[Phase, ...] = ("queued", "thinking", "writing", "waiting", "recovering")
"""The phases of a run that has not ended."""

Remedy = Literal["", "retry", "fill_in", "go_on", "rephrase", "reread"]
"""The one thing to do about a run that ended short; "reread": try again, or look at the raw reply."""

CardState = Literal["finished", "unfinished", "skipped", "blank"]


@dataclass(frozen=True)
class CardView:
    """One place of a run and its idea; `number` counts from 1, a blank place waits for its idea."""

    number: int = 1
    title: str = ""
    body: str = ""
    state: CardState = "finished"
    chosen: bool = False


@dataclass(frozen=True)
class BatchView:
    """One run, without its ideas: what its heading says.

    `elapsed` and `seconds` are whole seconds (-1: not ended), `progress` is in percent, `tokens` is grouped
    by thousands or empty. `attempt` counts from 0; `resume_at` is the number of the idea with which it goes
    on (0: from the start), `culprit` that of the idea that a policy stopped. `wait_seconds` and the two
    after it tell of an automatic retry, whose reason is the failure's text.
    """

    transform_id: str = ""
    artifact_id: str = ""
    phase: Phase = "idle"
    platform: str = ""
    genre: str = ""
    wishes: str = ""
    count: int = 5
    finished: int = 0
    missing: int = 0
    attempt: int = 0
    resume_at: int = 0
    elapsed: int = 0
    seconds: int = -1
    progress: int = 0
    tokens: str = ""
    model: str = ""
    demo: bool = False
    started_by: str = ""
    started_at: str = ""
    stopped_by: str = ""
    remedy: Remedy = ""
    culprit: int = 0
    failure_zh: str = ""
    failure_en: str = ""
    wait_seconds: int = 0
    wait_number: int = 0
    wait_of: int = 0


@dataclass(frozen=True)
class PastBatchView:
    """An earlier run with its ideas."""

    heading: BatchView = field(default_factory=BatchView)
    cards: list[CardView] = field(default_factory=list)


@dataclass(frozen=True)
class ProjectView:
    """One project in the list."""

    id: str = ""
    name: str = ""
    phase: Phase = "idle"
    ideas: int = 0
    updated: str = ""
    archived: bool = False
    may_manage: bool = False


@dataclass(frozen=True)
class MemberView:
    """A member of a project; `me` is the reader."""

    id: str = ""
    name: str = ""
    username: str = ""
    role: str = "viewer"
    joined: str = ""
    me: bool = False


@dataclass(frozen=True)
class Notice:
    """A sentence for the person, in both languages; empty when there is none."""

    zh: str = ""
    en: str = ""


@dataclass(frozen=True)
class BriefMessages:
    """What is wrong with each field of a brief."""

    platform: Notice = Notice()
    genre: Notice = Notice()
    other_requirements: Notice = Notice()


@dataclass(frozen=True)
class KeeperView:
    """A chosen idea in the margin: its title, and the id of its sheet."""

    title: str = ""
    anchor: str = ""
