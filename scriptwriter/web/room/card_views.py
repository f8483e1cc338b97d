"""Computes the views of ideas, keepers and present people from a ProjectFlow."""

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
class Viewer:
    """The person who views the page, and the other values on which cards depend besides their batch.

    `person` is the id of the person. `editors` are the names of other people, joined, by the idea that they
    are editing. `titling` is the status of the newest run for another title, by idea.
    """

    person: str = ""
    editors: Mapping[str, str] = field(default_factory=dict)
    titling: Mapping[IdeaRef, graph.TransformStatus] = field(default_factory=dict)

    @classmethod
    def of(cls, flow: ProjectFlow, person: str) -> Self:
        """The viewer with the id `person`, and the values that `flow` has for the others."""
        others: dict[str, list[str]] = {}
        for each in flow.present:
            if each.editing is not None and each.user_id != person:
                others.setdefault(str(each.editing), []).append(each.name)
        return cls(person, {ref: _listed(names) for ref, names in others.items()}, flow.titling)


def places_of(batch: Batch, viewer: Viewer, *, running: bool) -> tuple[CardView, ...]:
    """The cards of all places of the batch in order, except the place that the model is writing.

    While the batch is `running`, a place without text is blank. Afterwards such a place is unfinished, and
    the places after the last one that the model reached are left out.
    """
    places = []
    reached = len(batch.ideas)
    for index in range(max(reached, batch.brief.count) if running else reached):
        idea = batch.ideas[index] if index < reached else None
        title, body = (idea.title, idea.body) if idea else ("", "")
        if idea and idea.status == "finished":
            places.append(_finished(batch, index, idea, viewer))
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
    """The ideas that at least one member keeps, in the order of the keepers."""
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
    """The people who have the project open; `person` is the id of the reader."""
    return tuple(
        PersonView(each.name, each.name[:1].upper(), each.user_id == person) for each in flow.present
    )


def anchor_of(ref: IdeaRef) -> str:
    """The HTML id of the card of an idea."""
    return f"idea-{ref.artifact_id}-{ref.index + 1}"


def _finished(batch: Batch, index: int, idea: Idea, viewer: Viewer) -> CardView:
    ref = IdeaRef(batch.artifact_id or "", index)
    notes = batch.notes.get(index) or IdeaNotes(
        (Version("", idea.title, idea.body, "", batch.created_at, "original"),)
    )
    newest, mine = notes.newest, notes.pick_of(viewer.person)
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
        editors=viewer.editors.get(str(ref), ""),
        titling=viewer.titling.get(ref, ""),
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
