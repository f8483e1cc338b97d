"""Joins the acts of people on ideas: picks, versions, and the order of the keepers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from scriptwriter.domain import graph, idea_acts
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.idea_acts import IdeaRef, Pick, Picks, Version, VersionKind
from scriptwriter.domain.run_context import ActContext
from scriptwriter.sync.close_ideas import CloseInBatch, Places
from scriptwriter.sync.shape_rows import Row, context_of, created_at, started_by

_KINDS = frozenset({graph.IDEA, graph.VERDICT, graph.ORDER})

_NoteRow = tuple[str, str, str, datetime, str, VersionKind]
"""An artifact of _KINDS: id, type, data, created_at, the name of its author, and its kind of version."""


@dataclass(frozen=True, slots=True)
class CloseTo:
    """An earlier idea that tells nearly the same; `title` is that of its newest version."""

    ref: IdeaRef
    title: str


@dataclass(frozen=True, slots=True)
class IdeaNotes:
    """The versions and picks of one finished idea.

    `versions` begin with the model's original, and the last one is current; `picks` has the pick of each
    person who has one, oldest first.
    """

    versions: tuple[Version, ...]
    picks: tuple[Pick, ...] = ()
    close_to: CloseTo | None = None

    @property
    def newest(self) -> Version:
        """The newest version, which is the current one."""
        return self.versions[-1]

    @property
    def kept(self) -> bool:
        """Whether at least one person keeps it."""
        return any(pick.verdict == "keep" for pick in self.picks)

    def pick_of(self, user_id: str) -> Pick | None:
        """The pick of this person."""
        return next((pick for pick in self.picks if user_id and pick.user_id == user_id), None)


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """All picks and versions of one project, and its kept ideas in order."""

    picks: Picks = field(default_factory=Picks)
    versions: Mapping[IdeaRef, tuple[Version, ...]] = field(default_factory=dict)
    kept: tuple[IdeaRef, ...] = ()
    _known: dict[tuple[str, Places, datetime, CloseInBatch], Mapping[int, IdeaNotes]] = field(
        default_factory=dict
    )

    def of(
        self, artifact_id: str, finished: Places, at: datetime, close: CloseInBatch
    ) -> Mapping[int, IdeaNotes]:
        """The notes of a batch by place, from 0.

        `finished` are its finished ideas, `at` its time (that of the original versions), `close` the ideas
        that its own are close to. Equal arguments give the same object.
        """
        key = (artifact_id, finished, at, close)
        if key not in self._known:
            by_place = dict(close)
            self._known[key] = {
                place: self._idea(IdeaRef(artifact_id, place), idea, at, by_place.get(place))
                for place, idea in finished
            }
        return self._known[key]

    def _idea(self, ref: IdeaRef, idea: Idea, at: datetime, close: tuple[IdeaRef, str] | None) -> IdeaNotes:
        original = Version("", idea.title, idea.body, "", at, "original")
        return IdeaNotes(
            (original, *self.versions.get(ref, ())),
            self.picks.by_idea.get(ref, ()),
            self._close_to(*close) if close else None,
        )

    def _close_to(self, ref: IdeaRef, title: str) -> CloseTo:
        return CloseTo(ref, self.versions[ref][-1].title if ref in self.versions else title)


def notes_in(artifacts: Mapping[str, Row], makers: Mapping[str, Row]) -> Notes:
    """The notes that these rows make.

    `artifacts` are by id; `makers` are the rows of transforms that made them, by the id of the artifact. A
    version whose maker has not arrived yet has no author until then.
    """
    return _notes(
        tuple(
            (row["id"], row["type"], row["data"], created_at(row), *_author(row, makers))
            for row in artifacts.values()
            if row["type"] in _KINDS and row["streaming_status"] == "completed"
        )
    )


def _author(row: Row, makers: Mapping[str, Row]) -> tuple[str, VersionKind]:
    maker = makers.get(row["id"])
    if row["type"] != graph.IDEA or maker is None:
        return "", "edit"
    context = context_of(maker)
    kind: VersionKind = "edit"
    if maker["type"] == graph.LLM:
        kind = "title"
    elif isinstance(context, ActContext) and context.params.action == graph.RESTORE:
        kind = "restore"
    return started_by(maker), kind


# One entry for each open project: most joins follow a draft, which changes no note.
@lru_cache(maxsize=64)
def _notes(rows: tuple[_NoteRow, ...]) -> Notes:
    authors: dict[str, tuple[str, VersionKind]] = {id: (name, kind) for id, _, _, _, name, kind in rows}
    acts = {
        type_: idea_acts.acts_in(((id, data, at) for id, of, data, at, _, _ in rows if of == type_), type_)
        for type_ in _KINDS - {graph.ORDER}
    }
    orders = [(id, data, at) for id, of, data, at, _, _ in rows if of == graph.ORDER]
    versions: dict[IdeaRef, list[Version]] = {}
    for act in idea_acts.oldest_first(acts[graph.IDEA]):
        if act.ref is not None:
            versions.setdefault(act.ref, []).append(idea_acts.version(act, *authors[act.id]))
    picks = idea_acts.valid_picks(acts[graph.VERDICT])
    return Notes(
        picks,
        {ref: tuple(each) for ref, each in versions.items()},
        idea_acts.arranged(picks.kept, idea_acts.newest_in(orders, graph.ORDER)),
    )
