"""Export of a project to a file and import as a new project, which equals the first except for its ids."""

import asyncio
import copy
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scriptwriter.domain import prompts
from scriptwriter.domain.errors import UnreadableFile, UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.exports.idea_selection import read as reading_document
from scriptwriter.exports.plain_text import plain
from scriptwriter.operations import process_pool
from scriptwriter.services.ideas import edits
from scriptwriter.services.projects import catalog
from scriptwriter.services.runs import ending, provenance, retrying, starting
from scriptwriter.services.transfer import import_reading
from scriptwriter.services.transfer.file_format import MOST_BYTES, MOST_ROWS, MOST_RUNS
from scriptwriter.services.transfer.storage import export, import_project
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, User
from scriptwriter.sync.flow_snapshot import read_flow
from tests.support.budgets import unlimited
from tests.support.projects import fill
from tests.support.rooms import Room
from tests.support.rows import rows

COUNTS = (
    "artifacts",
    "transforms",
    "transform_inputs",
    "transform_outputs",
    "llm_prompts",
    "llm_transforms",
    "human_transforms",
)

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(autouse=True)
def no_child_processes() -> Iterator[None]:
    """Ends the pool of child processes after each test."""
    yield
    process_pool.close()


async def exported(room: Room) -> dict[str, Any]:
    """The file of a project with every kind of row, as JSON."""
    await fill(room)
    _, content = await export(room.project_id, room.owner)
    return json.loads(content)


def refusal(content: bytes) -> tuple[str, str]:
    """The reason and the place with which a file is refused."""
    with pytest.raises(UnreadableFile) as refused:
        import_reading.read(content, "project", "en")
    assert refused.value.text("zh") and refused.value.text("en")
    return refused.value.reason, refused.value.place


def index_of(file: dict[str, Any], table: str, **wanted: Any) -> int:
    """The index of the first row in a table of the file that has these values."""
    return next(
        number
        for number, row in enumerate(file[table])
        if all(row.get(key) == value for key, value in wanted.items())
    )


def change_inside(row: dict[str, Any], column: str, change: Change) -> None:
    """Change the JSON value that a text column holds."""
    value = json.loads(row[column])
    change(value)
    row[column] = json.dumps(value, ensure_ascii=False)


def counts(url: str, project_id: str) -> dict[str, int]:
    """The number of the project's rows in each table."""
    return {
        table: rows(url, f"SELECT count(*) AS number FROM {table} WHERE project_id = %s", project_id)[0][
            "number"
        ]
        for table in COUNTS
    }


async def test_an_export_of_an_import_is_the_same_file(room: Room, connected: str) -> None:
    """The imported project has the same number of rows in each table."""
    await fill(room)
    _, first_file = await export(room.project_id, room.owner)

    project_id = await import_project(first_file, room.stranger)
    _, second_file = await export(project_id, room.stranger)

    assert second_file == first_file
    assert counts(connected, project_id) == counts(connected, room.project_id)
    assert json.loads(first_file)["left_out"] == 0
    here, there = [
        await catalog.open_project(*where)
        for where in ((room.project_id, room.owner), (project_id, room.stranger))
    ]
    assert (here.ideas, here.name) == (there.ideas, there.name) and there.ideas > 5


async def test_an_export_has_names_and_no_ids(room: Room, connected: str) -> None:
    """This covers ids of people, sessions, memberships, rows, jobs and processes."""
    await fill(room)
    ids = {room.project_id}
    for table in ("users", "user_sessions", "projects", "artifacts", "transforms", "llm_prompts"):
        ids |= {row["id"] for row in rows(connected, f"SELECT id FROM {table}")}

    _, content = await export(room.project_id, room.owner)

    # The ids of people in tests occur inside texts of the file, but never as a whole value.
    assert not [each for each in ids if json.dumps(each).encode() in content.replace(b'\\"', b'"')]
    for key in (b"userId", b"asked", b'by\\"', b"job", b"process", b"exporter"):
        assert key not in content
    names = {json.loads(row["execution_context"])["startedBy"] for row in json.loads(content)["transforms"]}
    assert names == {"Owner", "Collaborator"}


