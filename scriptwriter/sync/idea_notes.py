"""The join of what people said and wrote about ideas. Pure; knows neither runs nor screens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from scriptwriter.domain import graph, idea_acts
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.idea_acts import IdeaRef, Pick, Picks, Version, VersionKind
from scriptwriter.domain.run_context import ActContext
from scriptwriter.sync.close_ideas import Found, Places
from scriptwriter.sync.shape_rows import Row, begun_by, context_of, created

_KINDS = frozenset({graph.IDEA, graph.VERDICT, graph.ORDER})

Told = tuple[str, str, str, datetime, str, VersionKind]
"""An artifact of _KINDS: id, type, data, when, by whom, and as what kind of version."""


@dataclass(frozen=True, slots=True)
class CloseTo:
    """An earlier idea that tells nearly the same; `title` is that of its newest version."""

    ref: IdeaRef
    title: str


@dataclass(frozen=True, slots=True)
class IdeaNotes:
    """What is known of one finished idea.

    `versions` begin with the model's original, the last one stands; `picks` are those that stand, one for
    each person, the oldest first.
    """

    versions: tuple[Version, ...]
    picks: tuple[Pick, ...] = ()
    close_to: CloseTo | None = None

    @property
    def newest(self) -> Version:
        """The version that stands."""
        return self.versions[-1]

    @property
    def kept(self) -> bool:
        """Whether at least one person keeps it."""
        return any(pick.verdict == "keep" for pick in self.picks)

    def pick_of(self, user_id: str) -> Pick | None:
        """What this person says of it."""
        return next((pick for pick in self.picks if user_id and pick.user_id == user_id), None)


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """Everything that people said and wrote in one project."""

    picks: Picks = field(default_factory=Picks)
    versions: Mapping[IdeaRef, tuple[Version, ...]] = field(default_factory=dict)
    kept: tuple[IdeaRef, ...] = ()
    _known: dict[tuple[str, Places, datetime, Found], Mapping[int, IdeaNotes]] = field(default_factory=dict)

    def of(self, artifact_id: str, finished: Places, at: datetime, near: Found) -> Mapping[int, IdeaNotes]:
        """The notes of a batch by place; `near` is what its ideas are close to, `at` when it was begun."""
        key = (artifact_id, finished, at, near)
        if key not in self._known:
            close = dict(near)
            self._known[key] = {
                place: self._idea(IdeaRef(artifact_id, place), idea, at, close.get(place))
                for place, idea in finished
            }
        return self._known[key]

    def _idea(self, ref: IdeaRef, idea: Idea, at: datetime, near: tuple[IdeaRef, str] | None) -> IdeaNotes:
        original = Version("", idea.title, idea.body, "", at, "original")
        return IdeaNotes(
            (original, *self.versions.get(ref, ())),
            self.picks.by_idea.get(ref, ()),
            self._close(near) if near else None,
        )

    def _close(self, known: tuple[IdeaRef, str]) -> CloseTo:
        ref, title = known
        return CloseTo(ref, self.versions[ref][-1].title if ref in self.versions else title)


def told(artifacts: Mapping[str, Row], makers: Mapping[str, Row]) -> Notes:
    """The notes that these rows make: `artifacts` by their id, and by the same id who made them.

    A maker is a row of transforms; a version whose maker has not arrived is nobody's until then.
    """
    return _notes(
        tuple(
            (row["id"], row["type"], row["data"], created(row), *_maker(row, makers))
            for row in artifacts.values()
            if row["type"] in _KINDS and row["streaming_status"] == "completed"
        )
    )


def _maker(row: Row, makers: Mapping[str, Row]) -> tuple[str, VersionKind]:
    maker = makers.get(row["id"])
    if row["type"] != graph.IDEA or maker is None:
        return "", "edit"
    context = context_of(maker)
    kind: VersionKind = "edit"
    if maker["type"] == graph.LLM:
        kind = "title"
    elif isinstance(context, ActContext) and context.params.action == graph.RESTORE:
        kind = "restore"
    return begun_by(maker), kind


# One for each project that is open; an act makes the next one.
@lru_cache(maxsize=64)
def _notes(rows: tuple[Told, ...]) -> Notes:
    by: dict[str, tuple[str, VersionKind]] = {id: (name, kind) for id, _, _, _, name, kind in rows}
    acts = {
        type_: idea_acts.acts_in(((id, data, at) for id, of, data, at, _, _ in rows if of == type_), type_)
        for type_ in _KINDS
    }
    versions: dict[IdeaRef, list[Version]] = {}
    for act in idea_acts.oldest_first(acts[graph.IDEA]):
        if act.ref is not None:
            versions.setdefault(act.ref, []).append(idea_acts.version(act, *by[act.id]))
    picks = idea_acts.standing(acts[graph.VERDICT])
    return Notes(
        picks,
        {ref: tuple(each) for ref, each in versions.items()},
        idea_acts.arranged(picks.kept, acts[graph.ORDER]),
    )
