"""Selects which picks of the members go into the next prompt, within a budget. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from scriptwriter.domain.idea_acts import IdeaRef, Pick, Verdict, reason_in_words

MOST_KEPT, MOST_PASSED, MOST_TITLES = 8, 12, 20
MOST_REASONS = 3
SUMMARY = 160
"""Characters of a kept idea's summary."""
BUDGET = 3_800
"""Characters of the whole JSON: kept ideas use up to a half, together with passed ones up to 4/5."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Judged:
    """An idea with its newest text and its valid picks."""

    ref: IdeaRef
    title: str
    body: str
    picks: tuple[Pick, ...] = ()

    def by(self, verdict: Verdict) -> tuple[Pick, ...]:
        """The picks with this verdict."""
        return tuple(pick for pick in self.picks if pick.verdict == verdict)


@dataclass(frozen=True, slots=True)
class Example:
    """A judged idea in short; `reasons` are those of the people who passed on it."""

    title: str
    summary: str = ""
    reasons: tuple[str, ...] = ()
    ref: IdeaRef | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Steering:
    """Steering of a prompt: ideas to build on, ideas to avoid, and titles already used."""

    kept: tuple[Example, ...] = ()
    passed: tuple[Example, ...] = ()
    titles: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kept or self.passed or self.titles)


def steer(judged: Sequence[Judged]) -> Steering:
    """The steering by the ideas of a project (oldest first). If there are too many, the newest are used.

    An idea that anybody keeps counts as kept, with the reasons of those who pass on it. One that is only
    passed on is to be avoided.
    """
    kept = [idea for idea in judged if idea.by("keep")]
    passed = [idea for idea in judged if idea.by("pass") and not idea.by("keep")]
    liked = _fitting(map(_liked, _last_said_first(kept)), MOST_KEPT, BUDGET // 2, _length)
    left = BUDGET * 4 // 5 - sum(map(_length, liked))
    avoided = _fitting(map(_avoided, _last_said_first(passed)), MOST_PASSED, left, _length)
    told = {example.title for example in (*liked, *avoided)}
    others = dict.fromkeys(title for idea in reversed(judged) if (title := _short(idea.title)) not in told)
    left = BUDGET - sum(map(_length, (*liked, *avoided)))
    return Steering(liked, avoided, _fitting(others, MOST_TITLES, left, lambda title: len(title) + 4))


def _last_said_first(ideas: Iterable[Judged]) -> list[Judged]:
    def said(idea: Judged) -> datetime:
        return max(pick.at for pick in idea.picks)

    return sorted(ideas, key=said, reverse=True)


def _liked(idea: Judged) -> Example:
    body = _short(idea.body)
    summary = body if len(body) <= SUMMARY else body[: SUMMARY - 1] + "…"
    return Example(_short(idea.title), summary, _reasons(idea), idea.ref)


def _avoided(idea: Judged) -> Example:
    return Example(_short(idea.title), reasons=_reasons(idea), ref=idea.ref)


def _reasons(idea: Judged) -> tuple[str, ...]:
    given = (_short(reason_in_words(pick.reason)) for pick in reversed(idea.by("pass")) if pick.reason)
    return tuple(dict.fromkeys(given))[:MOST_REASONS]


def _fitting(items: Iterable[_T], most: int, budget: int, length: Callable[[_T], int]) -> tuple[_T, ...]:
    """The first items within the budget, at most `most`."""
    fitting: list[_T] = []
    for item in items:
        budget -= length(item)
        if budget < 0 or len(fitting) == most:
            break
        fitting.append(item)
    return tuple(fitting)


def _length(example: Example) -> int:
    """Approximate characters of the example as JSON."""
    return 40 + len(example.title) + len(example.summary) + sum(len(reason) + 4 for reason in example.reasons)


def _short(text: str) -> str:
    """The text on one line, without characters that JSON escapes."""
    return re.sub(r'[\s<>"\\\x00-\x1f]+', " ", text).strip()
