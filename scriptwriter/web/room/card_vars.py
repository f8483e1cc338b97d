"""What the brainstorm page shows of runs and ideas, as values for its Vars."""

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

Remedy = Literal["", "retry", "fill_in", "go_on", "rephrase", "reread", "rebrief", "another_batch"]
"""The one thing to do about a run that ended short; "reread": try again, or look at the raw reply; "rebrief":
change the brief, or try again."""


CardState = Literal["finished", "unfinished", "skipped", "blank"]


@dataclass(frozen=True)
class PickView:
    """What one person says of an idea; the reason is in both languages, or empty."""

    name: str = ""
    verdict: str = ""
    reason_zh: str = ""
    reason_en: str = ""


@dataclass(frozen=True)
class VersionView:
    """One text of an idea; `id` is "" for the model's original, `kind` is ideas.VersionKind."""

    id: str = ""
    title: str = ""
    body: str = ""
    by: str = ""
    at: str = ""
    kind: str = "original"


@dataclass(frozen=True)
class CardView:
    """One place of a run and its idea; `number` counts from 1, a blank place waits for its idea.

    `ref` names the idea, `version` its newest text ("": the model's original; then `versions` is empty).
    `kept`: somebody keeps it; `mine` is the verdict of the person who looks at it, or "". `editors` are the
    others who are editing it; `titling` is the state of a run that seeks another title, or "".
    `close_to` is the title of an earlier idea that is nearly the same, `close_anchor` the id of its sheet.
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
    """One run, without its ideas: what its heading says.

    `task` is graph.Task, `sources` the titles of the ideas that it began with.
    `platform_en` and `genre_en` are what an English reader calls those.
    `cost` is an amount with its currency, or empty; `chosen_model` is what the brief asks for.
    `elapsed` and `seconds` are whole seconds (-1: not ended), `progress` is in percent, `tokens` is grouped
    by thousands or empty. `attempt` counts from 0; `resume_at` is the number of the idea with which it goes
    on (0: from the start), `culprit` that of the idea that a policy stopped. `unreadable`: the rows of the
    run cannot be read, so nobody knows whether it failed. `wait_seconds` (those that were left when the page
    came to know of it) and the two after it tell of an automatic retry, whose reason is the failure's text.
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
class KeeperView:
    """A kept idea in the margin: its title, and the id of its sheet."""

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
    """What somebody saved while another person edited the same idea; `name` is "" where there is none."""

    name: str = ""
    version: str = ""
    title: str = ""
    body: str = ""


@dataclass(frozen=True)
class UndoView:
    """What was done a moment ago and can be taken back, in words; empty when there is nothing."""

    zh: str = ""
    en: str = ""
