"""The acts of people on ideas, as values: verdicts, versions, and the order of the keepers. Pure.

Each act is an artifact. Of several acts on the same thing the newest is valid.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias, TypeGuard, get_args

from scriptwriter.domain import kinds
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.typed_text import storable, visible, visible_or_empty
from scriptwriter.texts import room_texts

Verdict = Literal["keep", "pass", "none"]
"""One person's verdict on one idea. "none" withdraws an earlier one."""
VersionKind = Literal["original", "edit", "restore", "title"]
"""Origin of a version: the model's text, an edit, a restored older version, a new title by the model."""

REASON_LIMIT, TITLE_LIMIT, BODY_LIMIT = 100, 60, 5_000

_REF = re.compile(r"([A-Za-z0-9_-]{1,64})#(0|[1-9][0-9]?)")


@dataclass(frozen=True, slots=True, order=True)
class IdeaRef:
    """One idea of a `brainstorm_ideas` artifact; `index` counts from 0. As text: "artifact_id#index"."""

    artifact_id: str
    index: int

    @classmethod
    def parse(cls, text: Any) -> Self:
        """Parse "artifact_id#index". Raises UserError `idea_not_found` for any other text."""
        found = _REF.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise UserError("idea_not_found")
        return cls(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.artifact_id}#{self.index}"

    @property
    def role(self) -> str:
        """The `input_role` of the idea as an input of a transform."""
        return f"ideas[{self.index}]"


Made: TypeAlias = kinds.Version | kinds.Verdict | kinds.Order
"""The value of an act's artifact."""


@dataclass(frozen=True, slots=True)
class Act:
    """The artifact of an act: id, value and time."""

    id: str
    value: Made
    at: datetime

    @property
    def ref(self) -> IdeaRef | None:
        """The idea of the act; None for an order, which is about many ideas."""
        value = self.value
        return None if isinstance(value, kinds.Order) else IdeaRef(value.artifact_id, value.index)


@dataclass(frozen=True, slots=True)
class Pick:
    """One person's verdict on one idea; `id` is that of its artifact.

    `user_id` is "" for an imported person, of whom only the name is known. `reason` is a code of
    `room_texts.PASS_REASONS`, the person's own words, or "".
    """

    user_id: str
    name: str
    verdict: Verdict
    reason: str
    at: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class Picks:
    """The valid picks of all members by idea, the oldest first.

    `kept` are the ideas that at least one person keeps, in the order of the first keep.
    """

    by_idea: Mapping[IdeaRef, tuple[Pick, ...]] = field(default_factory=dict)
    kept: tuple[IdeaRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One text of an idea; `id` is its artifact ("" for the model's original), `by` the author's name."""

    id: str
    title: str
    body: str
    by: str
    at: datetime
    kind: VersionKind


def acts_in(rows: Iterable[tuple[str, str, datetime]], kind: str) -> list[Act]:
    """The acts in rows (id, data, time) of artifacts of type `kind`. Unreadable ones are left out."""
    return [
        Act(id, value, at)
        for id, data, at in rows
        if isinstance(value := kinds.read_as(kinds.ARTIFACTS[kind], data), Made)
    ]


def newest_in(rows: Iterable[tuple[str, str, datetime]], kind: str) -> Act | None:
    """The newest readable act in rows as those of `acts_in`. No older one is parsed."""
    for row in sorted(rows, key=lambda row: (row[2], row[0]), reverse=True):
        for act in acts_in([row], kind):
            return act
    return None


def oldest_first(acts: Iterable[Act]) -> list[Act]:
    """The acts in order of time."""
    return sorted(acts, key=lambda act: (act.at, act.id))


def valid_picks(acts: Iterable[Act]) -> Picks:
    """The valid picks: each person's newest verdict on each idea."""
    found: dict[IdeaRef, dict[tuple[str, str], Pick]] = {}
    kept: dict[IdeaRef, None] = {}
    for act in oldest_first(acts):
        ref, pick = act.ref, _pick(act)
        if ref is None or pick is None:
            continue
        picks = found.setdefault(ref, {})
        # Persons are identified by id, because names change; imported persons only have a name.
        person = pick.user_id, "" if pick.user_id else pick.name
        picks.pop(person, None)
        if pick.verdict != "none":
            picks[person] = pick
        if not any(each.verdict == "keep" for each in picks.values()):
            kept.pop(ref, None)
        else:
            kept.setdefault(ref)
    by_idea = {ref: tuple(picks.values()) for ref, picks in found.items() if picks}
    return Picks(by_idea, tuple(kept))


def arranged(kept: Iterable[IdeaRef], newest: Act | None) -> tuple[IdeaRef, ...]:
    """The keepers in the newest order. Those that it does not contain follow, in the order they were kept."""
    named = order_of(newest) if newest else ()
    here = dict.fromkeys(kept)
    # A dict keeps the first occurrence of each: first the ordered ones, then the others.
    return tuple(ref for ref in dict.fromkeys((*named, *here)) if ref in here)


def order_of(act: Act) -> tuple[IdeaRef, ...]:
    """The ideas in an order, each once."""
    listed = act.value.order if isinstance(act.value, kinds.Order) else ()
    return tuple(dict.fromkeys(map(IdeaRef.parse, listed)))


def version(act: Act, by: str, kind: VersionKind) -> Version:
    """The version in a `brainstorm_idea` artifact."""
    assert isinstance(act.value, kinds.Version)
    return Version(act.id, act.value.title, act.value.body, by, act.at, kind)


def checked_verdict(verdict: str, reason: str) -> tuple[Verdict, str]:
    """Validate a verdict and its reason; returns both in the form to store.

    Raises UserError: `verdict_unknown`, `reason_too_long` (limit).
    """
    if not _is_verdict(verdict):
        raise UserError("verdict_unknown")
    reason = " ".join(storable(reason).split())
    if len(reason) > REASON_LIMIT:
        raise UserError("reason_too_long", limit=REASON_LIMIT)
    return verdict, "" if verdict == "none" else visible_or_empty(reason)


def reason_in_words(reason: str) -> str:
    """The Chinese text of a reason. A reason that a person typed is returned unchanged."""
    return room_texts.PASS_REASONS[reason].zh if reason in room_texts.PASS_REASONS else reason


def checked_text(title: str, body: str) -> tuple[str, str]:
    """Validate title and body; returns both in the form to store: trimmed, the title on one line.

    Raises UserError: `title_required`, `title_too_long`, `body_required`, `body_too_long` (limit).
    """
    title, body = " ".join(storable(title).splitlines()).strip(), storable(body).strip()
    for name, text, limit in (("title", title, TITLE_LIMIT), ("body", body, BODY_LIMIT)):
        if not visible(text):
            raise UserError(f"{name}_required")
        if len(text) > limit:
            raise UserError(f"{name}_too_long", limit=limit)
    return title, body


def _pick(act: Act) -> Pick | None:
    said = act.value
    if not isinstance(said, kinds.Verdict):
        return None
    return Pick(said.user_id or "", said.name, said.verdict, said.reason, act.at, act.id)


def _is_verdict(value: Any) -> TypeGuard[Verdict]:
    return isinstance(value, str) and value in get_args(Verdict)
