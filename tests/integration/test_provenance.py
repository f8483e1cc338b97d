"""The provenance of a run: prompts, replies, model and tokens, for members of its project only."""

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.services.runs import attempts, ending, provenance, retrying, starting
from scriptwriter.worker.model_faults import fault
from tests.support.rooms import BRIEF, Room

ONE = Idea("开锁匠", "入赘五年的锁匠。")


async def _run_with_two_attempts(room: Room) -> str:
    """The id of a run that failed once, and was completed after a retry."""
    reply = Reply("test-model", {"stream": True}, "raw", {"prompt_tokens": 3, "total_tokens": 7})
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await ending.fail(attempt, [ONE], reply, fault("reply_cut", finished=1))
    await retrying.retry(room.project_id, attempt.transform_id, room.owner)
    attempt = await attempts.begin(attempt.transform_id)
    assert attempt is not None
    await ending.finish(attempt, [ONE, Idea("二", "二。"), Idea("三", "三。")], reply)
    return attempt.transform_id


async def test_provenance_has_prompts_replies_model_tokens_and_attempts(room: Room) -> None:
    """The prompts are those that were sent, in the order of the attempts."""
    transform_id = await _run_with_two_attempts(room)

    origin = await provenance.of_run(room.project_id, transform_id, room.viewer)

    assert (origin.model, origin.parameters, origin.attempts) == ("test-model", {"stream": True}, 2)
    assert origin.usage == {"prompt_tokens": 6, "total_tokens": 14}
    assert ["写出 3 个" in origin.prompts[0], "写出 2 个" in origin.prompts[1]] == [True, True]
    assert origin.reply.count("raw") == 2 and "attempt 1" in origin.reply
    assert (origin.started_by, origin.seconds is not None) == ("Owner", True)


async def test_a_queued_run_has_a_prompt_and_no_reply_yet(room: Room) -> None:
    """Its other fields are empty."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)

    origin = await provenance.of_run(room.project_id, transform_id, room.owner)

    assert (len(origin.prompts), origin.reply, origin.usage, origin.seconds) == (1, "", {}, None)


async def test_provenance_is_refused_to_strangers_and_for_other_projects(room: Room) -> None:
    """A run is found only in its own project."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)

    with pytest.raises(UserError) as stranger:
        await provenance.of_run(room.project_id, transform_id, room.stranger)
    with pytest.raises(UserError) as elsewhere:
        await provenance.of_run(room.project_id, "another", room.owner)

    assert (stranger.value.code, elsewhere.value.code) == ("project_not_found", "run_not_found")
