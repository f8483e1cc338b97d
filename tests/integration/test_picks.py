"""Keep, pass and take back: a verdict belongs to one person, and repeating it writes nothing."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.services.ideas.verdicts import pick
from tests.support.batches import written
from tests.support.rooms import Room
from tests.support.rows import rows


def verdicts(url: str) -> list[dict[str, Any]]:
    """All stored verdicts, the oldest first."""
    found = rows(url, "SELECT data FROM artifacts WHERE type = 'brainstorm_verdict' ORDER BY created_at")
    return [json.loads(row["data"]) for row in found]


async def test_a_verdict_names_the_person_the_idea_and_the_reason(connected: str, room: Room) -> None:
    """The artifact can be read without any other row."""
    [_, two, *_] = await written(room)

    await pick(room.project_id, two, "pass", room.collaborator, "  结局\n太仓促 ")

    assert verdicts(connected) == [
        {
            "artifactId": two.artifact_id,
            "index": 1,
            "userId": "collaborator",
            "name": "Collaborator",
            "verdict": "pass",
            "reason": "结局 太仓促",
            "title": "逆袭时刻",
        }
    ]


async def test_the_same_verdict_again_writes_nothing(connected: str, room: Room) -> None:
    """A late click without a reason does not remove the reason either."""
    [one, *_] = await written(room)

    for reason in ("", "", "formulaic", "formulaic", ""):
        await pick(room.project_id, one, "pass", room.owner, reason)

    assert [(each["verdict"], each["reason"]) for each in verdicts(connected)] == [
        ("pass", ""),
        ("pass", "formulaic"),
    ]


async def test_a_double_click_writes_one_verdict(connected: str, room: Room) -> None:
    """A colleague who picks at the same moment gets a verdict of their own."""
    [one, *_] = await written(room)
    clicks = [room.owner, room.collaborator, room.owner, room.collaborator, room.owner]

    await asyncio.gather(*(pick(room.project_id, one, "keep", who) for who in clicks))

    assert sorted(each["userId"] for each in verdicts(connected)) == ["collaborator", "owner"]


async def test_taking_back_writes_only_if_there_is_a_verdict(connected: str, room: Room) -> None:
    """Earlier verdicts stay stored."""
    [one, *_] = await written(room)

    for verdict in ("none", "keep", "none", "none", "pass", "keep"):
        await pick(room.project_id, one, verdict, room.owner)

    assert [each["verdict"] for each in verdicts(connected)] == ["keep", "none", "pass", "keep"]


async def test_concurrent_opposite_verdicts_have_distinct_ordered_timestamps(
    connected: str, room: Room
) -> None:
    """Timestamps follow the order of the commits, not of the starts."""
    [one, *_] = await written(room)
    wanted = ["keep", "pass"] * 4

    await asyncio.gather(*(pick(room.project_id, one, each, room.owner) for each in wanted))

    written_verdicts = [each["verdict"] for each in verdicts(connected)]
    # Each was written because it differed from the verdict before it.
    assert all(before != after for before, after in pairwise(written_verdicts))
    moments = rows(connected, "SELECT created_at FROM artifacts WHERE type = 'brainstorm_verdict'")
    assert len({row["created_at"] for row in moments}) == len(written_verdicts) >= 2


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [("love", "", "verdict_unknown"), ("pass", "长" * 101, "reason_too_long")],
)
async def test_an_unknown_verdict_and_a_long_reason_are_refused(
    connected: str, room: Room, verdict: str, reason: str, code: str
) -> None:
    """Nothing is written."""
    [one, *_] = await written(room)

    with pytest.raises(UserError, match=code):
        await pick(room.project_id, one, verdict, room.owner, reason)

    assert verdicts(connected) == []
