"""How long a session lives, and what is known of it."""

from datetime import UTC, datetime, timedelta

import pytest

from scriptwriter.services import expiry
from scriptwriter.services.accounts import sessions, sign_in_throttle
from tests.support.accounts import failures, record_failures, stored_sessions, time_passes
from tests.support.rooms import Room


async def test_a_session_that_is_used_lives_on_and_one_that_is_not_ends(room: Room) -> None:
    """Its life is counted from when it was seen last."""
    used = await sessions.open_session(room.owner)
    idle = await sessions.open_session(room.owner)

    for _ in range(3):
        await time_passes(sessions.SESSION_LIFE * 0.6)
        assert await sessions.user_of_session(used) is not None

    assert await sessions.user_of_session(idle) is None


async def test_that_a_session_was_seen_is_written_once_in_a_while(room: Room) -> None:
    """Not at each of the many events of a page."""
    token = await sessions.open_session(room.owner)
    [opened] = await stored_sessions()

    await sessions.user_of_session(token)
    [unchanged] = await stored_sessions()
    await time_passes(timedelta(minutes=6))
    await sessions.user_of_session(token)
    [noted] = await stored_sessions()

    assert unchanged.last_seen_at == opened.last_seen_at
    assert datetime.now(UTC) - noted.last_seen_at < timedelta(minutes=1)
    assert noted.expires_at > opened.expires_at


async def test_the_list_shows_this_one_first_and_ends_others_only(room: Room) -> None:
    """Nobody sees or ends anybody else's."""
    there = await sessions.open_session(room.owner, user_agent="Firefox")
    here = await sessions.open_session(room.owner, user_agent="Chrome " * 200)
    theirs = await sessions.open_session(room.viewer)

    rows = await sessions.sessions_of(room.owner, sessions.token_hash(here))
    assert [(row.this_one, row.user_agent[:7]) for row in rows] == [(True, "Chrome "), (False, "Firefox")]
    assert len(rows[0].user_agent) == 400 and here not in repr(rows)
    await sessions.sign_out_one(room.viewer, rows[1].id)
    assert await sessions.user_of_session(there) is not None
    await sessions.sign_out_one(room.owner, rows[1].id)
    assert await sessions.user_of_session(there) is None
    await sessions.open_session(room.owner)
    await sessions.sign_out_others(room.owner, sessions.token_hash(here))

    assert [row.this_one for row in await sessions.sessions_of(room.owner, sessions.token_hash(here))] == [
        True
    ]
    assert await sessions.user_of_session(theirs) is not None


async def test_what_has_expired_is_cleaned_up(room: Room) -> None:
    """Sessions and failures that nobody asks for any more, and no others."""
    await sessions.open_session(room.owner)
    await record_failures("liming", 2)
    await time_passes(sessions.SESSION_LIFE * 1.01)
    alive = await sessions.open_session(room.owner)
    await record_failures("liming", 1)

    await expiry.clean()

    assert [row.id for row in await stored_sessions()] == [sessions.token_hash(alive)]
    assert len(await failures()) == 1
    await time_passes(sign_in_throttle.WINDOW)
    await expiry.clean()
    assert len(await failures()) == 1


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "x" * 10_000])
async def test_a_token_of_nobody_opens_nothing(room: Room, token: str) -> None:
    """Whatever a client sends as its cookie."""
    assert await sessions.user_of_session(token) is None


async def test_one_session_too_many_ends_the_one_seen_longest_ago(room: Room) -> None:
    """Of the same person only; the newest is never the one that ends."""
    theirs = await sessions.open_session(room.viewer)
    first, second, *others = [await sessions.open_session(room.owner) for _ in range(sessions.MOST_SESSIONS)]
    await time_passes(timedelta(minutes=6))
    await sessions.user_of_session(first)

    newest = await sessions.open_session(room.owner)

    assert await sessions.user_of_session(second) is None
    for token in (theirs, first, *others, newest):
        assert await sessions.user_of_session(token) is not None
    assert len(await stored_sessions()) == sessions.MOST_SESSIONS + 1