async def test_an_active_run_is_exported_as_stopped(room: Room) -> None:
    """The half-written idea is marked unfinished. The run itself goes on."""
    file = await exported(room)

    assert file["transforms"][-1]["streaming_status"] == "cancelled"
    [last] = [row for row in file["outputs"] if row["transform_id"] == file["transforms"][-1]["id"]]
    made = file["artifacts"][index_of(file, "artifacts", id=last["artifact_id"])]
    assert made["streaming_status"] == "cancelled"
    assert [idea.get("status") for idea in json.loads(made["data"])["ideas"]] == [None, "unfinished"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE artifacts SET data = '{' WHERE type = 'brainstorm_verdict' RETURNING id",
        "UPDATE artifacts SET data = '{\"ideas\": [1]}' WHERE type = 'brainstorm_ideas' RETURNING id",
        "UPDATE artifacts SET type = 'other' WHERE type = 'brainstorm_idea' RETURNING id",
        "UPDATE artifacts SET created_at = NULL RETURNING id",
        "UPDATE transforms SET execution_context = '{\"asked\": {}}' WHERE type = 'llm' RETURNING id",
        "UPDATE transforms SET execution_context = NULL, retry_count = NULL RETURNING id",
        "UPDATE llm_prompts SET prompt_role = NULL RETURNING id",
        "UPDATE llm_transforms SET token_usage = 'x', model_name = '' RETURNING transform_id",
        "UPDATE transform_inputs SET input_role = 'ideas[9]' WHERE input_role = 'ideas[0]' RETURNING id",
        "DELETE FROM transform_outputs RETURNING id",
    ],
)
async def test_an_export_leaves_out_unreadable_rows(room: Room, connected: str, change: str) -> None:
    """And the rows that depend on them. It says how many, and the file can be imported."""
    await fill(room)
    assert rows(connected, change)

    _, content = await export(room.project_id, room.owner)

    assert json.loads(content)["left_out"] > 0
    assert await import_project(content, room.stranger)


async def test_a_stranger_cannot_export_a_project(room: Room) -> None:
    """The error is that of an unknown project."""
    with pytest.raises(UserError) as refused:
        await export(room.project_id, room.stranger)

    assert refused.value.code == "project_not_found"


async def test_only_the_importer_is_a_member_of_the_imported_project(room: Room) -> None:
    """The importer is its owner. A file contains no memberships."""
    await fill(room)
    _, file = await export(room.project_id, room.owner)

    project_id = await import_project(file, room.stranger)

    assert (await catalog.open_project(project_id, room.stranger)).role == "owner"
    with pytest.raises(UserError):
        await catalog.open_project(project_id, room.owner)


async def test_an_import_attributes_nothing_to_existing_people(room: Room, connected: str) -> None:
    """This covers the importer and a `userId` that the file contains."""
    file = await exported(room)
    for row in file["artifacts"]:
        if row["type"] in ("brainstorm_verdict", "brainstorm_order"):
            change_inside(row, "data", lambda value: value.update(userId=room.owner))
    for row in file["transforms"]:
        change_inside(row, "execution_context", lambda value: value.update(userId=room.collaborator))
    file["exporter"] = room.owner

    project_id = await import_project(json.dumps(file).encode(), room.owner, "en")

    flow = await read_flow(project_id, room.owner)
    notes_of_batches = [notes for batch in flow.batches for notes in batch.notes.values()]
    assert {pick.name for notes in notes_of_batches for pick in notes.picks} == {
        "Owner (imported)",
        "Collaborator (imported)",
    }
    assert not [
        notes for notes in notes_of_batches for who in (room.owner, room.collaborator) if notes.pick_of(who)
    ]
    assert {batch.started_by for batch in flow.batches} == {"Owner (imported)", "Collaborator (imported)"}
    kept = [
        row["data"] for row in rows(connected, "SELECT data FROM artifacts WHERE project_id = %s", project_id)
    ]
    kept += [
        row["execution_context"]
        for row in rows(
            connected, "SELECT execution_context FROM transforms WHERE project_id = %s", project_id
        )
    ]
    assert not [text for text in kept if "userId" in text or "asked" in text]


