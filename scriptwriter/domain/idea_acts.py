"""What people do with ideas, as values: which idea is meant, verdicts, versions, the keepers' order.

Pure: knows no database and no shapes. Every act is an artifact of its own; of several the newest stands.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias, TypeGuard, get_args

from scriptwriter.domain import kinds
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.typed_text import seen, storable, visible
from scriptwriter.texts import room_texts

Verdict = Literal["keep", "pass", "none"]
"""Of one person on one idea; "none" takes an earlier one back."""
VersionKind = Literal["original", "edit", "restore", "title"]
"""Who wrote a version: the model, a person, a person who went back to an older one, the model anew."""

REASON_LIMIT, TITLE_LIMIT, BODY_LIMIT = 100, 60, 5_000

_REF = re.compile(r"([A-Za-z0-9_-]{1,64})#(0|[1-9][0-9]?)")


@dataclass(frozen=True, slots=True, order=True)
class IdeaRef:
    """One idea of a `brainstorm_ideas` artifact; `index` counts from 0. As text: "artifact_id#index"."""

    artifact_id: str
    index: int

    @classmethod
    def parse(cls, text: Any) -> Self:
        """The ref that a text names. Raises UserError `idea_not_found` where it is not of that form."""
        found = _REF.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise UserError("idea_not_found")
        return cls(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.artifact_id}#{self.index}"

    @property
    def role(self) -> str:
        """The `input_role` of the idea where it goes into a transform."""
        return f"ideas[{self.index}]"


Made: TypeAlias = kinds.Version | kinds.Verdict | kinds.Order
"""What an act makes."""


@dataclass(frozen=True, slots=True)
class Act:
    """An artifact that says what was done with an idea: its id, its value, when it was made."""

    id: str
    value: Made
    at: datetime

    @property
    def ref(self) -> IdeaRef | None:
        """The idea that it is about; None of an order, which is about many."""
        value = self.value
        return None if isinstance(value, kinds.Order) else IdeaRef(value.artifact_id, value.index)


@dataclass(frozen=True, slots=True)
class Pick:
    """What one person says of one idea; `id` is the artifact that says it.

    `user_id` is "" for somebody who is known by name alone, as everybody who came by a file is.
    `reason` is a code of texts.PASS_REASONS, their own words, or "".
    """

    user_id: str
    name: str
    verdict: Verdict
    reason: str
    at: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class Picks:
    """Everybody's picks that stand, by idea, the oldest first.

    `kept` are the ideas that at least one person keeps, in the order in which the first one did.
    """

    by_idea: Mapping[IdeaRef, tuple[Pick, ...]] = field(default_factory=dict)
    kept: tuple[IdeaRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One text of an idea; `id` is its artifact ("" for the model's original), `by` the person's name."""

    id: str
    title: str
    body: str
    by: str
    at: datetime
    kind: VersionKind


def acts_in(rows: Iterable[tuple[str, str, datetime]], kind: str) -> list[Act]:
    """The acts that artifacts of a kind (id, data, when) are; one that cannot be read is left out."""
    return [
        Act(id, value, at)
        for id, data, at in rows
        if isinstance(value := kinds.read_as(kinds.ARTIFACTS[kind], data), Made)
    ]


def oldest_first(acts: Iterable[Act]) -> list[Act]:
    """The acts in the order in which they were done."""
    return sorted(acts, key=lambda act: (act.at, act.id))


def standing(acts: Iterable[Act]) -> Picks:
    """What stands of all verdicts: of each person on each idea the newest."""
    found: dict[IdeaRef, dict[tuple[str, str], Pick]] = {}
    kept: dict[IdeaRef, None] = {}
    for act in oldest_first(acts):
        ref, pick = act.ref, _pick(act)
        if ref is None or pick is None:
            continue
        picks = found.setdefault(ref, {})
        # A person may change their name; who has nothing else is known by it.
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


def arranged(kept: Iterable[IdeaRef], orders: Iterable[Act]) -> tuple[IdeaRef, ...]:
    """The keepers by the newest order; those that it does not name come after it, as they came in."""
    newest = max(orders, key=lambda act: (act.at, act.id), default=None)
    named = order_of(newest) if newest else ()
    here = dict.fromkeys(kept)
    # A dict keeps the first place of each: the named ones, then the others.
    return tuple(ref for ref in dict.fromkeys((*named, *here)) if ref in here)


def order_of(act: Act) -> tuple[IdeaRef, ...]:
    """The ideas that an order names, each once."""
    listed = act.value.order if isinstance(act.value, kinds.Order) else ()
    return tuple(dict.fromkeys(map(IdeaRef.parse, listed)))


def version(act: Act, by: str, kind: VersionKind) -> Version:
    """The version that a `brainstorm_idea` artifact is."""
    assert isinstance(act.value, kinds.Version)
    return Version(act.id, act.value.title, act.value.body, by, act.at, kind)


def checked_verdict(verdict: str, reason: str) -> tuple[Verdict, str]:
    """A verdict and its reason, as they may be stored.

    Raises UserError: `verdict_unknown`, `reason_too_long` (limit).
    """
    if not _is_verdict(verdict):
        raise UserError("verdict_unknown")
    reason = " ".join(storable(reason).split())
    if len(reason) > REASON_LIMIT:
        raise UserError("reason_too_long", limit=REASON_LIMIT)
    return verdict, "" if verdict == "none" else seen(reason)


def reason_in_words(reason: str) -> str:
    """A reason as it is read in Chinese; a person's own words stay as they are."""
    return room_texts.PASS_REASONS[reason].zh if reason in room_texts.PASS_REASONS else reason


def checked_text(title: str, body: str) -> tuple[str, str]:
    """Title and body, as they may be stored: trimmed, the title in one line, nothing else changed.

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
