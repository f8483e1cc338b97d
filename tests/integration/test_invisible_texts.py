"""A required text of which nothing can be seen is missing, wherever it is typed."""

from collections.abc import Awaitable, Callable

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief
from scriptwriter.services.accounts import api_tokens, usernames
from scriptwriter.services.ideas import edits, verdicts
from scriptwriter.services.projects import catalog
from tests.support.batches import written
from tests.support.rooms import Room
from tests.support.rows import rows

NOTHING = "\u200b\u3164\u2800\u202e\ufe0f"


async def _title(room: Room) -> object:
    [one, *_] = await written(room)
    return await edits.edit(room.project_id, one, NOTHING, "正文。", "", room.owner)


async def _body(room: Room) -> object:
    [one, *_] = await written(room)
    return await edits.edit(room.project_id, one, "题目", NOTHING, "", room.owner)


async def _platform(_: Room) -> object:
    return Brief.parse({"platform": NOTHING, "genre": "穿越"})


async def _genre(_: Room) -> object:
    return Brief.parse({"platform": "抖音", "genre": NOTHING})


async def _username(_: Room) -> object:
    return usernames.username(NOTHING)


REQUIRED: dict[str, Callable[[Room], Awaitable[object]]] = {
    "title": _title,
    "body": _body,
    "platform": _platform,
    "genre": _genre,
    "username": _username,
    "name": lambda room: catalog.create(room.owner, NOTHING),
    "token_name": lambda room: api_tokens.create(room.owner, NOTHING),
}


@pytest.mark.parametrize("field", REQUIRED)
async def test_a_required_text_of_which_nothing_is_seen_is_missing(room: Room, field: str) -> None:
    """The sentence is that of an empty field."""
    with pytest.raises(UserError) as refusal:
        await REQUIRED[field](room)

    assert refusal.value.code == f"{field}_required"


async def test_a_project_keeps_its_name_where_the_new_one_cannot_be_seen(room: Room) -> None:
    """Renaming is held to the same."""
    with pytest.raises(UserError, match="name_required"):
        await catalog.change(room.project_id, room.owner, name=NOTHING)


async def test_names_are_stored_without_what_turns_a_line_around(connected: str, room: Room) -> None:
    """A project's, which strangers read in an invitation, and a token's."""
    await catalog.change(room.project_id, room.owner, name="\u202e夏\u200b天\u2066 短剧\x1b")
    await api_tokens.create(room.owner, "\u2067to\u200bken\x07")

    assert {row["name"] for row in rows(connected, "SELECT name FROM projects")} == {"夏天 短剧"}
    assert [row["name"] for row in rows(connected, "SELECT name FROM api_tokens")] == ["token"]


async def test_an_optional_text_of_which_nothing_is_seen_is_empty(connected: str, room: Room) -> None:
    """Nobody wonders about an empty line."""
    [one, *_] = await written(room)

    brief = Brief.parse(
        {"platform": "抖音", "genre": "穿越", "avoid": NOTHING, "other_requirements": NOTHING}
    )
    await catalog.change(room.project_id, room.owner, description=NOTHING)
    await verdicts.pick(room.project_id, one, "pass", room.owner, NOTHING)

    assert (brief.avoid, brief.other_requirements) == ("", "")
    [project] = rows(connected, "SELECT description FROM projects")
    assert project["description"] == ""
    [verdict] = rows(connected, "SELECT data FROM artifacts WHERE type = 'brainstorm_verdict'")
    assert NOTHING not in verdict["data"] and '"pass"' in verdict["data"]
