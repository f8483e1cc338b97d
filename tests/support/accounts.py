"""Accounts for tests, and a way to move their times into the past."""

from datetime import timedelta

from sqlalchemy import text
from sqlmodel import select

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import password_hashing, passwords, sign_in_throttle
from scriptwriter.services.accounts.sessions import token_hash
from scriptwriter.services.accounts.usernames import folded
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import AuthProvider, SignInFailure, UserSession

PASSWORD = "correct horse battery"
OTHER = "another long password"


async def refusal(
    username: str, password: str, address: str = "192.0.2.1", device: str = ""
) -> UserError | None:
    """The error of a sign-in that is refused, or None where it succeeds."""
    try:
        await passwords.sign_in(username, password, address=address, device=device)
    except UserError as error:
        return error
    return None


async def give_password(person: str, password: str) -> None:
    """Give a user who has no password this one; their id is the username to sign in with."""
    known = await password_hashing.hashed(password.encode(), "")
    kind = passwords.PASSWORD
    row = AuthProvider(user_id=person, provider_type=kind, provider_user_id=person, provider_data=known)
    async with transaction() as session:
        session.add(row)


async def record_failures(username: str, times: int, address: str = "192.0.2.1", device: str = "") -> None:
    """Record `times` failed sign-ins for this username, without hashing passwords."""
    for _ in range(times):
        await sign_in_throttle.begin(token_hash(folded(username)), address, device)


async def time_passes(time: timedelta) -> None:
    """Move the times of every session, registration and failed sign-in back by `time`."""
    async with transaction() as session:
        connection = await session.connection()
        for column, table in (
            ("failed_at", "sign_in_failures"),
            ("registered_at", "registrations"),
            ("last_seen_at", "user_sessions"),
            ("expires_at", "user_sessions"),
        ):
            await connection.execute(text(f"UPDATE {table} SET {column} = {column} - :time"), {"time": time})


async def stored_sessions() -> list[UserSession]:
    """Every session in the database."""
    async with transaction() as session:
        return list((await session.exec(select(UserSession))).all())


async def failures() -> list[SignInFailure]:
    """Every sign-in that is recorded as failed."""
    async with transaction() as session:
        return list((await session.exec(select(SignInFailure))).all())
