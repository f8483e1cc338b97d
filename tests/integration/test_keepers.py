"""The order of the keepers: one for everybody."""

import asyncio
import json

import pytest

from scriptwriter.errors import UserError
from scriptwriter.ideas import IdeaRef
from scriptwriter.services import keepers
from tests.support.batches import written
from tests.support.rooms import Room
from tests.support.rows import rows


def orders(url: str) -> list[list[str]]:
    """All orders that were ever made, the oldest first."""
    found = rows(url, "SELECT data FROM artifacts WHERE type = 'brainstorm_order' ORDER BY created_at")
    return [json.loads(row["data"])["order"] for row in found]


async def test_an_order_is_made_from_the_ideas_that_it_names(connected: str, room: Room) -> None:
    """Of any batch; each once, though it be named twice."""
    [one, two, *_] = await written(room)
    [other, *_] = await written(room)

    await keepers.arrange(room.project_id, [other, two, one, two], room.collaborator)

    [made] = rows(connected, "SELECT * FROM artifacts WHERE type = 'brainstorm_order'")
    assert json.loads(made["data"]) == {
        "order": [str(other), str(two), str(one)],
        "userId": "collaborator",
        "name": "Collaborator",
    }
    links = rows(
        connected, "SELECT artifact_id, input_role FROM transform_inputs WHERE input_role LIKE 'ideas%%'"
    )
    assert {(link["artifact_id"], link["input_role"]) for link in links} == {
        (ref.artifact_id, ref.role) for ref in (one, two, other)
    }


async def test_the_same_order_again_writes_nothing_and_the_one_before_is_the_undo(
    connected: str, room: Room
) -> None:
    """Nothing is lost: each order stays."""
    [one, two, three] = await written(room)

    for order in ([one, two, three], [one, two, three], [three, one, two], [one, two, three], []):
        await keepers.arrange(room.project_id, order, room.owner)

    before, after = [str(one), str(two), str(three)], [str(three), str(one), str(two)]
    assert orders(connected) == [before, after, before, []]


async def test_orders_at_once_are_all_kept_and_one_is_the_newest(connected: str, room: Room) -> None:
    """No two have the same moment."""
    refs = await written(room)

    await asyncio.gather(
        *(keepers.arrange(room.project_id, [*refs[n:], *refs[:n]], room.owner) for n in (0, 1, 2))
    )

    moments = rows(connected, "SELECT DISTINCT created_at FROM artifacts WHERE type = 'brainstorm_order'")
    assert len(moments) == len(orders(connected)) == 3


async def test_an_order_with_one_unknown_idea_is_refused_as_a_whole(connected: str, room: Room) -> None:
    """Whichever place it has."""
    [one, *_] = await written(room)

    for unknown in (IdeaRef(one.artifact_id, 7), IdeaRef("nothing", 0)):
        with pytest.raises(UserError, match="idea_not_found"):
            await keepers.arrange(room.project_id, [one, unknown], room.owner)

    assert orders(connected) == []
