"""Accounts for tests, and time that goes by for them."""

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
    """Why a sign-in is refused; None where it is not."""
    try:
        await passwords.sign_in(username, password, address=address, device=device)
    except UserError as error:
        return error
    return None


async def give_password(person: str, password: str) -> None:
    """Let a person who was made without one sign in with this password, by their id as the username."""
    known = await password_hashing.hashed(password.encode())
    kind = passwords.PASSWORD
    row = AuthProvider(user_id=person, provider_type=kind, provider_user_id=person, provider_data=known)
    async with transaction() as session:
        session.add(row)


async def has_failed(username: str, times: int, address: str = "192.0.2.1", device: str = "") -> None:
    """So many sign-ins with this name, without the work of a hash."""
    for _ in range(times):
        await sign_in_throttle.begin(token_hash(folded(username)), address, device)


async def time_passes(time: timedelta) -> None:
    """For every session, every account that was made, and every sign-in that failed."""
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
    """Every sign-in that counts as failed."""
    async with transaction() as session:
        return list((await session.exec(select(SignInFailure))).all())
