"""Turns a project file into rows for the database; refuses a graph that the product cannot create. Pure.

The rows are in COPY's text format (PostgreSQL 17, "COPY"), so that the web process only passes on bytes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pydantic import ValidationError

from scriptwriter.domain import graph, kinds, strict_json
from scriptwriter.domain.base_values import Value
from scriptwriter.domain.errors import Language, UnreadableFile, UserError
from scriptwriter.domain.kinds import Brief, Ideas, Version
from scriptwriter.domain.run_context import RunContext
from scriptwriter.domain.typed_text import visible
from scriptwriter.services.transfer import graph_checks, graph_values, person_names
from scriptwriter.services.transfer.file_format import (
    MOST_BYTES,
    MOST_ROWS,
    MOST_RUNS,
    ArtifactInFile,
    LinkInFile,
    ProjectFile,
    TransformInFile,
)
from scriptwriter.services.transfer.graph_checks import Link, Step, Thing

CLOCKS_DIFFER = timedelta(days=1)
"""How far in the future a time in a file may lie."""
_LISTS = ("artifacts", "transforms", "inputs", "outputs", "prompts")
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a table in COPY's text format."""

    name: str
    columns: tuple[str, ...]
    rows: bytes


@dataclass(frozen=True, slots=True)
class Project:
    """Name, description and graph of a file; the tables are in the order in which to write them."""

    name: str
    description: str
    tables: tuple[Table, ...]


