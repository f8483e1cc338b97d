"""A project that contains every kind of artifact, run, human act and outcome."""

from collections.abc import Sequence

from scriptwriter.domain.errors import GenerationError
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits, keepers, verdicts
from scriptwriter.services.runs import attempts, ending, retrying, starting
from scriptwriter.worker.model_faults import fault
from tests.support.rooms import BRIEF, Room

ONE, TWO, THREE = (
    Idea("开锁匠", "入赘五年的锁匠。"),
    Idea("地下三层", "保洁员何满。"),
    Idea("artifact-1", "user-1"),
)
REPLY = Reply("test-model", {"stream": True}, '{"ideas": []}', {"total_tokens": 7})


async def written(transform_id: str, ideas: Sequence[Idea], error: GenerationError | None = None) -> str:
    """End a worker's attempt with these ideas; returns the id of the artifact."""
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    if error is None:
        await ending.finish(attempt, ideas, REPLY)
    else:
        await ending.fail(attempt, ideas, REPLY, error)
    return attempt.artifact_id


async def fill(room: Room) -> str:
    """Create everything in one project; returns the id of the first ideas artifact."""
    project, owner, colleague = room.project_id, room.owner, room.collaborator
    first = await written(await starting.start(project, BRIEF, owner), [ONE, TWO, THREE])
    refs = [IdeaRef(first, place) for place in range(3)]
    version = await edits.edit(project, refs[0], "改过的题目", "改过的正文。\r\n第二段", "", colleague)
    original = await edits.restore(project, refs[0], "", version, owner)
    await edits.restore(project, refs[0], version, original, colleague)
    for ref in refs[:2]:
        await verdicts.pick(project, ref, "keep", owner)
    await verdicts.pick(project, refs[1], "pass", colleague, "formulaic")
    await verdicts.pick(project, refs[2], "pass", colleague, '说不清 "的" <b>')
    await verdicts.pick(project, refs[2], "none", colleague)
    await keepers.move(project, refs[1], refs[0], owner)
    await keepers.move(project, refs[1], None, colleague)
    await written(
        await starting.like(project, refs[0], 2, owner), [Idea("像一", "甲。"), Idea("像二", "乙。")]
    )
    await written(await starting.merge(project, refs[:2], colleague), [Idea("合一", "丙。")])
    await written(await starting.retitle(project, refs[1], owner), [Idea("新标题", "理由")])
    await written(await starting.retitle(project, refs[2], owner), [], fault("reply_unreadable"))
    steered = await starting.start_again(project, colleague)
    await written(steered, [Idea("戊", "一。")], fault("reply_cut", finished=1))
    await retrying.retry(project, steered, owner)
    await written(steered, [Idea("戊", "一。"), Idea("己", "二。")], fault("reply_cut", finished=2))
    await retrying.retry(project, steered, owner, skip=2)
    attempt = await attempts.begin(steered)
    assert attempt is not None
    await ending.finish(attempt, attempt.ideas, None)
    stopped = await starting.start(project, BRIEF, owner)
    attempt = await attempts.begin(stopped)
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE, Idea("停", "在这", "writing")])
    await ending.stop(project, stopped, colleague)
    growing = await attempts.begin(await starting.start(project, BRIEF, colleague))
    assert growing is not None
    await attempts.save_draft(growing, [Idea("长", "成。"), Idea("地下", "保", "writing")])
    return first
