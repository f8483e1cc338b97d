"""Owns people's sessions. A session's token is only in the browser; the database has its hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.store import fair_share
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User, UserSession

SESSION_LIFE = timedelta(days=30)
"""Counted from the last time that it was seen."""
MOST_SESSIONS = 50
"""Of one person: a further one ends the one that was seen longest ago."""
_NOTED_EVERY = timedelta(minutes=5)
_LONGEST_AGENT = 400


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as its person sees it in a list; `id` names it and opens nothing."""

    id: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    this_one: bool


async def open_session(user_id: str, *, user_agent: str = "", instead_of: str = "") -> str:
    """The token of a new session of `user_id`: 43 characters, random.

    `instead_of` is the token that the same browser had until now: its session ends.
    """
    async with transaction() as session:
        return await open_in(session, user_id, user_agent=user_agent, instead_of=instead_of)


async def open_in(session: AsyncSession, user_id: str, *, user_agent: str = "", instead_of: str = "") -> str:
    """As `open_session`, in the transaction of `session`."""
    token = secrets.token_urlsafe(32)
    if instead_of:
        await session.exec(delete(UserSession).where(col(UserSession.id) == token_hash(instead_of)))
    # The lock on the person keeps two sign-ins at once from passing the limit together.
    await session.get(User, user_id, with_for_update={"key_share": True}, populate_existing=True)
    theirs = select(UserSession.id).where(UserSession.user_id == user_id)
    kept = theirs.order_by(col(UserSession.last_seen_at).desc()).limit(MOST_SESSIONS - 1)
    ending = col(UserSession.user_id) == user_id, col(UserSession.id).not_in(kept)
    await session.exec(delete(UserSession).where(*ending))
    agent = user_agent.replace("\x00", "")[:_LONGEST_AGENT] or None
    expires_at = datetime.now(UTC) + SESSION_LIFE
    session.add(UserSession(id=token_hash(token), user_id=user_id, expires_at=expires_at, user_agent=agent))
    return token


async def user_of_session(token: str) -> User | None:
    """The person whose session `token` is, or None (see `user_of`)."""
    return await user_of(token_hash(token)) if token else None


async def user_of(session_id: str) -> User | None:
    """The person whose session it is, by its id, or None: unknown, expired, or no longer active.

    That it was seen is noted at most once in five minutes, and its life counted anew.
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
    """The sessions of `user_id`: first the one with the id `here`, then the one that was seen last."""
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
    """End the session of `token`; one that does not exist is ended already."""
    async with transaction() as session:
        await session.exec(delete(UserSession).where(col(UserSession.id) == token_hash(token)))


async def sign_out_one(user_id: str, session_id: str) -> None:
    """End a session of `user_id` by its id; one that does not exist is ended already."""
    async with transaction() as session:
        await session.exec(
            delete(UserSession).where(col(UserSession.id) == session_id, col(UserSession.user_id) == user_id)
        )


async def sign_out_others(user_id: str, here: str) -> None:
    """End every session of `user_id` but the one with the id `here`."""
    async with transaction() as session:
        await sign_out_others_in(session, user_id, here)


async def sign_out_others_in(session: AsyncSession, user_id: str, here: str) -> None:
    """As `sign_out_others`, in the transaction of `session`."""
    await session.exec(
        delete(UserSession).where(col(UserSession.user_id) == user_id, col(UserSession.id) != here)
    )


def token_hash(token: str) -> str:
    """What the database keeps of a random token: its SHA-256, in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
