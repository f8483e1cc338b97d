"""Keep, pass and take back: each person for themselves, once however often it is pressed."""

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
    """All that was ever said, the oldest first."""
    found = rows(url, "SELECT data FROM artifacts WHERE type = 'brainstorm_verdict' ORDER BY created_at")
    return [json.loads(row["data"]) for row in found]


async def test_a_verdict_says_who_means_which_idea_and_why(connected: str, room: Room) -> None:
    """The artifact reads without any other row."""
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
    """One after the other; a click that comes late does not take the reason back either."""
    [one, *_] = await written(room)

    for reason in ("", "", "formulaic", "formulaic", ""):
        await pick(room.project_id, one, "pass", room.owner, reason)

    assert [(each["verdict"], each["reason"]) for each in verdicts(connected)] == [
        ("pass", ""),
        ("pass", "formulaic"),
    ]


async def test_a_double_click_writes_one_verdict(connected: str, room: Room) -> None:
    """Both clicks at the same moment, and a colleague's between them."""
    [one, *_] = await written(room)
    clicks = [room.owner, room.collaborator, room.owner, room.collaborator, room.owner]

    await asyncio.gather(*(pick(room.project_id, one, "keep", who) for who in clicks))

    assert sorted(each["userId"] for each in verdicts(connected)) == ["collaborator", "owner"]


async def test_what_is_taken_back_is_written_once_and_only_if_something_stood(
    connected: str, room: Room
) -> None:
    """The undo; nothing of what was said before is lost."""
    [one, *_] = await written(room)

    for verdict in ("none", "keep", "none", "none", "pass", "keep"):
        await pick(room.project_id, one, verdict, room.owner)

    assert [each["verdict"] for each in verdicts(connected)] == ["keep", "none", "pass", "keep"]


async def test_of_opposite_verdicts_at_once_the_one_written_last_is_the_newest(
    connected: str, room: Room
) -> None:
    """The order of their moments is the order in which they were written, whoever began first."""
    [one, *_] = await written(room)
    wanted = ["keep", "pass"] * 4

    await asyncio.gather(*(pick(room.project_id, one, each, room.owner) for each in wanted))

    said = [each["verdict"] for each in verdicts(connected)]
    # Each was written because it differed from the one that stood then.
    assert all(before != after for before, after in pairwise(said))
    moments = rows(connected, "SELECT created_at FROM artifacts WHERE type = 'brainstorm_verdict'")
    assert len({row["created_at"] for row in moments}) == len(said) >= 2


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [("love", "", "verdict_unknown"), ("pass", "长" * 101, "reason_too_long")],
)
async def test_what_cannot_be_said_is_refused(
    connected: str, room: Room, verdict: str, reason: str, code: str
) -> None:
    """Nothing is written."""
    [one, *_] = await written(room)

    with pytest.raises(UserError, match=code):
        await pick(room.project_id, one, verdict, room.owner, reason)

    assert verdicts(connected) == []
