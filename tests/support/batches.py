"""Batches of ideas in the states that a model leaves them in, created through the services."""

from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.runs import attempts, ending, starting
from scriptwriter.services.runs.attempts import Attempt
from tests.support.rooms import BRIEF, Room

ONE = Idea("重生之约", "她醒来时回到十年前。")
TWO = Idea("逆袭时刻", "他当众揭开真相。")
THREE = Idea("末日掌柜", "超市店员囤下最后一箱泡面。")
GROWING = Idea("替身新娘", "婚礼前夜，", "writing")


async def begun(room: Room) -> Attempt:
    """A generation whose first attempt has just begun."""
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    return attempt


async def growing(room: Room) -> Attempt:
    """A generation with two finished ideas and a third one that is being written."""
    attempt = await begun(room)
    await attempts.save_draft(attempt, [ONE, TWO, GROWING])
    return attempt


async def written(room: Room, *ideas: Idea) -> list[IdeaRef]:
    """The ideas of a completed generation: `ideas`, or three by default."""
    ideas = ideas or (ONE, TWO, THREE)
    attempt = await begun(room)
    await ending.finish(attempt, ideas, Reply("a-model"))
    return [IdeaRef(attempt.artifact_id, place) for place in range(len(ideas))]
