"""The join of a project's shapes into what its screen shows; pure, and right for every interleaving."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from scriptwriter.domain import graph
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.sync.batch_join import Batch, batches
from scriptwriter.sync.close_ideas import NOTHING_CLOSE, Close
from scriptwriter.sync.idea_notes import IdeaNotes, told
from scriptwriter.sync.presence_join import Present, present
from scriptwriter.sync.shape_rows import Row
from scriptwriter.sync.title_runs import seeks_title, titling


@dataclass(frozen=True, slots=True)
class ProjectFlow:
    """A project's generations, newest first; `syncing` is "resyncing" while the rows may be old.

    `keepers` are the ideas that somebody keeps, in the order that stands; `present` are the members who have
    the project open.
    """

    project_id: str
    batches: tuple[Batch, ...] = ()
    syncing: Literal["live", "resyncing"] = "live"
    roles: Mapping[str, str] = field(default_factory=dict)
    """The role of each member, by user id."""
    name: str = ""
    description: str = ""
    state: str = "active"
    """The project itself: active, archived or deleted, also where its row is not there any more."""
    keepers: tuple[IdeaRef, ...] = ()
    present: tuple[Present, ...] = ()
    titling: Mapping[IdeaRef, graph.TransformStatus] = field(default_factory=dict)
    """Where another title is sought, or was and failed, since the idea's newest version."""

    def notes_of(self, ref: IdeaRef) -> IdeaNotes | None:
        """What is known of one idea; None where it is not there, or not finished."""
        found = (batch.notes.get(ref.index) for batch in self.batches if batch.artifact_id == ref.artifact_id)
        return next(found, None)


def project_of(projects: Iterable[Row]) -> tuple[str, str, str]:
    """Name, description and state of the project whose row this is, or which has none any more."""
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
    close: Close = NOTHING_CLOSE,
) -> ProjectFlow:
    """The flow that these rows make; `artifacts` by their id, `memberships` are rows of projects_users,
    `projects` is the row of the project itself, `close` what is known of ideas that tell nearly the same.

    A row whose counterpart has not arrived yet is shown as far as it is known.
    """
    acts = {row["id"]: row for row in transforms}
    outputs, makers = {}, {}
    for row in transform_outputs:
        artifact, act = artifacts.get(row["artifact_id"]), acts.get(row["transform_id"])
        if artifact is not None and artifact["type"] == graph.IDEAS:
            outputs[row["transform_id"]] = artifact
        elif artifact is not None and artifact["type"] == graph.IDEA and act is not None:
            makers[artifact["id"]] = act
    notes = told(artifacts, makers)
    models = [act for act in acts.values() if act["type"] == graph.LLM]
    runs = batches((act for act in models if not seeks_title(act)), outputs, notes, close)
    finished = {run.artifact_id: run.notes for run in runs}
    roles = {row["user_id"]: row["role"] for row in memberships}
    return ProjectFlow(
        project_id,
        tuple(runs),
        syncing,
        roles,
        *project_of(projects),
        tuple(ref for ref in notes.kept if ref.index in finished.get(ref.artifact_id, ())),
        present(presence, roles),
        titling(models),
    )
