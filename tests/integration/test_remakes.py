"""Runs that start from existing ideas: more like one, a merge of several, another title."""

import json

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits
from scriptwriter.services.runs import starting
from scriptwriter.worker.run import run
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.rooms import BRIEF, Room
from tests.support.rows import rows


async def _two_ideas(server: ModelServer, room: Room, url: str) -> tuple[IdeaRef, IdeaRef]:
    """Two ideas of a completed run."""
    server.answers(spoken(ideas_text([1, 2, 3])))
    await run(await starting.start(room.project_id, BRIEF, room.owner))
    [artifact] = rows(url, "SELECT id FROM artifacts WHERE type = 'brainstorm_ideas'")
    return IdeaRef(artifact["id"], 0), IdeaRef(artifact["id"], 1)


def _inputs(url: str, transform_id: str) -> list[tuple[str, str]]:
    """The inputs of a run except for its brief: artifact id and role."""
    found = rows(
        url, "SELECT artifact_id, input_role FROM transform_inputs WHERE transform_id = %s", transform_id
    )
    return sorted((row["artifact_id"], row["input_role"]) for row in found if row["input_role"] != "params")


async def test_more_like_one_links_the_version_that_it_was_made_from(
    server: ModelServer, room: Room, connected: str
) -> None:
    """The prompt has the newest text of the idea."""
    first, _ = await _two_ideas(server, room, connected)
    version = await edits.edit(room.project_id, first, "新的题目", "改过的正文。", "", room.collaborator)
    server.answers(spoken(ideas_text([4, 5])))

    transform_id = await starting.like(room.project_id, first, 2, room.owner)
    await run(transform_id)

    prompt = server.exchanges[-1].prompt
    assert (
        "新的题目" in prompt and "改过的正文。" in prompt and "另起炉灶" in prompt and "写出 2 个" in prompt
    )
    assert _inputs(connected, transform_id) == sorted([(first.artifact_id, "ideas[0]"), (version, "version")])


async def test_a_merge_makes_one_idea_whose_lineage_has_both(
    server: ModelServer, room: Room, connected: str
) -> None:
    """The merge is a run of its own."""
    first, second = await _two_ideas(server, room, connected)
    server.answers(spoken(ideas_text([9])))

    transform_id = await starting.merge(room.project_id, [first, second, first], room.collaborator)
    await run(transform_id)

    prompt = server.exchanges[-1].prompt
    assert "故事1号" in prompt and "故事2号" in prompt and "各取所长" in prompt
    both = [(first.artifact_id, "ideas[0]"), (second.artifact_id, "ideas[1]")]
    assert _inputs(connected, transform_id) == both
    query = "SELECT data FROM artifacts WHERE type = 'brainstorm_ideas' AND id <> %s"
    [made] = rows(connected, query, first.artifact_id)
    assert len(json.loads(made["data"])["ideas"]) == 1


async def test_another_title_makes_a_version_with_the_newest_body(
    server: ModelServer, room: Room, connected: str
) -> None:
    """An edit made in the meantime is kept. Only the title comes from the model."""
    first, _ = await _two_ideas(server, room, connected)
    server.answers(spoken('{"ideas": [{"title": "锁王归来", "body": "更有悬念。"}]}'))
    transform_id = await starting.retitle(room.project_id, first, room.owner)
    mine = await edits.edit(room.project_id, first, "我的题目", "我改的正文。", "", room.collaborator)

    await run(transform_id)

    query = "SELECT data FROM artifacts WHERE type = 'brainstorm_idea' ORDER BY created_at"
    versions = rows(connected, query)
    versions_data = [json.loads(row["data"]) for row in versions]
    assert [each["title"] for each in versions_data] == ["我的题目", "锁王归来"]
    assert [each["body"] for each in versions_data] == ["我改的正文。"] * 2
    assert (versions_data[1]["base"], versions_data[1]["artifactId"], versions_data[1]["index"]) == (
        mine,
        first.artifact_id,
        0,
    )
    assert "写出" not in server.exchanges[-1].prompt and "新标题" in server.exchanges[-1].prompt


async def test_a_failed_title_changes_nothing(server: ModelServer, room: Room, connected: str) -> None:
    """It can be asked for again."""
    first, _ = await _two_ideas(server, room, connected)
    server.answers(spoken("无法回答"), spoken('{"ideas": [{"title": "锁王归来", "body": "更有悬念。"}]}'))

    await run(await starting.retitle(room.project_id, first, room.owner))

    completed = "SELECT id FROM artifacts WHERE type = 'brainstorm_idea' AND streaming_status = 'completed'"
    assert rows(connected, completed) == []
    await run(await starting.retitle(room.project_id, first, room.owner))
    assert len(rows(connected, completed)) == 1


async def test_start_again_after_a_merge_uses_the_original_brief(
    server: ModelServer, room: Room, connected: str
) -> None:
    """再来一批 asks for new ideas, not for another merge."""
    first, second = await _two_ideas(server, room, connected)
    server.answers(spoken(ideas_text([9])), spoken(ideas_text([5, 6, 7])))
    await run(await starting.merge(room.project_id, [first, second], room.owner))

    await run(await starting.start_again(room.project_id, room.owner))

    prompt = server.exchanges[-1].prompt
    assert "各取所长" not in prompt and "写出 3 个" in prompt


@pytest.mark.parametrize("person", ["viewer", "stranger"])
async def test_viewers_and_strangers_cannot_start_remakes(
    server: ModelServer, room: Room, connected: str, person: str
) -> None:
    """The rules are those of any other start."""
    first, second = await _two_ideas(server, room, connected)
    code = "not_allowed" if person == "viewer" else "project_not_found"

    for start in (
        starting.like(room.project_id, first, 1, person),
        starting.merge(room.project_id, [first, second], person),
        starting.retitle(room.project_id, first, person),
    ):
        with pytest.raises(UserError) as refused:
            await start
        assert refused.value.code == code


async def test_invalid_remakes_are_refused(server: ModelServer, room: Room, connected: str) -> None:
    """Each refusal has its own error code."""
    first, _ = await _two_ideas(server, room, connected)
    codes = []
    for start in (
        starting.merge(room.project_id, [first, first], room.owner),
        starting.like(room.project_id, first, 11, room.owner),
        starting.retitle(room.project_id, IdeaRef(first.artifact_id, 9), room.owner),
        starting.start(room.project_id, Brief("抖音", "爽文", model="none-such"), room.owner),
    ):
        with pytest.raises(UserError) as refused:
            await start
        codes.append(refused.value.code)

    assert codes == ["merge_needs_two", "count_out_of_range", "idea_not_found", "model_not_offered"]
