"""Reads the ideas of a project for an export."""

from datetime import UTC, datetime

from scriptwriter.domain.errors import Language
from scriptwriter.exports.document import Document, ExportedIdea, Section, Selection
from scriptwriter.services.projects import catalog
from scriptwriter.sync.flow_snapshot import read_flow
from scriptwriter.sync.idea_notes import IdeaNotes
from scriptwriter.sync.project_flow import Batch, ProjectFlow


async def read(
    project_id: str,
    user_id: str,
    selection: Selection,
    *,
    language: Language = "zh",
    marked: bool = True,
) -> Document:
    """The keepers of a project in order, or all finished ideas by run with the newest run first.

    Raises UserError `project_not_found`.
    """
    project = await catalog.open_project(project_id, user_id)
    flow = await read_flow(project_id, user_id)
    sections = _keepers(flow) if selection == "keepers" else tuple(map(_section, flow.batches))
    models = dict.fromkeys(batch.model_name for batch in flow.batches if batch.model_name)
    return Document(
        project.name,
        datetime.now(UTC),
        tuple(section for section in sections if section.ideas),
        tuple(models),
        language,
        marked,
        project.description,
        sum(batch.error_code == "run_unreadable" for batch in flow.batches),
    )


def _keepers(flow: ProjectFlow) -> tuple[Section, ...]:
    noted = [notes for ref in flow.keepers if (notes := flow.notes_of(ref)) is not None]
    return (Section(None, tuple(map(_idea, noted))),)


def _section(batch: Batch) -> Section:
    return Section(batch.brief.again(), tuple(_idea(batch.notes[place]) for place in sorted(batch.notes)))


def _idea(notes: IdeaNotes) -> ExportedIdea:
    names = [pick.name for pick in notes.picks if pick.verdict == "keep"]
    return ExportedIdea(notes.newest.title, notes.newest.body, tuple(dict.fromkeys(names)))
