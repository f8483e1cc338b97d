"""Sessions of people. Only the browser has the token; the database has its hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.typed_text import storable
from scriptwriter.store import fair_share
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User, UserSession

SESSION_LIFE = timedelta(days=30)
"""Lifetime of a session, counted from its last use."""
MOST_SESSIONS = 50
"""Sessions of one person. A further one ends the session that was used longest ago."""
_NOTED_EVERY = timedelta(minutes=5)
_LONGEST_AGENT = 400


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in its person's list. `id` identifies it and does not authenticate."""

    id: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    this_one: bool


async def open_session(user_id: str, *, user_agent: str = "", instead_of: str = "") -> str:
    """Open a session of `user_id`; returns its token: 43 random characters.

    `instead_of` is the token that the same browser had before. Its session ends.
    """
    async with transaction() as session:
        return await open_in(session, user_id, user_agent=user_agent, instead_of=instead_of)


async def open_in(session: AsyncSession, user_id: str, *, user_agent: str = "", instead_of: str = "") -> str:
    """`open_session` in the transaction of `session`."""
    token = secrets.token_urlsafe(32)
    if instead_of:
        await session.exec(delete(UserSession).where(col(UserSession.id) == token_hash(instead_of)))
    # The row lock keeps two concurrent sign-ins from exceeding the limit together.
    await session.get(User, user_id, with_for_update={"key_share": True}, populate_existing=True)
    theirs = select(UserSession.id).where(UserSession.user_id == user_id)
    kept = theirs.order_by(col(UserSession.last_seen_at).desc()).limit(MOST_SESSIONS - 1)
    ending = col(UserSession.user_id) == user_id, col(UserSession.id).not_in(kept)
    await session.exec(delete(UserSession).where(*ending))
    agent = storable(user_agent)[:_LONGEST_AGENT] or None
    expires_at = datetime.now(UTC) + SESSION_LIFE
    session.add(UserSession(id=token_hash(token), user_id=user_id, expires_at=expires_at, user_agent=agent))
    return token


async def user_of_session(token: str) -> User | None:
    """The person of the session with this token, or None (see `user_of`)."""
    return await user_of(token_hash(token)) if token else None


async def user_of(session_id: str) -> User | None:
    """The person of the session with this id; None if it is unknown or expired, or the person is not active.

    The use is written at most every five minutes, and extends the session.
    """
    if not session_id:
        return None
    now = datetime.now(UTC)
    fair_share.charge_credential(session_id)
    async with transaction() as session:
        found = await session.exec(
            select(User, UserSession)
            .join(UserSession, col(UserSession.user_id) == User.id)
            .where(
                UserSession.id == session_id,
                UserSession.expires_at > now,
                User.status == "active",
            )
        )
        row = found.first()
        if row is None:
            fair_share.forget(session_id)
            return None
        user, known = row
        if now - known.last_seen_at > _NOTED_EVERY:
            seen = {"last_seen_at": now, "expires_at": now + SESSION_LIFE}
            await session.exec(update(UserSession).where(col(UserSession.id) == known.id).values(**seen))
    fair_share.remember(session_id, user.id)
    return user


async def sessions_of(user_id: str, here: str) -> list[SessionRow]:
    """The sessions of `user_id`: first the one with the id `here`, then the most recently used."""
    async with transaction() as session:
        found = await session.exec(
            select(UserSession)
            .where(UserSession.user_id == user_id, UserSession.expires_at > datetime.now(UTC))
            .order_by(col(UserSession.id) != here, col(UserSession.last_seen_at).desc())
        )
        return [
            SessionRow(row.id, row.user_agent or "", row.created_at, row.last_seen_at, row.id == here)
            for row in found
        ]


async def sign_out(token: str) -> None:
    """End the session of `token`. An unknown token is no error."""
    async with transaction() as session:
        await session.exec(delete(UserSession).where(col(UserSession.id) == token_hash(token)))


async def sign_out_one(user_id: str, session_id: str) -> None:
    """End a session of `user_id` by its id. An unknown id is no error."""
    async with transaction() as session:
        await session.exec(
            delete(UserSession).where(col(UserSession.id) == session_id, col(UserSession.user_id) == user_id)
        )


async def sign_out_others(user_id: str, here: str) -> None:
    """End every session of `user_id` except the one with the id `here`."""
    async with transaction() as session:
        await sign_out_others_in(session, user_id, here)


async def sign_out_others_in(session: AsyncSession, user_id: str, here: str) -> None:
    """`sign_out_others` in the transaction of `session`."""
    await session.exec(
        delete(UserSession).where(col(UserSession.user_id) == user_id, col(UserSession.id) != here)
    )


def token_hash(token: str) -> str:
    """The SHA-256 of a random token in hexadecimal, as the database stores it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
