"""Edits of ideas: nothing is overwritten, and a worker goes on writing the batch at the same time."""

import asyncio
import json
from typing import Any

import psycopg
import pytest

from scriptwriter.domain.errors import EditedMeanwhile, UserError
from scriptwriter.domain.graph import Reply
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits
from scriptwriter.services.runs import attempts, ending
from tests.support.batches import GROWING, ONE, THREE, TWO, growing, written
from tests.support.rooms import Room
from tests.support.rows import artifact_of, rows
from tests.support.waiting import LIMIT, eventually


def versions(url: str) -> list[dict[str, Any]]:
    """All saved versions, the oldest first, each with its `id`."""
    found = rows(url, "SELECT id, data FROM artifacts WHERE type = 'brainstorm_idea' ORDER BY created_at")
    return [json.loads(row["data"]) | {"id": row["id"]} for row in found]


def inputs(url: str, version: str) -> list[tuple[str, str]]:
    """The inputs of the transform that made a version: artifact id and role."""
    query = (
        "SELECT i.artifact_id, i.input_role FROM transform_inputs i "
        "JOIN transform_outputs o USING (transform_id) WHERE o.artifact_id = %s ORDER BY i.input_role"
    )
    return [(row["artifact_id"], row["input_role"]) for row in rows(url, query, version)]


async def test_an_edit_makes_a_version_and_keeps_the_original(connected: str, room: Room) -> None:
    """Its inputs are the idea and, where one was edited, the earlier version."""
    [_, two, *_] = await written(room)

    first = await edits.edit(room.project_id, two, " 逆袭\n之夜 ", "正文。\n\n第二段。 ", "", room.owner)
    second = await edits.edit(room.project_id, two, "翻盘", "正文。", first, room.collaborator)

    common = {"artifactId": two.artifact_id, "index": 1}
    assert versions(connected) == [
        common | {"title": "逆袭 之夜", "body": "正文。\n\n第二段。", "base": "", "id": first},
        common | {"title": "翻盘", "body": "正文。", "base": first, "id": second},
    ]
    assert inputs(connected, first) == [(two.artifact_id, "ideas[1]")]
    assert inputs(connected, second) == [(two.artifact_id, "ideas[1]"), (first, "version")]
    assert artifact_of(connected)["ideas"][1] == TWO.model_dump()


async def test_a_save_based_on_an_older_version_is_refused_with_the_newer_one(
    connected: str, room: Room
) -> None:
    """Nothing is written. Saved again, based on the newer version, it succeeds."""
    [one, *_] = await written(room)
    theirs = await edits.edit(room.project_id, one, "她的题", "她的正文。", "", room.collaborator)

    with pytest.raises(EditedMeanwhile) as conflict:
        await edits.edit(room.project_id, one, "我的题", "我的正文。", "", room.owner)

    newer = conflict.value
    assert (newer.code, newer.params) == ("edited_meanwhile", {"name": "Collaborator"})
    assert (newer.version, newer.title, newer.body) == (theirs, "她的题", "她的正文。")
    assert newer.text("zh").startswith("Collaborator 刚刚保存了")
    assert [each["title"] for each in versions(connected)] == ["她的题"]
    mine = await edits.edit(room.project_id, one, "我的题", "我的正文。", newer.version, room.owner)
    assert [each["id"] for each in versions(connected)] == [theirs, mine]


async def test_of_two_concurrent_saves_one_succeeds(connected: str, room: Room) -> None:
    """The other raises `EditedMeanwhile`. A save of another idea is not affected."""
    [one, two, *_] = await written(room)
    saves = [
        edits.edit(room.project_id, one, "甲", "甲的正文。", "", room.owner),
        edits.edit(room.project_id, one, "乙", "乙的正文。", "", room.collaborator),
        edits.edit(room.project_id, two, "丙", "丙的正文。", "", room.collaborator),
    ]

    outcomes = await asyncio.gather(*saves, return_exceptions=True)

    [refused] = [each for each in outcomes[:2] if isinstance(each, EditedMeanwhile)]
    assert refused.title in ("甲", "乙")
    assert sorted(each["title"] for each in versions(connected)) == sorted([refused.title, "丙"])


async def test_saving_the_same_text_again_writes_nothing(connected: str, room: Room) -> None:
    """It makes no difference whether the same person or a colleague saves it."""
    [one, *_] = await written(room)
    texts = [("新题", "新的正文。", room.owner), ("新题 ", "新的正文。\n", room.collaborator)]

    saved = await asyncio.gather(
        *(edits.edit(room.project_id, one, title, body, "", who) for title, body, who in texts * 2)
    )

    assert {*saved} == {versions(connected)[0]["id"]}
    assert len(versions(connected)) == 1
    assert (
        await edits.edit(room.project_id, (await written(room))[0], ONE.title, ONE.body, "", room.owner) == ""
    )


