"""Sessions: how long they last, what the list of sessions shows, and how they end."""

from datetime import UTC, datetime, timedelta

import pytest

from scriptwriter.services import expiry
from scriptwriter.services.accounts import sessions, sign_in_throttle
from tests.support.accounts import failures, record_failures, stored_sessions, time_passes
from tests.support.rooms import Room


async def test_a_session_expires_some_time_after_its_last_use(room: Room) -> None:
    """A session that is used continues."""
    used = await sessions.open_session(room.owner)
    idle = await sessions.open_session(room.owner)

    for _ in range(3):
        await time_passes(sessions.SESSION_LIFE * 0.6)
        assert await sessions.user_of_session(used) is not None

    assert await sessions.user_of_session(idle) is None


async def test_the_last_use_of_a_session_is_written_at_most_every_few_minutes(room: Room) -> None:
    """A page sends many events, and not each of them writes it."""
    token = await sessions.open_session(room.owner)
    [opened] = await stored_sessions()

    await sessions.user_of_session(token)
    [unchanged] = await stored_sessions()
    await time_passes(timedelta(minutes=6))
    await sessions.user_of_session(token)
    [renewed] = await stored_sessions()

    assert unchanged.last_seen_at == opened.last_seen_at
    assert datetime.now(UTC) - renewed.last_seen_at < timedelta(minutes=1)
    assert renewed.expires_at > opened.expires_at


async def test_a_person_sees_and_ends_only_their_own_sessions(room: Room) -> None:
    """The list has the current session first. "Sign out others" keeps it."""
    other_session = await sessions.open_session(room.owner, user_agent="Firefox")
    this_session = await sessions.open_session(room.owner, user_agent="Chrome " * 200)
    theirs = await sessions.open_session(room.viewer)

    rows = await sessions.sessions_of(room.owner, sessions.token_hash(this_session))
    assert [(row.this_one, row.user_agent[:7]) for row in rows] == [(True, "Chrome "), (False, "Firefox")]
    assert len(rows[0].user_agent) == 400 and this_session not in repr(rows)
    await sessions.sign_out_one(room.viewer, rows[1].id)
    assert await sessions.user_of_session(other_session) is not None
    await sessions.sign_out_one(room.owner, rows[1].id)
    assert await sessions.user_of_session(other_session) is None
    await sessions.open_session(room.owner)
    await sessions.sign_out_others(room.owner, sessions.token_hash(this_session))

    assert [
        row.this_one for row in await sessions.sessions_of(room.owner, sessions.token_hash(this_session))
    ] == [True]
    assert await sessions.user_of_session(theirs) is not None


async def test_expired_sessions_and_failures_are_deleted(room: Room) -> None:
    """Others stay."""
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
async def test_an_unknown_session_token_has_no_user(room: Room, token: str) -> None:
    """A client may send any text as its cookie."""
    assert await sessions.user_of_session(token) is None


async def test_a_session_beyond_the_limit_ends_the_least_recently_used_one(room: Room) -> None:
    """Only sessions of the same person are ended, and never the new one."""
    theirs = await sessions.open_session(room.viewer)
    first, second, *others = [await sessions.open_session(room.owner) for _ in range(sessions.MOST_SESSIONS)]
    await time_passes(timedelta(minutes=6))
    await sessions.user_of_session(first)

    newest = await sessions.open_session(room.owner)

    assert await sessions.user_of_session(second) is None
    for token in (theirs, first, *others, newest):
        assert await sessions.user_of_session(token) is not None
    assert len(await stored_sessions()) == sessions.MOST_SESSIONS + 1
