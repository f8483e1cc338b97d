"""Everything that was asked and answered for a run can be read by its members, and by nobody else."""

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.services.runs import attempts, ending, provenance, retrying, starting
from scriptwriter.worker.model_faults import fault
from tests.support.rooms import BRIEF, Room

ONE = Idea("开锁匠", "入赘五年的锁匠。")


async def _told_in_two_attempts(room: Room) -> str:
    reply = Reply("test-model", {"stream": True}, "raw", {"prompt_tokens": 3, "total_tokens": 7})
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await ending.fail(attempt, [ONE], reply, fault("reply_cut", finished=1))
    await retrying.retry(room.project_id, attempt.transform_id, room.owner)
    attempt = await attempts.begin(attempt.transform_id)
    assert attempt is not None
    await ending.finish(attempt, [ONE, Idea("二", "二。"), Idea("三", "三。")], reply)
    return attempt.transform_id


async def test_a_run_tells_its_prompts_replies_model_tokens_and_attempts(room: Room) -> None:
    """The prompt of each attempt as it was sent, the first one first."""
    transform_id = await _told_in_two_attempts(room)

    told = await provenance.of_run(room.project_id, transform_id, room.viewer)

    assert (told.model, told.parameters, told.attempts) == ("test-model", {"stream": True}, 2)
    assert told.usage == {"prompt_tokens": 6, "total_tokens": 14}
    assert ["写出 3 个" in told.prompts[0], "写出 2 个" in told.prompts[1]] == [True, True]
    assert told.reply.count("raw") == 2 and "attempt 1" in told.reply
    assert (told.started_by, told.seconds is not None) == ("Owner", True)


async def test_a_run_that_waits_has_a_prompt_and_no_answer_yet(room: Room) -> None:
    """Nothing is made up."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)

    told = await provenance.of_run(room.project_id, transform_id, room.owner)

    assert (len(told.prompts), told.reply, told.usage, told.seconds) == (1, "", {}, None)


async def test_who_is_not_a_member_reads_nothing_of_a_run(room: Room) -> None:
    """Nor does somebody who names another project's run."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)

    with pytest.raises(UserError) as stranger:
        await provenance.of_run(room.project_id, transform_id, room.stranger)
    with pytest.raises(UserError) as elsewhere:
        await provenance.of_run(room.project_id, "another", room.owner)

    assert (stranger.value.code, elsewhere.value.code) == ("project_not_found", "run_not_found")