async def test_the_original_and_each_version_can_be_restored(connected: str, room: Room) -> None:
    """Restoring makes a new version that equals the older one, so an undo can be undone."""
    [one, *_] = await written(room)
    first = await edits.edit(room.project_id, one, "甲", "甲的正文。", "", room.owner)

    undone = await edits.restore(room.project_id, one, "", first, room.collaborator)
    redone = await edits.restore(room.project_id, one, first, undone, room.owner)
    again = await edits.restore(room.project_id, one, redone, redone, room.owner)

    assert again == redone
    assert [(each["id"], each["title"], each["base"]) for each in versions(connected)] == [
        (first, "甲", ""),
        (undone, ONE.title, first),
        (redone, "甲", undone),
    ]
    assert inputs(connected, undone) == [(one.artifact_id, "ideas[0]")]
    assert inputs(connected, redone) == [(one.artifact_id, "ideas[0]"), (first, "version")]


async def test_an_undo_is_refused_after_a_colleagues_edit(connected: str, room: Room) -> None:
    """The refusal names the colleague, and nothing is written."""
    [one, *_] = await written(room)
    mine = await edits.edit(room.project_id, one, "甲", "甲的正文。", "", room.owner)
    await edits.edit(room.project_id, one, "乙", "乙的正文。", mine, room.collaborator)

    with pytest.raises(UserError) as refusal:
        await edits.restore(room.project_id, one, "", mine, room.owner)

    assert (refusal.value.code, refusal.value.params) == ("changed_meanwhile", {"name": "Collaborator"})
    assert [each["title"] for each in versions(connected)] == ["甲", "乙"]


async def test_a_version_of_another_idea_is_refused(connected: str, room: Room) -> None:
    """An edit cannot be based on it, and it cannot be restored."""
    [one, two, *_] = await written(room)
    foreign = await edits.edit(room.project_id, two, "甲", "甲的正文。", "", room.owner)

    for version in (foreign, "nothing", one.artifact_id):
        with pytest.raises(UserError, match="version_not_found"):
            await edits.edit(room.project_id, one, "乙", "乙的正文。", version, room.owner)
        with pytest.raises(UserError, match="version_not_found"):
            await edits.restore(room.project_id, one, version, "", room.owner)

    assert len(versions(connected)) == 1


async def test_a_clock_that_goes_back_does_not_reorder_versions(connected: str, room: Room) -> None:
    """The timestamp of a new version is later than that of its predecessor."""
    [one, *_] = await written(room)
    first = await edits.edit(room.project_id, one, "甲", "甲的正文。", "", room.owner)
    with psycopg.connect(connected, autocommit=True) as connection:
        connection.execute("UPDATE artifacts SET created_at = now() + '1 hour' WHERE id = %s", [first])

    second = await edits.edit(room.project_id, one, "乙", "乙的正文。", first, room.owner)

    assert [each["id"] for each in versions(connected)] == [first, second]


async def test_edits_and_drafts_do_not_wait_for_each_other(connected: str, room: Room) -> None:
    """An edit of a finished idea takes no lock on the row that the worker updates, nor the reverse."""
    attempt = await growing(room)
    ref = IdeaRef(attempt.artifact_id, 0)
    with psycopg.connect(connected) as worker:
        worker.execute("UPDATE artifacts SET streaming_progress = 41 WHERE id = %s", [attempt.artifact_id])
        async with asyncio.timeout(LIMIT):
            first = await edits.edit(room.project_id, ref, "甲", "甲的正文。", "", room.owner)

    with psycopg.connect(connected) as writer:
        writer.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [0x5C21B, str(ref)])
        writer.execute(
            "INSERT INTO transform_inputs (project_id, transform_id, artifact_id, input_role) "
            "VALUES (%s, %s, %s, 'ideas[0]')",
            [room.project_id, attempt.transform_id, attempt.artifact_id],
        )
        held = asyncio.create_task(edits.edit(room.project_id, ref, "乙", "乙的正文。", first, room.owner))
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        await eventually(lambda: rows(connected, waiting))
        async with asyncio.timeout(LIMIT):
            await attempts.save_draft(attempt, [ONE, TWO, THREE, GROWING])
        assert not held.done()
        writer.rollback()
        second = await held
    await ending.finish(attempt, [ONE, TWO, THREE], Reply("a-model"))

    assert [each["id"] for each in versions(connected)] == [first, second]
    assert [idea["title"] for idea in artifact_of(connected)["ideas"]] == [ONE.title, TWO.title, THREE.title]
