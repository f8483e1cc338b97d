"""Joins the rows of a project's shapes to a ProjectFlow, which its page shows. Pure.

Rows may arrive in any order.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from scriptwriter.domain import graph
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.sync.batch_join import Batch, batches, brief_of
from scriptwriter.sync.close_ideas import NO_CLOSE_IDEAS, CloseIdeas
from scriptwriter.sync.idea_notes import IdeaNotes, notes_in
from scriptwriter.sync.shape_rows import Row, by_age


@dataclass(frozen=True, slots=True)
class Present:
    """A member who has the project open, in any number of tabs; `editing` is the idea in their editor."""

    user_id: str
    name: str
    editing: IdeaRef | None = None


@dataclass(frozen=True, slots=True)
class ProjectFlow:
    """The data of a project's brainstorm page.

    `batches` has one entry for each run, newest first. `syncing` is "resyncing" while the rows may be out of
    date. `keepers` are the ideas that at least one member keeps, in the order that the members chose.
    `present` are the members who have the project open.
    """

    project_id: str
    batches: tuple[Batch, ...] = ()
    syncing: Literal["live", "resyncing"] = "live"
    roles: Mapping[str, str] = field(default_factory=dict)
    """The role of each member, by user id."""
    name: str = ""
    description: str = ""
    state: str = "active"
    """active, archived or deleted; deleted also where the project's row is gone."""
    keepers: tuple[IdeaRef, ...] = ()
    present: tuple[Present, ...] = ()
    titling: Mapping[IdeaRef, graph.TransformStatus] = field(default_factory=dict)
    """For each idea, the status of its newest `retitle` run if that is running or has failed."""

    def notes_of(self, ref: IdeaRef) -> IdeaNotes | None:
        """The notes of one idea; None if the idea is missing or unfinished."""
        found = (batch.notes.get(ref.index) for batch in self.batches if batch.artifact_id == ref.artifact_id)
        return next(found, None)


def project_of(projects: Iterable[Row]) -> tuple[str, str, str]:
    """Name, description and state of a project, from the rows of `projects` (one, or none once deleted)."""
    row = next(iter(projects), None)
    if row is None:
        return "", "", "deleted"
    return row["name"], row["description"] or "", row["status"] or "active"


def join(
    project_id: str,
    transforms: Iterable[Row],
    transform_outputs: Iterable[Row],
    artifacts: Mapping[str, Row],
    memberships: Iterable[Row] = (),
    presence: Iterable[Row] = (),
    *,
    projects: Iterable[Row] = (),
    syncing: Literal["live", "resyncing"] = "live",
    close: CloseIdeas = NO_CLOSE_IDEAS,
) -> ProjectFlow:
    """Join the rows of a project's shapes into its flow.

    `artifacts` are by id, `memberships` are rows of projects_users. If a row arrives before the rows that
    belong to it, the flow has the part that is known.
    """
    by_id = {row["id"]: row for row in transforms}
    outputs, makers = {}, {}
    for row in transform_outputs:
        artifact, transform = artifacts.get(row["artifact_id"]), by_id.get(row["transform_id"])
        if artifact is not None and artifact["type"] == graph.IDEAS:
            outputs[row["transform_id"]] = artifact
        elif artifact is not None and artifact["type"] == graph.IDEA and transform is not None:
            makers[artifact["id"]] = transform
    notes = notes_in(artifacts, makers)
    runs = [row for row in by_id.values() if row["type"] == graph.LLM]
    found = batches((run for run in runs if not _is_for_title(run)), outputs, notes, close)
    finished = {batch.artifact_id: batch.notes for batch in found}
    roles = {row["user_id"]: row["role"] for row in memberships}
    return ProjectFlow(
        project_id,
        tuple(found),
        syncing,
        roles,
        *project_of(projects),
        tuple(ref for ref in notes.kept if ref.index in finished.get(ref.artifact_id, ())),
        _present(presence, roles),
        _title_runs(runs),
    )


def _is_for_title(run: Row) -> bool:
    """Whether a run writes another title for an idea, and not a batch."""
    brief = brief_of(run)
    return brief is not None and brief.task == "title"


def _title_runs(runs: Iterable[Row]) -> dict[IdeaRef, graph.TransformStatus]:
    """The status of the newest title run of each idea, without those that completed or were stopped."""
    found: dict[IdeaRef, graph.TransformStatus] = {}
    for run in sorted(runs, key=by_age):
        brief = brief_of(run)
        if brief is not None and brief.task == "title":
            with suppress(UserError):
                found |= {IdeaRef.parse(source.ref): run["streaming_status"] for source in brief.sources}
    return {ref: status for ref, status in found.items() if status not in ("completed", "cancelled")}


def _present(rows: Iterable[Row], roles: Mapping[str, str]) -> tuple[Present, ...]:
    """Each member with an open tab once, by name. `rows` are of presence; a tab that went silent has none."""
    found: dict[str, Present] = {}
    for row in sorted(rows, key=lambda row: row["tab"]):
        user_id = row["user_id"]
        if user_id in roles:
            editing = _idea(row["editing"])
            known = found.get(user_id)
            if known is None or (known.editing is None and editing is not None):
                found[user_id] = Present(user_id, row["name"], editing)
    return tuple(sorted(found.values(), key=lambda person: (person.name, person.user_id)))


def _idea(text: str | None) -> IdeaRef | None:
    try:
        return IdeaRef.parse(text) if text else None
    except UserError:
        return None