async def test_two_people_with_the_same_name_stay_distinct(room: Room, connected: str) -> None:
    """Otherwise the verdict of one would replace that of the other."""
    async with transaction() as session:
        (await session.get_one(User, room.collaborator)).display_name = "Owner"
    artifact = await fill(room)
    before = (await read_flow(room.project_id, room.owner)).batches[-1]
    assert before.artifact_id == artifact
    _, file = await export(room.project_id, room.owner)

    project_id = await import_project(file, room.stranger, "en")

    after = (await read_flow(project_id, room.stranger)).batches[-1]
    assert {place: sorted(pick.verdict for pick in notes.picks) for place, notes in after.notes.items()} == {
        place: sorted(pick.verdict for pick in notes.picks) for place, notes in before.notes.items()
    }
    assert {pick.name for pick in after.notes[1].picks} == {"Owner (imported)", "Owner (2) (imported)"}


async def test_an_imported_run_has_ended_and_counts_in_no_budget(room: Room, connected: str) -> None:
    """No worker takes it up."""
    _, content = await _filled(room)
    jobs = rows(connected, "SELECT count(*) AS number FROM procrastinate_jobs")

    project_id = await import_project(content, room.stranger)

    states = rows(
        connected,
        "SELECT DISTINCT status, streaming_status FROM transforms WHERE project_id = %s",
        project_id,
    )
    assert {tuple(row.values()) for row in states} == {
        (state, state) for state in ("completed", "failed", "cancelled")
    }
    assert rows(connected, "SELECT count(*) AS number FROM procrastinate_jobs") == jobs
    assert rows(connected, "SELECT * FROM run_starts WHERE user_id = %s", room.stranger) == []
    assert (
        rows(connected, "SELECT * FROM transforms WHERE project_id = %s AND asked_by IS NOT NULL", project_id)
        == []
    )
    await starting.start_again(project_id, room.stranger)


async def _filled(room: Room) -> tuple[str, bytes]:
    """The file of a project with every kind of row, as it is exported."""
    await fill(room)
    return await export(room.project_id, room.owner)


def _data(number: int, change: Change) -> Change:
    """A change inside the data of the artifact with this number."""
    return lambda file: change_inside(file["artifacts"][number], "data", change)


def _of(kind: str, change: Change) -> Change:
    """A change inside the data of the first artifact of this type."""
    return lambda file: change_inside(
        file["artifacts"][index_of(file, "artifacts", type=kind)], "data", change
    )


def _context(type: str, change: Change) -> Change:
    """A change inside the execution context of the first transform of this type."""
    return lambda file: change_inside(
        file["transforms"][index_of(file, "transforms", type=type)], "execution_context", change
    )


def _row(table: str, change: Change, **wanted: Any) -> Change:
    """A change of the first row with these values."""
    return lambda file: change(file[table][index_of(file, table, **wanted)])


def _set(**values: Any) -> Change:
    """A change that sets these values."""
    return lambda row: row.update(values)


