"""A required text that consists of invisible characters counts as missing in every form."""

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

INVISIBLE = "\u200b\u3164\u2800\u202e\ufe0f"


async def _title(room: Room) -> object:
    [one, *_] = await written(room)
    return await edits.edit(room.project_id, one, INVISIBLE, "正文。", "", room.owner)


async def _body(room: Room) -> object:
    [one, *_] = await written(room)
    return await edits.edit(room.project_id, one, "题目", INVISIBLE, "", room.owner)


async def _platform(_: Room) -> object:
    return Brief.parse({"platform": INVISIBLE, "genre": "穿越"})


async def _genre(_: Room) -> object:
    return Brief.parse({"platform": "抖音", "genre": INVISIBLE})


async def _username(_: Room) -> object:
    return usernames.username(INVISIBLE)


REQUIRED: dict[str, Callable[[Room], Awaitable[object]]] = {
    "title": _title,
    "body": _body,
    "platform": _platform,
    "genre": _genre,
    "username": _username,
    "name": lambda room: catalog.create(room.owner, INVISIBLE),
    "token_name": lambda room: api_tokens.create(room.owner, INVISIBLE),
}


@pytest.mark.parametrize("field", REQUIRED)
async def test_an_invisible_required_text_counts_as_missing(room: Room, field: str) -> None:
    """The error is that of an empty field."""
    with pytest.raises(UserError) as refusal:
        await REQUIRED[field](room)

    assert refusal.value.code == f"{field}_required"


async def test_a_project_cannot_be_renamed_to_an_invisible_name(room: Room) -> None:
    """Its old name stays."""
    with pytest.raises(UserError, match="name_required"):
        await catalog.change(room.project_id, room.owner, name=INVISIBLE)


async def test_control_characters_are_removed_from_names(connected: str, room: Room) -> None:
    """A direction override could disguise a project's name in an invitation, or a token's name."""
    await catalog.change(room.project_id, room.owner, name="\u202e夏\u200b天\u2066 短剧\x1b")
    await api_tokens.create(room.owner, "\u2067to\u200bken\x07")

    assert {row["name"] for row in rows(connected, "SELECT name FROM projects")} == {"夏天 短剧"}
    assert [row["name"] for row in rows(connected, "SELECT name FROM api_tokens")] == ["token"]


async def test_an_invisible_optional_text_is_stored_as_empty(connected: str, room: Room) -> None:
    """Otherwise a page would show an empty line."""
    [one, *_] = await written(room)

    brief = Brief.parse(
        {"platform": "抖音", "genre": "穿越", "avoid": INVISIBLE, "other_requirements": INVISIBLE}
    )
    await catalog.change(room.project_id, room.owner, description=INVISIBLE)
    await verdicts.pick(room.project_id, one, "pass", room.owner, INVISIBLE)

    assert (brief.avoid, brief.other_requirements) == ("", "")
    [project] = rows(connected, "SELECT description FROM projects")
    assert project["description"] == ""
    [verdict] = rows(connected, "SELECT data FROM artifacts WHERE type = 'brainstorm_verdict'")
    assert INVISIBLE not in verdict["data"] and '"pass"' in verdict["data"]
