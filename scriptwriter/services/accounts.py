"""Owns people and their sessions. A session's token is only in the browser; the database has its hash."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from scriptwriter.database import transaction
from scriptwriter.errors import UserError
from scriptwriter.models import User, UserSession
from scriptwriter.settings import settings

SESSION_LIFE = timedelta(days=30)
TEST_USER = {"id": "test-user-1", "username": "testuser", "display_name": "测试用户"}


async def seed_test_user() -> None:
    """Make sure that the test user of development exists. Raises UserError `test_user_unavailable`."""
    _in_development()
    async with transaction() as session:
        await session.exec(insert(User).values(**TEST_USER).on_conflict_do_nothing())


async def sign_in_test_user() -> str:
    """The token of a new session of the test user. Raises UserError `test_user_unavailable`."""
    await seed_test_user()
    return await open_session(TEST_USER["id"])


async def open_session(user_id: str) -> str:
    """The token of a new session of `user_id`: 43 characters, random."""
    token = secrets.token_urlsafe(32)
    async with transaction() as session:
        session.add(
            UserSession(id=token_hash(token), user_id=user_id, expires_at=datetime.now(UTC) + SESSION_LIFE)
        )
    return token


async def user_of_session(token: str) -> User | None:
    """The person whose session `token` is, or None: unknown, expired, or no longer active."""
    if not token:
        return None
    async with transaction() as session:
        found = await session.exec(
            select(User)
            .join(UserSession, col(UserSession.user_id) == User.id)
            .where(
                UserSession.id == token_hash(token),
                UserSession.expires_at > datetime.now(UTC),
                User.status == "active",
            )
        )
        return found.first()


async def sign_out(token: str) -> None:
    """End the session of `token`; one that does not exist is ended already."""
    async with transaction() as session:
        await session.exec(delete(UserSession).where(col(UserSession.id) == token_hash(token)))


def token_hash(token: str) -> str:
    """What the database keeps of a random token: its SHA-256, in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _in_development() -> None:
    if not settings().development:
        raise UserError("test_user_unavailable")