BRIEF, IDEAS, IDEA = "brainstorm_params", "brainstorm_ideas", "brainstorm_idea"
VERDICT, ORDER = "brainstorm_verdict", "brainstorm_order"
CHANGES: dict[str, tuple[Change, str, str]] = {
    "another format": (_set(format="other"), "unknown_kind", "format"),
    "an unknown key": (_set(unknown=1), "unknown_key", "unknown"),
    "an odd key": (_set(**{"<b>": 1}), "unknown_key", "?"),
    "a list that is none": (_set(artifacts={}), "wrong", "artifacts"),
    "a row twice": (
        lambda file: file["artifacts"].append(file["artifacts"][0]),
        "twice",
        "artifacts[{last}].id",
    ),
    "no artifacts": (_set(artifacts=[]), "leads_nowhere", "inputs[0].artifact_id"),
    "no name": (lambda file: file["project"].update(name=" "), "name", "project.name"),
    "a long name": (lambda file: file["project"].update(name="x" * 201), "too_long", "project.name"),
    "a long description": (
        lambda file: file["project"].update(description="x" * 2_001),
        "too_long",
        "project.description",
    ),
    "too many rows": (
        lambda file: file.update(inputs=file["inputs"][:1] * MOST_ROWS),
        "too_many_rows",
        "inputs",
    ),
    "too many runs": (
        lambda file: file.update(transforms=[{"type": "llm"}] * (MOST_RUNS + 1)),
        "too_many_rows",
        "transforms",
    ),
    "an unknown kind": (
        _row("artifacts", _set(type="brainstorm_x"), type=IDEAS),
        "unknown_kind",
        "{IDEAS}.type",
    ),
    "a text for a number": (
        _row("artifacts", _set(streaming_progress="5"), type=IDEAS),
        "wrong",
        "{IDEAS}.streaming_progress",
    ),
    "a year before": (
        _row("artifacts", _set(created_at="1969-12-31T00:00:00Z"), type=IDEAS),
        "moment",
        "{IDEAS}.created_at",
    ),
    "a year behind": (
        _row("artifacts", _set(created_at="2101-01-01T00:00:00Z"), type=IDEAS),
        "moment",
        "{IDEAS}.created_at",
    ),
    "a moment to come": (
        _row("artifacts", _set(created_at="2099-01-01T00:00:00Z"), type=IDEAS),
        "moment",
        "{IDEAS}.created_at",
    ),
    "a moment without a zone": (
        _row("artifacts", _set(created_at="2026-01-01T00:00:00"), type=IDEAS),
        "moment",
        "{IDEAS}.created_at",
    ),
    "a moment as a number": (
        _row("artifacts", _set(created_at=1_700_000_000), type=IDEAS),
        "moment",
        "{IDEAS}.created_at",
    ),
    "a run that goes on": (
        _row("transforms", _set(streaming_status="running")),
        "unknown_kind",
        "transforms[0].streaming_status",
    ),
    "no JSON inside": (
        _row("artifacts", _set(data="{"), type=IDEAS),
        "not_json",
        "{IDEAS}.data, line 1, column 2",
    ),
    "a list inside": (_row("artifacts", _set(data="[]"), type=IDEAS), "wrong", "{IDEAS}.data"),
    "a name twice inside": (
        _row("artifacts", _set(data='{"ideas": [{"title": "a", "title": "b", "body": ""}]}'), type=IDEAS),
        "twice",
        "{IDEAS}.data.ideas[0].title",
    ),
    "NUL inside": (
        _row("artifacts", _set(data='{"ideas": [{"title": "a", "body": "\\u0000"}]}'), type=IDEAS),
        "nul",
        "{IDEAS}.data.ideas[0].body",
    ),
    "half a character inside": (
        _row("artifacts", _set(data='{"ideas": [{"title": "\\ud800", "body": ""}]}'), type=IDEAS),
        "surrogate",
        "{IDEAS}.data.ideas[0].title",
    ),
    "NaN inside": (
        _row("transforms", _set(execution_context='{"seconds": NaN}')),
        "number",
        "transforms[0].execution_context.seconds",
    ),
    "depth inside": (
        _row("artifacts", _set(data='{"ideas": ' + "[" * 100_000), type=IDEAS),
        "too_deep",
        "{IDEAS}.data, line 1, column 26",
    ),
    "an idea of a wrong type": (
        _of(IDEAS, lambda value: value["ideas"][2].update(body=5)),
        "wrong",
        "{IDEAS}.data.ideas[2].body",
    ),
    "an idea with an unknown key": (
        _of(IDEAS, lambda value: value["ideas"][2].update(x=5)),
        "unknown_key",
        "{IDEAS}.data.ideas[2].x",
    ),
    "more ideas than were asked for": (
        _of(IDEAS, lambda value: value["ideas"].extend(value["ideas"])),
        "too_many",
        "{IDEAS}.data.ideas",
    ),
    "eleven ideas": (
        _of(IDEAS, lambda value: value["ideas"].extend(value["ideas"][:1] * 8)),
        "too_many",
        "{IDEAS}.data.ideas",
    ),
    "an endless idea": (
        _of(IDEAS, lambda value: value["ideas"][0].update(body="x" * 1_000_000)),
        "too_long",
        "{IDEAS}.data.ideas[0].body",
    ),
    "a long edit": (_of(IDEA, lambda value: value.update(body="x" * 20_001)), "too_long", "{IDEA}.data.body"),
    "a verdict nobody knows": (
        _of(VERDICT, lambda value: value.update(verdict="love")),
        "unknown_kind",
        "{VERDICT}.data.verdict",
    ),
    "a long name of a person": (
        _of(VERDICT, lambda value: value.update(name="x" * 81)),
        "too_long",
        "{VERDICT}.data.name",
    ),
    "a name that turns the reading around": (
        _of(VERDICT, lambda value: value.update(name="a\u202eb")),
        "name",
        "{VERDICT}.data.name",
    ),
    "a verdict on an idea that is not there": (
        _of(VERDICT, lambda value: value.update(artifactId="artifact-9999")),
        "leads_nowhere",
        "{VERDICT}.data.artifactId",
    ),
    "a verdict on another idea than its act": (
        _of(VERDICT, lambda value: value.update(index=2)),
        "contradiction",
        "{VERDICT}.data.index",
    ),
    "a verdict beyond the batch": (
        _row("inputs", _set(role="ideas[7]"), role="ideas[0]"),
        "leads_nowhere",
        "{input}.role",
    ),
    "a role nobody knows": (_row("inputs", _set(role="x"), role="ideas[0]"), "wrong_link", "{input}"),
    "an order of what is not there": (
        _of(ORDER, lambda value: value["order"].append("artifact-9999#0")),
        "contradiction",
        "{ORDER}.data.order",
    ),
    "a version of what is not there": (
        _of(IDEA, lambda value: value.update(base="artifact-9999")),
        "leads_nowhere",
        "{IDEA}.data.base",
    ),
    "a version of itself": (
        lambda file: change_inside(
            file["artifacts"][index_of(file, "artifacts", type=IDEA)],
            "data",
            _set(base=file["artifacts"][index_of(file, "artifacts", type=IDEA)]["id"]),
        ),
        "leads_nowhere",
        "{IDEA}.data.base",
    ),
    "another brief than the run's": (
        _of(BRIEF, lambda value: value.update(genre="别的")),
        "contradiction",
        "transforms[0].execution_context.params",
    ),
    "sources of a run without any": (
        lambda file: (
            _of(BRIEF, _set(sources=[{"ref": "artifact-1#0", "title": "", "body": ""}]))(file),
            _context(
                "llm",
                lambda value: value["params"].update(
                    sources=[{"ref": "artifact-1#0", "title": "", "body": ""}]
                ),
            )(file),
        ),
        "contradiction",
        "transforms[0].execution_context.params.sources",
    ),
    "an endless source": (
        _of(BRIEF, _set(sources=[{"ref": "artifact-1#0", "title": "", "body": "x" * 1_900_000}])),
        "too_long",
        "{BRIEF}.data.sources[0].body",
    ),
    "eleven wanted": (_of(BRIEF, _set(count=11)), "wrong", "{BRIEF}.data.count"),
    "a year in a context": (
        _context("llm", _set(timestamp="1200-01-01T00:00:00Z")),
        "moment",
        "transforms[0].execution_context.timestamp",
    ),
    "an unknown key of a context": (
        _context("llm", _set(x=1)),
        "unknown_key",
        "transforms[0].execution_context.x",
    ),
    "a failure without a message": (
        _row("transforms", _set(error_message=None), streaming_status="failed"),
        "contradiction",
        "{failed}.error_message",
    ),
    "states that contradict each other": (
        _row("transforms", _set(streaming_status="cancelled")),
        "contradiction",
        "{IDEAS}.streaming_status",
    ),
    "a run without its prompt": (
        lambda file: file["prompts"].pop(0),
        "contradiction",
        "transforms[0].retry_count",
    ),
    "a prompt too many": (
        lambda file: file["prompts"].append(file["prompts"][0] | {"prompt_role": "attempt-7"}),
        "contradiction",
        "prompts[{prompts}].prompt_role",
    ),
    "a prompt longer than any": (
        _row("prompts", _set(prompt_text="x" * (prompts.longest() + 1))),
        "too_long",
        "prompts[0].prompt_text",
    ),
    "an endless reply": (
        lambda file: file["transforms"][0]["llm"].update(raw_response="x" * 300_000),
        "too_long",
        "transforms[0].llm.raw_response",
    ),
    "a prompt of nothing": (
        _row("prompts", _set(transform_id="transform-9999")),
        "leads_nowhere",
        "prompts[0].transform_id",
    ),
    "ideas by two runs": (
        lambda file: file["outputs"].append(
            file["outputs"][1] | {"artifact_id": file["outputs"][0]["artifact_id"]}
        ),
        "wrong_link",
        "outputs[{outputs}]",
    ),
    "ideas by nobody": (lambda file: file["outputs"].pop(0), "wrong_link", "{IDEAS}"),
    "a link twice": (lambda file: file["inputs"].append(file["inputs"][0]), "twice", "inputs[{inputs}]"),
    "an act on nothing": (
        lambda file: file.update(inputs=[row for row in file["inputs"] if row["transform_id"] != _act(file)]),
        "wrong_link",
        "{act}",
    ),
    "a circle": (
        lambda file: file["inputs"].append(
            {"transform_id": file["transforms"][0]["id"], "artifact_id": _verdict(file), "role": "kept"}
        ),
        "wrong_link",
        "transforms[0]",
    ),
    "many automatic retries": (
        _row("transforms", _set(max_retries=11)),
        "wrong",
        "transforms[0].max_retries",
    ),
    "metadata": (_row("artifacts", _set(metadata="{}")), "wrong", "artifacts[0].metadata"),
}


