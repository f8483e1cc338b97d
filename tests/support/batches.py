"""Batches of ideas as a model left them, made through the services."""

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
    """A generation that a worker has just begun."""
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    return attempt


async def growing(room: Room) -> Attempt:
    """A generation whose first two ideas are finished, and whose third is being written."""
    attempt = await begun(room)
    await attempts.save_draft(attempt, [ONE, TWO, GROWING])
    return attempt


async def written(room: Room, *ideas: Idea) -> list[IdeaRef]:
    """The ideas (by default three) of a generation that has ended well."""
    ideas = ideas or (ONE, TWO, THREE)
    attempt = await begun(room)
    await ending.finish(attempt, ideas, Reply("a-model"))
    return [IdeaRef(attempt.artifact_id, place) for place in range(len(ideas))]
