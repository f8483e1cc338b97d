"""Dataclasses that the vars of the brainstorm page hold: runs, ideas, versions, verdicts and people."""

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

NextStep = Literal["", "retry", "fill_in", "go_on", "rephrase", "reread", "rebrief", "another_batch"]
"""The next action that the page offers for a run that ended with ideas missing ("": none).

`reread` offers a retry and the raw reply, `rebrief` the form of the brief and a retry.
"""

CardState = Literal["finished", "unfinished", "skipped", "blank"]


@dataclass(frozen=True)
class PickView:
    """One person's verdict on an idea; the reason is in both languages, or empty."""

    name: str = ""
    verdict: str = ""
    reason_zh: str = ""
    reason_en: str = ""


@dataclass(frozen=True)
class VersionView:
    """One version of an idea's text.

    `id` is "" for the model's original, `kind` a VersionKind of domain/idea_acts.py, `at` ISO 8601.
    """

    id: str = ""
    title: str = ""
    body: str = ""
    by: str = ""
    at: str = ""
    kind: str = "original"


@dataclass(frozen=True)
class CardView:
    """One place of a run with its idea; `number` counts from 1.

    `ref` is an IdeaRef as text. `version` is the id of the newest version ("" for the model's original, and
    `versions` is then empty). `kept` says that at least one member keeps the idea; `mine` is the verdict of
    the reader, or "". `editors` are the names of the other people who are editing it. `titling` is the status
    of a run for another title, or "". `close_to` is the title of an earlier idea that is nearly the same, and
    `close_anchor` the HTML id of its card.
    """

    number: int = 1
    title: str = ""
    body: str = ""
    state: CardState = "finished"
    kept: bool = False
    mine: str = ""
    my_reason: str = ""
    ref: str = ""
    version: str = ""
    picks: list[PickView] = field(default_factory=list)
    versions: list[VersionView] = field(default_factory=list)
    editors: str = ""
    titling: str = ""
    close_to: str = ""
    close_anchor: str = ""
    sensitive: bool = False


@dataclass(frozen=True)
class BatchView:
    """The heading of one run, without its ideas.

    `task` is graph.Task, `sources` the titles of the ideas from which the run was started.
    `platform_en` and `genre_en` are the English names. `chosen_model` is the model that the brief asks for,
    `model` the one that ran. `cost` is an amount with its currency, or "".
    `elapsed` and `seconds` are whole seconds; `seconds` is -1 before the end. `progress` is in percent,
    `tokens` a number with thousands separators, or "". `attempt` counts from 0. `resume_at` is the number of
    the idea with which the attempt continues (0: from the beginning), `filtered_idea` the number of the idea
    that the content filter stopped (0: none). `unreadable` says that the rows of the run cannot be read, so
    that it is unknown whether it failed. An automatic retry, number `wait_number` of `wait_of`, begins in
    `wait_seconds`, counted from when the page first showed the wait; the failure texts are then its reason.
    """

    transform_id: str = ""
    artifact_id: str = ""
    phase: Phase = "idle"
    platform: str = ""
    platform_en: str = ""
    genre: str = ""
    genre_en: str = ""
    wishes: str = ""
    avoid: str = ""
    audience: str = ""
    chosen_model: str = ""
    task: str = "brainstorm"
    sources: str = ""
    cost: str = ""
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
    unreadable: bool = False
    next_step: NextStep = ""
    filtered_idea: int = 0
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
class KeeperView:
    """A kept idea in the sidebar: title, HTML id of its card, ref, and the names of those who keep it."""

    title: str = ""
    anchor: str = ""
    ref: str = ""
    names: str = ""


@dataclass(frozen=True)
class PersonView:
    """A member who has the project open; `initial` is the first letter of the name."""

    name: str = ""
    initial: str = ""
    me: bool = False


@dataclass(frozen=True)
class ConflictView:
    """The version that another person saved while the reader edited the same idea; `name` is "" for none."""

    name: str = ""
    version: str = ""
    title: str = ""
    body: str = ""


@dataclass(frozen=True)
class UndoView:
    """The sentence about the last action, which can be undone; empty if there is none."""

    zh: str = ""
    en: str = ""