def _act(file: dict[str, Any]) -> str:
    """The id of the first transform of a person."""
    return file["transforms"][index_of(file, "transforms", type="human")]["id"]


def _verdict(file: dict[str, Any]) -> str:
    """The id of the first verdict."""
    return file["artifacts"][index_of(file, "artifacts", type=VERDICT)]["id"]


def _place_values(file: dict[str, Any]) -> dict[str, Any]:
    """The values for the names in the expected places."""
    kinds = {"BRIEF": BRIEF, "IDEAS": IDEAS, "IDEA": IDEA, "VERDICT": VERDICT, "ORDER": ORDER}
    lengths = {table: len(file[table]) for table in ("inputs", "outputs", "prompts")}
    return {
        **{name: f"artifacts[{index_of(file, 'artifacts', type=kind)}]" for name, kind in kinds.items()},
        **lengths,
        "last": len(file["artifacts"]),
        "input": f"inputs[{index_of(file, 'inputs', role='ideas[0]')}]",
        "failed": f"transforms[{index_of(file, 'transforms', streaming_status='failed')}]",
        "act": f"transforms[{index_of(file, 'transforms', type='human')}]",
    }


async def test_a_tampered_file_is_refused_with_the_place(room: Room) -> None:
    """Each change alone, before anything is written."""
    file = await exported(room)
    import_reading.read(json.dumps(file).encode(), "project", "en")
    expected, found = {}, {}
    for name, (change, reason, place) in CHANGES.items():
        changed = copy.deepcopy(file)
        change(changed)
        expected[name] = (reason, place.format(**_place_values(file)))
        found[name] = refusal(json.dumps(changed).encode())

    assert found == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"{", "not_json"),
        (b"[]", "not_a_project"),
        (b"{}", "not_a_project"),
        (b"\xff\xfe", "not_utf8"),
        ('{"format": "scriptwriter-project"}'.encode("utf-16"), "not_utf8"),
        (b"\x1f\x8b\x08\x00\x00", "not_utf8"),
        (b"[" * 100_000, "too_deep"),
        (b'{"project": {"name": "\\ud800"}}', "surrogate"),
        (b'{"format": "scriptwriter-project", "project": {"name": "\\u0000"}}', "nul"),
        (b'{"a": NaN}', "number"),
        (b'{"a": 1e400}', "number"),
        (b'{"a": 1' + b"0" * 5_000 + b"}", "number"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[" + b"[]," * 3_000_000 + b"[]]", "too_many_values"),
    ],
)
def test_a_file_that_is_no_project_is_refused(content: bytes, reason: str) -> None:
    """Other files that people may pick by mistake, and malicious ones."""
    assert refusal(content)[0] == reason


