"""The order of kept ideas: all members share one order, and each move changes one idea's position."""

import asyncio
import json
import random

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import keepers, verdicts
from tests.support.batches import written
from tests.support.rooms import Room
from tests.support.rows import rows


def orders(url: str) -> list[list[str]]:
    """All stored orders, the oldest first."""
    found = rows(url, "SELECT data FROM artifacts WHERE type = 'brainstorm_order' ORDER BY created_at")
    return [json.loads(row["data"])["order"] for row in found]


async def kept(room: Room) -> list[IdeaRef]:
    """Three ideas that the owner keeps, in this order."""
    refs = await written(room)
    for ref in refs:
        await verdicts.pick(room.project_id, ref, "keep", room.owner)
    return refs


async def test_an_orders_inputs_are_the_ideas_that_it_lists(connected: str, room: Room) -> None:
    """Ideas of any batch, each once."""
    [one, two, *_] = await written(room)
    [other, *_] = await written(room)
    for ref in (two, one):
        await verdicts.pick(room.project_id, ref, "keep", room.owner)

    await keepers.move(room.project_id, other, two, room.collaborator)

    [made] = rows(connected, "SELECT * FROM artifacts WHERE type = 'brainstorm_order'")
    assert json.loads(made["data"]) == {
        "order": [str(other), str(two), str(one)],
        "userId": "collaborator",
        "name": "Collaborator",
    }
    links = rows(
        connected,
        "SELECT i.artifact_id, i.input_role FROM transform_inputs i JOIN transform_outputs o"
        " USING (transform_id) WHERE o.artifact_id = %s",
        made["id"],
    )
    assert {(link["artifact_id"], link["input_role"]) for link in links} == {
        (ref.artifact_id, ref.role) for ref in (one, two, other)
    }


async def test_only_moves_that_change_the_order_are_stored(connected: str, room: Room) -> None:
    """Moving back is the undo, and every order stays stored."""
    [one, two, three] = await kept(room)

    await keepers.move(room.project_id, one, two, room.owner)
    moved = await keepers.move(room.project_id, three, one, room.owner)
    await keepers.move(room.project_id, three, None, room.owner, base=moved)

    assert orders(connected) == [
        [str(three), str(one), str(two)],
        [str(one), str(two), str(three)],
    ]


async def test_an_undo_is_refused_after_a_colleagues_move(connected: str, room: Room) -> None:
    """The refusal names the colleague, and nothing changes."""
    [one, two, three] = await kept(room)
    mine = await keepers.move(room.project_id, three, one, room.owner)
    await keepers.move(room.project_id, two, three, room.collaborator)

    with pytest.raises(UserError) as refusal:
        await keepers.move(room.project_id, three, None, room.owner, base=mine)

    assert (refusal.value.code, refusal.value.params) == ("moved_meanwhile", {"name": "Collaborator"})
    assert orders(connected)[-1] == [str(two), str(three), str(one)]


async def test_concurrent_moves_of_different_ideas_are_both_applied(connected: str, room: Room) -> None:
    """The order of the two makes no difference."""
    [one, two, three] = await kept(room)

    await asyncio.gather(
        keepers.move(room.project_id, three, one, room.owner),
        keepers.move(room.project_id, one, None, room.collaborator),
    )

    assert orders(connected)[-1] == [str(three), str(two), str(one)]
    moments = rows(connected, "SELECT DISTINCT created_at FROM artifacts WHERE type = 'brainstorm_order'")
    assert len(moments) == len(orders(connected)) == 2


@pytest.mark.parametrize("seed", range(3))
async def test_random_concurrent_moves_neither_lose_nor_duplicate_ideas(
    connected: str, room: Room, seed: int
) -> None:
    """Each move is applied to the order of its moment."""
    refs = [*await kept(room), *await kept(room)]
    chance = random.Random(seed)

    def a_move() -> tuple[IdeaRef, IdeaRef | None]:
        return chance.choice(refs), chance.choice([None, *refs])

    for _ in range(6):
        mine, theirs = a_move(), a_move()
        await asyncio.gather(
            keepers.move(room.project_id, *mine, room.owner),
            keepers.move(room.project_id, *theirs, room.collaborator),
        )
        for order in orders(connected):
            assert sorted(order) == sorted(map(str, refs))


async def test_a_move_before_an_idea_that_is_not_kept_is_refused(connected: str, room: Room) -> None:
    """Nothing is written."""
    [one, two, _] = await written(room)
    await verdicts.pick(room.project_id, one, "keep", room.owner)

    with pytest.raises(UserError, match="keeper_gone"):
        await keepers.move(room.project_id, one, two, room.owner)

    assert orders(connected) == []


async def test_a_move_with_an_unknown_idea_is_refused(connected: str, room: Room) -> None:
    """Neither the moved idea nor the position may be unknown."""
    [one, *_] = await kept(room)

    for unknown in (IdeaRef(one.artifact_id, 7), IdeaRef("nothing", 0)):
        for pair in ((unknown, one), (one, unknown)):
            with pytest.raises(UserError, match="idea_not_found"):
                await keepers.move(room.project_id, *pair, room.owner)

    assert orders(connected) == []
