"""Owns the shapes in which things are shown: what a component may ask of its Vars. Knows no database row."""

from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["idle", "queued", "thinking", "writing", "completed", "partial", "stopped", "failed"]


@dataclass(frozen=True)
class CardView:
    """One idea on its sheet; `number` counts from 1."""

    number: int = 1
    title: str = ""
    body: str = ""
    unfinished: bool = False
    chosen: bool = False


@dataclass(frozen=True)
class BatchView:
    """One run, without its ideas: what its heading says.

    `elapsed` and `seconds` are whole seconds (-1: not ended), `progress` is in percent, `tokens` is grouped
    by thousands or empty.
    """

    transform_id: str = ""
    artifact_id: str = ""
    phase: Phase = "idle"
    platform: str = ""
    genre: str = ""
    wishes: str = ""
    count: int = 5
    finished: int = 0
    resuming: bool = False
    elapsed: int = 0
    seconds: int = -1
    progress: int = 0
    tokens: str = ""
    model: str = ""
    demo: bool = False
    started_by: str = ""
    started_at: str = ""
    failure_zh: str = ""
    failure_en: str = ""


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