def test_a_file_over_the_size_limit_is_refused_without_parsing() -> None:
    """Its size alone decides."""
    with pytest.raises(UserError) as refused:
        import_reading.read(b" " * (MOST_BYTES + 1), "project", "en")

    assert refused.value.code == "file_too_large"


async def test_a_reformatted_file_can_be_imported(room: Room) -> None:
    """A byte order mark, other line ends, other spaces, escapes, and keys of earlier versions."""
    file = await exported(room)

    def older(text: str) -> str:
        return text.replace('"startedBy\\"', '"userId\\": \\"user-1\\", \\"startedBy\\"')

    plain = json.dumps(file, ensure_ascii=False, indent=2)
    for content in (
        b"\xef\xbb\xbf" + plain.encode(),
        plain.replace("\n", "\r\n").encode(),
        json.dumps(file).encode(),
        older(json.dumps(file | {"exporter": "user-1"})).encode(),
    ):
        assert import_reading.read(content, "project", "en").name == "一个项目"


async def test_a_failed_import_writes_nothing(room: Room, connected: str) -> None:
    """It may fail while the file is read, or when the database refuses a row."""
    _, content = await _filled(room)
    before = counts(connected, room.project_id), rows(connected, "SELECT count(*) FROM projects")

    with pytest.raises(UserError):
        await import_project(content[:-200], room.owner)
    with pytest.raises(UserError):
        await import_project(content, "nobody")

    assert (counts(connected, room.project_id), rows(connected, "SELECT count(*) FROM projects")) == before


