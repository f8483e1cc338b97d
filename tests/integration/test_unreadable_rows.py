"""A row whose JSON cannot be read is shown as unreadable, and nothing else fails because of it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.exports.idea_selection import read as read_document
from scriptwriter.exports.plain_text import markdown, plain
from scriptwriter.exports.word import word
from scriptwriter.services.ideas import edits, verdicts
from scriptwriter.services.projects import catalog
from scriptwriter.services.runs import ending, provenance, retrying, starting
from scriptwriter.services.runs.takeover import FailureDetector, take_over
from scriptwriter.services.transfer.storage import export
from scriptwriter.sync.flow_snapshot import read_flow
from scriptwriter.sync.lineage_join import folded, lineage
from scriptwriter.sync.project_flow import ProjectFlow
from scriptwriter.web.lineage.lineage_steps import edges_of, openings_of, steps_of
from scriptwriter.worker.run import run
from tests.support.batches import ONE, written
from tests.support.budgets import unlimited
from tests.support.projects import fill
from tests.support.queue import execute
from tests.support.rooms import BRIEF, Room
from tests.support.rows import rows

TEXTS = [
    ("artifacts", "data"),
    ("transforms", "execution_context"),
    ("llm_transforms", "model_parameters"),
    ("llm_transforms", "token_usage"),
]
GARBAGE = {
    "nothing": "",
    "no JSON": "not JSON",
    "another type": "[1, null]",
    "a key of another version": '{"newer": true}',
    "wrong types": '{"asked": {}, "params": 7, "ideas": {}, "order": [3], "index": "x", "seconds": "x"}',
    "NUL": '{"ideas": [{"title": "a\\u0000", "body": ""}]}',
    "half of a pair": '{"ideas": [{"title": "\\ud800", "body": ""}]}',
    "an infinite number": '{"ideas": [{"title": "a", "body": ""}], "n": 1e400}',
    "many digits": "9" * 5000,
    "nested deeply": "[" * 3000 + "]" * 3000,
    "a year": '{"params": {"platform": "a", "genre": "b"}, "timestamp": "0001-01-01T00:00:00Z"}',
}
PARTIAL = [
    "{}",
    "[]",
    '"x"',
    "7",
    '{"ideas": [7]}',
    '{"ideas": [{"title": 1e400, "body": {}}]}',
    "9" * 5000,
    "[" * 1500 + "]" * 1500,
    '{"ideas": [{"title": "a", "body": "b", "status": "lost"}]}',
]


@pytest.fixture(autouse=True)
def many_starts() -> Iterator[None]:
    """No limit of starts per person."""
    with unlimited():
        yield


async def use_everything(url: str, room: Room, other: str) -> ProjectFlow:
    """Do and read all that people can in a project, and start a run in another one.

    The flow of the project.
    """
    for person in (room.owner, room.collaborator, room.viewer):
        assert {row.id for row in await catalog.mine(person)} >= {room.project_id}
        await catalog.mine(person, "锁")
    flow = await read_flow(room.project_id, room.viewer)
    tables = ("artifacts", "transforms", "transform_inputs", "transform_outputs")
    shown = folded(
        lineage(
            *(rows(url, f"SELECT * FROM {name} WHERE project_id = %s", room.project_id) for name in tables)
        )
    )
    assert steps_of(shown, room.project_id) and edges_of(shown) and openings_of(shown)
    for selection in ("keepers", "all"):
        await read_document(room.project_id, room.viewer, selection)
    await export(room.project_id, room.viewer)
    for batch in flow.batches:
        await provenance.of_run(room.project_id, batch.transform_id, room.viewer)
        with suppress(UserError):
            await retrying.retry(room.project_id, batch.transform_id, room.owner)
        await ending.stop(room.project_id, batch.transform_id, room.owner)
    for ref in [IdeaRef(batch.artifact_id, 0) for batch in flow.batches if batch.artifact_id]:
        with suppress(UserError):
            await verdicts.pick(room.project_id, ref, "keep", room.owner)
            await edits.edit(room.project_id, ref, "题", "文", "", room.owner)
            await starting.retitle(room.project_id, ref, room.owner)
    with suppress(UserError):
        await starting.start_again(room.project_id, room.owner)
    assert await ending.stop(other, await starting.start(other, BRIEF, room.owner), room.owner)
    return flow


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
async def test_unreadable_rows_disturb_nothing_else(connected: str, room: Room, garbage: str) -> None:
    """Its own pages say what cannot be read, and its members' other projects work."""
    await fill(room)
    other = await catalog.create(room.owner, "另一个项目")
    for table, column in TEXTS:
        execute(
            connected, f"UPDATE {table} SET {column} = %s WHERE project_id = %s", garbage, room.project_id
        )

    flow = await use_everything(connected, room, other)

    assert {batch.error_code for batch in flow.batches} == {"run_unreadable"}
    # The draft of the active run is in another column, which can be read.
    assert [len(batch.notes) for batch in flow.batches if batch.notes] == [1]