def read(content: bytes, project_id: str, language: Language) -> Project:
    """The content of a file as rows of the project with this id. Persons are marked as imported in
    `language`.

    Raises UserError `file_too_large` (limit), UnreadableFile.
    """
    if len(content) > MOST_BYTES:
        raise UserError("file_too_large", limit=MOST_BYTES // 1_000_000)
    file = _parsed(content)
    _check_name(file)
    _each_once("artifacts", [row.id for row in file.artifacts])
    _each_once("transforms", [row.id for row in file.transforms])
    things = {row.id: _thing(row, number) for number, row in enumerate(file.artifacts)}
    steps = _steps(file, things)
    ordered, circular = graph_checks.in_order(steps.values())
    if circular:
        raise UnreadableFile("wrong_link", circular[0].place)
    for step in ordered:
        graph_checks.check(step, things)
    tables = _tables(file, things, steps, project_id, language)
    return Project(file.project.name, file.project.description or "", tuple(tables))


def _parsed(content: bytes) -> ProjectFile:
    try:
        value = strict_json.read(content)
    except strict_json.Refused as refused:
        raise UnreadableFile(refused.reason, refused.place) from None
    if not isinstance(value, dict) or "format" not in value:
        raise UnreadableFile("not_a_project")
    rows = 0
    for name in _LISTS:
        listed = value.get(name)
        rows += len(listed) if isinstance(listed, list) else 0
        if rows > MOST_ROWS:
            raise UnreadableFile("too_many_rows", name)
    runs = [each for each in value.get("transforms") or () if isinstance(each, dict)]
    if sum(each.get("type") == graph.LLM for each in runs) > MOST_RUNS:
        raise UnreadableFile("too_many_rows", "transforms")
    try:
        return ProjectFile.model_validate(value)
    except ValidationError as error:
        raise UnreadableFile(*kinds.refusal(error)) from None


def _steps(file: ProjectFile, things: Mapping[str, Thing]) -> dict[str, Step]:
    """All steps by id. Each artifact is the output of one step, each brief the input of one."""
    steps = {row.id: _step(row, number) for number, row in enumerate(file.transforms)}
    makers: set[str] = set()
    for table, links in (("inputs", file.inputs), ("outputs", file.outputs)):
        seen: set[LinkInFile] = set()
        for number, row in enumerate(links):
            place = f"{table}[{number}]"
            step, thing = steps.get(row.transform_id), things.get(row.artifact_id)
            if step is None:
                raise UnreadableFile("leads_nowhere", f"{place}.transform_id")
            if thing is None:
                raise UnreadableFile("leads_nowhere", f"{place}.artifact_id")
            if row in seen:
                raise UnreadableFile("twice", place)
            seen.add(row)
            link = Link(thing, row.role or "", place)
            (step.inputs if table == "inputs" else step.outputs).append(link)
            if table == "outputs":
                if thing.row.id in makers or thing.row.type == graph.PARAMS:
                    raise UnreadableFile("wrong_link", place)
                makers.add(thing.row.id)
    for number, row in enumerate(file.prompts):
        if row.transform_id not in steps:
            raise UnreadableFile("leads_nowhere", f"prompts[{number}].transform_id")
        steps[row.transform_id].prompts.append((row, f"prompts[{number}]"))
    users = Counter(row.artifact_id for row in file.inputs if row.role == "params")
    for thing in things.values():
        alone = users[thing.row.id] != 1 if thing.row.type == graph.PARAMS else thing.row.id not in makers
        if alone:
            raise UnreadableFile("wrong_link", thing.place)
    return steps


def _each_once(table: str, ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for number, each in enumerate(ids):
        if each in seen:
            raise UnreadableFile("twice", f"{table}[{number}].id")
        seen.add(each)


def _thing(row: ArtifactInFile, number: int) -> Thing:
    place = f"artifacts[{number}]"
    if row.type not in kinds.ARTIFACTS:
        raise UnreadableFile("unknown_kind", f"{place}.type")
    _check_past(row.created_at, f"{place}.created_at")
    value = graph_values.read(row.type, row.data, f"{place}.data")
    person_names.check(graph_values.person_in(value)[1], f"{place}.data.name")
    if isinstance(value, Brief) and (row.streaming_status, row.streaming_progress) != ("completed", 100):
        raise UnreadableFile("contradiction", f"{place}.streaming_status")
    return Thing(row, value, place)


def _step(row: TransformInFile, number: int) -> Step:
    place = f"transforms[{number}]"
    _check_past(row.created_at, f"{place}.created_at")
    if row.execution_context is None:
        raise UnreadableFile("missing", f"{place}.execution_context")
    context = graph_values.read(row.type, row.execution_context, f"{place}.execution_context")
    person_names.check(graph_values.person_in(context)[1], f"{place}.execution_context.startedBy")
    if isinstance(context, RunContext):
        person_names.check(context.stopped_by or "", f"{place}.execution_context.stoppedBy")
    if row.llm is not None:
        for column in kinds.RECORDS:
            text = getattr(row.llm, column)
            if text is not None:
                graph_values.read(column, text, f"{place}.llm.{column}")
    return Step(row, context, place)


def _check_past(moment: datetime, place: str) -> None:
    if moment > datetime.now(UTC) + CLOCKS_DIFFER:
        raise UnreadableFile("moment", place)


def _check_name(file: ProjectFile) -> None:
    """Check name and description by the rules of services/projects/catalog.py."""
    name, description = file.project.name, file.project.description or ""
    if name != " ".join(name.split()) or not visible(name):
        raise UnreadableFile("name", "project.name")
    if description != description.strip():
        raise UnreadableFile("wrong", "project.description")


def _tables(
    file: ProjectFile,
    things: Mapping[str, Thing],
    steps: Mapping[str, Step],
    project_id: str,
    language: Language,
) -> Iterable[Table]:
    # A random prefix and a counter keep the new ids in the order of the old ones.
    beginning = str(uuid4())[:-12]
    ids = {each: f"{beginning}{number:012x}" for number, each in enumerate((*things, *steps))}

    def text(value: Value) -> str:
        new = graph_values.translated(
            value, ids.__getitem__, lambda _, name: person_names.marked(name, language)
        )
        return kinds.write(new)

    yield _table(
        "artifacts",
        [
            {
                "id": ids[row.id],
                "project_id": project_id,
                "type": row.type,
                "data": text(things[row.id].value),
                **_listed(things[row.id].value),
                "created_at": row.created_at.isoformat(),
                "streaming_status": row.streaming_status,
                "streaming_progress": row.streaming_progress,
            }
            for row in file.artifacts
        ],
    )
    yield _table(
        "transforms",
        [
            {
                "id": ids[row.id],
                "project_id": project_id,
                "status": row.streaming_status,
                "execution_context": text(steps[row.id].context),
                "created_at": row.created_at.isoformat(),
                **row.model_dump(include={*_SAME_OF_A_TRANSFORM}),
            }
            for row in file.transforms
        ],
    )
    of = {row.id: {"transform_id": ids[row.id], "project_id": project_id} for row in file.transforms}
    yield _table("llm_transforms", [of[row.id] | row.llm.model_dump() for row in file.transforms if row.llm])
    yield _table(
        "human_transforms", [of[row.id] | row.human.model_dump() for row in file.transforms if row.human]
    )
    for side, links in (("input", file.inputs), ("output", file.outputs)):
        yield _table(
            f"transform_{side}s",
            [
                of[row.transform_id] | {"artifact_id": ids[row.artifact_id], f"{side}_role": row.role}
                for row in links
            ],
        )
    yield _table(
        "llm_prompts",
        [
            of[row.transform_id]
            | {"id": str(uuid4()), "prompt_text": row.prompt_text, "prompt_role": row.prompt_role}
            for row in file.prompts
        ],
    )


def _listed(value: Value) -> dict[str, object]:
    """The columns of an artifact that lists of projects count and search."""
    if isinstance(value, Ideas):
        return graph.listed(value.ideas)
    return {"finished_ideas": 0, "titles": value.title if isinstance(value, Version) else ""}


_SAME_OF_A_TRANSFORM = (
    "type",
    "streaming_status",
    "progress_percentage",
    "error_message",
    "retry_count",
    "max_retries",
)


def _table(name: str, rows: Sequence[Mapping[str, object]]) -> Table:
    columns = tuple(rows[0]) if rows else ("project_id",)
    text = "".join("\t".join(map(_cell, row.values())) + "\n" for row in rows)
    return Table(name, columns, text.encode())


def _cell(value: object) -> str:
    return r"\N" if value is None else str(value).translate(_ESCAPES)