async def test_a_person_imports_one_file_at_a_time(room: Room, connected: str) -> None:
    """Of several at once each is imported or refused. Other people do not wait."""
    _, content = await _filled(room)

    answers = await asyncio.gather(
        *(import_project(content, room.owner) for _ in range(8)), return_exceptions=True
    )

    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    made = [answer for answer in answers if isinstance(answer, str)]
    assert made and refused
    assert {getattr(error, "code", repr(error)) for error in refused} == {"busy_with_yours"}
    assert {tuple(counts(connected, project_id).values()) for project_id in made} == {
        tuple(counts(connected, room.project_id).values())
    }


def _large(file: dict[str, Any]) -> bytes:
    """A file of nearly the maximum size, made by repeating one run with long ideas."""
    made = {table: [] for table in ("artifacts", "transforms", "inputs", "outputs", "prompts")}
    run = file["transforms"][0]
    brief, ideas = (
        file["artifacts"][index_of(file, "artifacts", id=file[side][0]["artifact_id"])]
        for side in ("inputs", "outputs")
    )
    data = {"ideas": [{"title": f"第{number}个", "body": "长" * 6_000} for number in range(3)]}
    ideas = ideas | {"data": json.dumps(data, ensure_ascii=False)}
    for number in range(1, 340):
        ids = {"transform_id": f"transform-{number}"}
        made["artifacts"] += [
            brief | {"id": f"artifact-{2 * number}"},
            ideas | {"id": f"artifact-{2 * number + 1}"},
        ]
        made["transforms"].append(run | {"id": ids["transform_id"]})
        made["inputs"].append(ids | {"artifact_id": f"artifact-{2 * number}", "role": "params"})
        made["outputs"].append(ids | {"artifact_id": f"artifact-{2 * number + 1}", "role": "ideas"})
        made["prompts"].append(file["prompts"][0] | ids)
    return json.dumps(file | made, ensure_ascii=False).encode()


async def test_the_largest_file_does_not_block_the_event_loop(room: Room, connected: str) -> None:
    """It is imported and exported while the loop is measured."""
    content = _large(await exported(room))
    assert MOST_BYTES * 0.9 < len(content) <= MOST_BYTES
    gaps: list[float] = []

    async def watch() -> None:
        # Thread time, since elapsed time also grows on a busy machine.
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.005)
            gaps.append(time.thread_time() - began)

    watching = asyncio.create_task(watch())
    project_id = await import_project(content, room.stranger)
    _, again = await export(project_id, room.stranger)
    watching.cancel()

    assert counts(connected, project_id)["artifacts"] == 678
    assert len(again) > MOST_BYTES * 0.9
    assert max(gaps) < 0.2


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "artifact-1",
            "artifact-1#0",
            "transform-1",
            "ideas[0]",
            "failed",
            "{}",
            "\x00",
            "2026-01-01T00:00:00Z",
        ]
    ),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3)
    ),
    max_leaves=5,
)
TEXTS_OF_JSON = ("data", "execution_context", "model_parameters", "token_usage")


