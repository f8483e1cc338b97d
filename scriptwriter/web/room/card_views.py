"""Makes the views of ideas, keepers and present people out of the rows that a project follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from scriptwriter.domain import graph, taxonomy
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.idea_acts import IdeaRef, Pick, Version
from scriptwriter.sync.idea_notes import IdeaNotes
from scriptwriter.sync.project_flow import Batch, ProjectFlow
from scriptwriter.texts import room_texts
from scriptwriter.web.room.card_vars import CardView, KeeperView, PersonView, PickView, VersionView


@dataclass(frozen=True)
class Looking:
    """Who looks at a project, and what else than the ideas' own rows a sheet depends on.

    `editors` are the names of others by the idea whose text they have open.
    """

    person: str = ""
    editors: Mapping[str, str] = field(default_factory=dict)
    titling: Mapping[IdeaRef, graph.TransformStatus] = field(default_factory=dict)

    @classmethod
    def at(cls, flow: ProjectFlow, person: str) -> Self:
        """How `person` (an id) looks at this flow."""
        others: dict[str, list[str]] = {}
        for each in flow.present:
            if each.editing is not None and each.user_id != person:
                others.setdefault(str(each.editing), []).append(each.name)
        return cls(person, {ref: _listed(names) for ref, names in others.items()}, flow.titling)


def places_of(batch: Batch, looking: Looking, *, running: bool) -> tuple[CardView, ...]:
    """Every place of the batch in order, without the one that is being written.

    While it is running, a place without a word is blank; afterwards it is unfinished, or was never reached.
    """
    places = []
    reached = len(batch.ideas)
    for index in range(max(reached, batch.brief.count) if running else reached):
        idea = batch.ideas[index] if index < reached else None
        title, body = (idea.title, idea.body) if idea else ("", "")
        if idea and idea.status == "finished":
            places.append(_finished(batch, index, idea, looking))
        elif idea and idea.status == "writing" and running:
            continue
        elif index in batch.skipped:
            places.append(CardView(index + 1, title, body, "skipped"))
        elif running and not (title or body):
            places.append(CardView(index + 1, state="blank"))
        else:
            places.append(CardView(index + 1, title, body, "unfinished"))
    return tuple(places)


def keepers_of(flow: ProjectFlow) -> tuple[KeeperView, ...]:
    """The ideas that somebody keeps, in their order."""
    return tuple(
        KeeperView(
            notes.newest.title,
            anchor_of(ref),
            str(ref),
            _listed(pick.name for pick in notes.picks if pick.verdict == "keep"),
        )
        for ref in flow.keepers
        if (notes := flow.notes_of(ref)) is not None
    )


def present_in(flow: ProjectFlow, person: str) -> tuple[PersonView, ...]:
    """Who has the project open."""
    return tuple(
        PersonView(each.name, each.name[:1].upper(), each.user_id == person) for each in flow.present
    )


def anchor_of(ref: IdeaRef) -> str:
    """The id of the element that shows an idea."""
    return f"idea-{ref.artifact_id}-{ref.index + 1}"


def _finished(batch: Batch, index: int, idea: Idea, looking: Looking) -> CardView:
    ref = IdeaRef(batch.artifact_id or "", index)
    notes = batch.notes.get(index) or IdeaNotes(
        (Version("", idea.title, idea.body, "", batch.created_at, "original"),)
    )
    newest, mine = notes.newest, notes.pick_of(looking.person)
    words = newest.title + newest.body
    close = notes.close_to
    return CardView(
        index + 1,
        newest.title,
        newest.body,
        "finished",
        kept=notes.kept,
        mine=mine.verdict if mine else "",
        my_reason=mine.reason if mine else "",
        ref=str(ref),
        version=newest.id,
        picks=[_pick(pick) for pick in notes.picks],
        versions=[_version(version) for version in notes.versions] if len(notes.versions) > 1 else [],
        editors=looking.editors.get(str(ref), ""),
        titling=looking.titling.get(ref, ""),
        close_to=close.title if close else "",
        close_anchor=anchor_of(close.ref) if close else "",
        sensitive=any(word in words for word in taxonomy.sensitive()),
    )


def _pick(pick: Pick) -> PickView:
    zh, en = room_texts.PASS_REASONS.get(pick.reason, (pick.reason, pick.reason))
    return PickView(pick.name, pick.verdict, zh, en)


def _version(version: Version) -> VersionView:
    at = version.at.isoformat(timespec="seconds")
    return VersionView(version.id, version.title, version.body, version.by, at, version.kind)


def _listed(names: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(names))