async def test_random_texts_in_json_columns_disturb_nothing_else(connected: str, room: Room) -> None:
    """Each row gets another text, JSON or not."""
    found: dict[str, None] = {}
    keys = st.sampled_from(["ideas", "title", "body", "params", "order", "index", "verdict", "waiting", "x"])
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda each: st.lists(each, max_size=3) | st.dictionaries(keys, each, max_size=4),
    )

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))  # pyright: ignore[reportArgumentType]
    @given(values.map(json.dumps) | st.text(max_size=9))
    def collect(text: str) -> None:
        found[text.replace("\x00", "").encode("utf-8", "ignore").decode()] = None

    collect()
    await fill(room)
    other = await catalog.create(room.owner, "另一个项目")
    texts = [*found]
    for table, column in TEXTS:
        key = "id" if table in ("artifacts", "transforms") else "transform_id"
        for row in rows(
            connected, f"SELECT {key} AS key FROM {table} WHERE project_id = %s", room.project_id
        ):
            text = texts.pop() if texts else ""
            execute(connected, f"UPDATE {table} SET {column} = %s WHERE {key} = %s", text, row["key"])

    await use_everything(connected, room, other)


@pytest.mark.parametrize("draft", PARTIAL, ids=range(len(PARTIAL)))
async def test_an_unreadable_draft_fails_its_run_and_stays(connected: str, room: Room, draft: str) -> None:
    """The run ends with one sentence as its error, and the row keeps its data."""
    await written(room)
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    execute(connected, "UPDATE artifacts SET partial_data = %s WHERE streaming_status = 'streaming'", draft)
    other = await catalog.create(room.owner, "另一个项目")

    flow = await read_flow(room.project_id, room.viewer)
    await run(transform_id)

    assert [batch.error_code for batch in flow.batches] == ["run_unreadable", None]
    assert len(flow.batches[1].notes) == 3
    [row] = rows(connected, "SELECT * FROM transforms WHERE id = %s", transform_id)
    assert row["streaming_status"] == "failed" and "无法读取" in row["error_message"]
    [artifact] = rows(connected, "SELECT data FROM artifacts WHERE streaming_status = 'failed'")
    assert artifact["data"] not in ("", "{}", '{"ideas":[]}') or draft == "{}"
    await use_everything(connected, room, other)


async def test_an_unreadable_running_run_is_taken_over_and_failed(connected: str, room: Room) -> None:
    """Other runs are taken over as well."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    other = await catalog.create(room.owner, "另一个项目")
    second = await starting.start(other, BRIEF, room.owner)
    execute(connected, "DELETE FROM procrastinate_jobs")
    execute(
        connected,
        "UPDATE transforms SET status = 'running', streaming_status = 'running', "
        """execution_context = '{"process": {}}' WHERE id = %s""",
        transform_id,
    )

    adopted = await take_over(FailureDetector(stalled=0), ended={})
    await run(transform_id)

    assert {*adopted} == {transform_id, second}
    [row] = rows(connected, "SELECT * FROM transforms WHERE id = %s", transform_id)
    assert (row["streaming_status"], row["execution_context"]) == ("failed", '{"process": {}}')


async def test_a_readable_batch_beside_an_unreadable_one_works(connected: str, room: Room) -> None:
    """Only the ideas of the unreadable batch are not found."""
    [first, *_] = await written(room, ONE)
    [second, *_] = await written(room, ONE)
    execute(connected, "UPDATE artifacts SET data = '{' WHERE id = %s", first.artifact_id)
    await verdicts.pick(room.project_id, second, "keep", room.owner)

    flow = await read_flow(room.project_id, room.viewer)

    assert [batch.error_code for batch in flow.batches] == [None, "run_unreadable"]
    assert flow.keepers == (second,)
    with pytest.raises(UserError, match="idea_not_found"):
        await verdicts.pick(room.project_id, first, "keep", room.owner)


async def test_an_export_says_how_many_batches_could_not_be_read(connected: str, room: Room) -> None:
    """Each format for people says so in the reader's language."""
    [first, *_] = await written(room, ONE)
    await written(room, ONE)
    whole = await read_document(room.project_id, room.viewer, "all")
    execute(connected, "UPDATE artifacts SET data = '{' WHERE id = %s", first.artifact_id)

    zh = await read_document(room.project_id, room.viewer, "all")
    en = await read_document(room.project_id, room.viewer, "keepers", language="en")

    assert whole.left_out == ""
    for form in (plain, markdown):
        assert "有 1 批创意无法读取，没有导出" in form(zh)
        assert "Batches that could not be read and were left out: 1" in form(en)
    paragraphs = [each.text for each in docx.Document(BytesIO(word(zh))).paragraphs]
    assert "有 1 批创意无法读取，没有导出" in paragraphs