def _parsed(value: Any, key: str = "") -> Any:
    """The file with its JSON texts parsed."""
    if isinstance(value, dict):
        return {name: _parsed(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_parsed(each) for each in value]
    return ("json", json.loads(value)) if key in TEXTS_OF_JSON and value else value


def _serialised(value: Any) -> Any:
    """The reverse of `_parsed`."""
    if isinstance(value, dict):
        return {name: _serialised(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_serialised(each) for each in value]
    return json.dumps(value[1]) if isinstance(value, tuple) else value


def _paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value."""
    if isinstance(value, tuple):
        return [path, *_paths_in(value[1], (*path, "json"))]
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, each in steps for place in _paths_in(each, (*path, step)))]


def _changed(value: Any, path: tuple[Any, ...], how: str, new: Any) -> Any:
    """A copy whose value at `path` is replaced, removed or duplicated."""
    if not path:
        return new
    step, *rest = path
    if isinstance(value, tuple):
        return ("json", _changed(value[1], tuple(rest), how, new))
    made: Any = copy.copy(value)
    if rest or how == "new":
        made[step] = _changed(value[step], tuple(rest), how, new)
    elif how == "gone":
        del made[step]
    elif isinstance(made, list):
        made.insert(0, made[step])
    else:
        made[f"{step}2"] = made[step]
    return made


async def test_a_randomly_changed_file_is_refused_or_harmless(room: Room, connected: str) -> None:
    """After an import every page, start and export still works."""
    opened = _parsed(await exported(room))
    paths = _paths_in(opened)[1:]
    taken: dict[bytes, None] = {}

    @settings(max_examples=250, suppress_health_check=list(HealthCheck))  # pyright: ignore[reportArgumentType]
    @given(st.sampled_from(paths), st.sampled_from(["new", "new", "gone", "twice"]), JSON_VALUES)
    def change(place: tuple[Any, ...], how: str, new: Any) -> None:
        content = json.dumps(_serialised(_changed(opened, place, how, new))).encode()
        try:
            import_reading.read(content, "project", "en")
        except UserError:
            return
        taken[content] = None

    change()
    async with transaction() as session:
        session.add(User(id="other", username="other"))
    with unlimited():
        for content in [*taken][:: len(taken) // 6 + 1]:
            await _import_and_use(connected, content, room)


async def _import_and_use(url: str, content: bytes, room: Room) -> None:
    """Import the file, and do and read all that people can."""
    project_id = await import_project(content, room.stranger)
    async with transaction() as session:
        session.add(Membership(project_id=project_id, user_id="other", role="viewer"))
    assert project_id in {row.id for row in await catalog.mine("other", "a")} | {
        row.id for row in await catalog.mine("other")
    }
    flow = await read_flow(project_id, "other")
    for selection in ("keepers", "all"):
        document = await reading_document(project_id, "other", selection)
        assert plain(document) is not None
    owner = room.stranger
    for batch in flow.batches:
        await provenance.of_run(project_id, batch.transform_id, "other")
        if batch.status != "completed":
            with suppress(UserError):
                await retrying.retry(project_id, batch.transform_id, owner)
                await ending.stop(project_id, batch.transform_id, owner)
        for place, notes in [*batch.notes.items()][:1]:
            ref = IdeaRef(batch.artifact_id or "", place)
            await edits.edit(project_id, ref, "新题目", "新正文", notes.newest.id, owner)
            await ending.stop(project_id, await starting.like(project_id, ref, 1, owner), owner)
    with suppress(UserError):
        await ending.stop(project_id, await starting.start_again(project_id, owner), owner)
    _, again = await export(project_id, "other")
    copied = await import_project(again, "other")
    assert counts(url, copied) == counts(url, project_id)
    await catalog.delete(project_id, room.stranger)
    rows(url, "DELETE FROM projects WHERE id = %s RETURNING id", copied)
