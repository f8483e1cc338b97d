"""Accounts with a username and a password: register, sign in, confirm, change the password."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.look_alikes import skeleton
from scriptwriter.services.accounts import (
    known_devices,
    password_hashing,
    sign_in_throttle,
    usernames,
    weak_passwords,
)
from scriptwriter.services.accounts.sessions import open_in, sign_out_others_in, token_hash
from scriptwriter.services.accounts.test_user import TEST_USER
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import ApiToken, AuthProvider, User, UserSession

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:look, 0))")
_FILL = text("UPDATE users SET name_skeleton = :look WHERE id = :of")

PASSWORD = "password"
"""`provider_type` of such an account. `provider_user_id` is the folded username, `provider_data` the hash."""
TAKEN = frozenset({"username_taken", "username_looks_taken"})
"""Error codes of a username that is not available."""
RECENTLY = timedelta(minutes=10)
"""Age of a session up to which its person need not authenticate again."""


async def register(
    username: str, password: str, *, address: str = "", user_agent: str = "", instead_of: str = ""
) -> str:
    """Create an account and sign it in; returns the session token (see `sessions.open_session`).

    The name is displayed as typed. Raises UserError: `registration_closed`, those of `usernames.username` and
    `usernames.password`, `password_guessable`, those of `create_in`, `too_many_attempts` if the address has
    tried too many names, `too_many_registrations` if it has created too many accounts, `sign_in_busy`.
    """
    if settings().registration != "open":
        raise UserError("registration_closed")
    name, secret = usernames.username(username), usernames.password(password)
    attempt = await sign_in_throttle.begin(sign_in_throttle.NO_ACCOUNT, address)
    known = await _hashed(secret, name, address)
    async with transaction() as session:
        await sign_in_throttle.count_registration(session, address)
        user_id = await create_in(session, name, username.strip())
        session.add(
            AuthProvider(user_id=user_id, provider_type=PASSWORD, provider_user_id=name, provider_data=known)
        )
        token = await open_in(session, user_id, user_agent=user_agent, instead_of=instead_of)
    await sign_in_throttle.succeeded(attempt)
    return token


async def create_in(session: AsyncSession, username: str, display_name: str) -> str:
    """Create a user with this folded username; returns the id.

    Raises UserError: `username_taken`, or `username_looks_taken` if an existing username looks like it.
    """
    look = skeleton(username)
    connection = await session.connection()
    await connection.execute(_LOCK, {"look": f"username {look}"})
    await _fill_skeletons(session)
    found = await session.exec(select(User.username).where(User.name_skeleton == look))
    alike = {*found, *([TEST_USER["username"]] if look == skeleton(TEST_USER["username"]) else [])}
    if alike:
        raise UserError("username_taken" if username in alike else "username_looks_taken")
    values = {"id": str(uuid4()), "username": username, "display_name": display_name, "name_skeleton": look}
    made = await session.exec(insert(User).values(**values).on_conflict_do_nothing().returning(col(User.id)))
    user_id = made.scalar_one_or_none()
    if user_id is None:
        raise UserError("username_taken")
    return user_id


async def _fill_skeletons(session: AsyncSession) -> None:
    """Set the look-alike skeleton of users whose row has none, because an earlier version wrote it.

    Existing names that look alike stay: the column is not unique.
    """
    found = await session.exec(
        select(User.id, User.username).where(col(User.name_skeleton).is_(None)).order_by(User.id)
    )
    values = [{"of": user_id, "look": skeleton(name)} for user_id, name in found]
    if values:
        await (await session.connection()).execute(_FILL, values)


async def sign_in(
    username: str,
    password: str,
    *,
    address: str = "",
    user_agent: str = "",
    instead_of: str = "",
    device: str = "",
) -> str:
    """Sign in; returns the session token (see `sessions.open_session`). An outdated hash is renewed.

    `device` is the browser's device cookie (see `device_of`). Raises UserError: `wrong_credentials` for a
    wrong password and for an unknown name alike, `too_many_attempts`, `sign_in_busy`.
    """
    name = usernames.folded(username)
    stored, secret = await _hash(name), usernames.spelled(password)
    attempt = await sign_in_throttle.begin(
        token_hash(name), address, known_devices.known(device, name, stored)
    )
    known = None if secret is None else stored
    right, renewed = await password_hashing.verified(secret or b"", known, address)
    if not right:
        raise UserError("wrong_credentials")
    async with transaction() as session:
        provider = await _provider(session, name, known)
        if provider is None:
            raise UserError("wrong_credentials")
        provider.provider_data = renewed or known
        token = await open_in(session, provider.user_id, user_agent=user_agent, instead_of=instead_of)
    await sign_in_throttle.succeeded(attempt)
    return token


async def device_of(username: str, device: str) -> str:
    """The new device cookie after this person has signed in; `device` is the one that the browser sent."""
    name = usernames.folded(username)
    stored = await _hash(name)
    return device if stored is None else known_devices.remembered(device, name, stored)


async def username_of(user_id: str) -> str | None:
    """The username with which this person signs in by password; None if they have no password."""
    async with transaction() as session:
        found = await session.exec(
            select(AuthProvider.provider_user_id).where(
                AuthProvider.user_id == user_id, AuthProvider.provider_type == PASSWORD
            )
        )
        return found.first()


async def confirm(user_id: str, password: str, *, session_id: str) -> None:
    """Authenticate the person of a session again: by password, or, without one, by a RECENTLY opened session.

    A person without a password signs in at an outside provider, which has just authenticated them.
    Raises UserError: `password_wanted`, `wrong_password`, `too_many_attempts`, `sign_in_busy`, and
    `sign_in_again` for an older session.
    """
    name = await username_of(user_id)
    if name is None:
        await _require_recent(user_id, session_id)
        return
    if not password:
        raise UserError("password_wanted")
    attempt = await sign_in_throttle.begin(token_hash(name), "", sign_in_throttle.SIGNED_IN)
    if await _verified(name, password, user_id) is None:
        raise UserError("wrong_password")
    await sign_in_throttle.succeeded(attempt)


async def _require_recent(user_id: str, session_id: str) -> None:
    async with transaction() as session:
        known = await session.get(UserSession, session_id)
    if known is None or known.user_id != user_id or datetime.now(UTC) - known.created_at > RECENTLY:
        raise UserError("sign_in_again", minutes=int(RECENTLY.total_seconds() // 60))


async def _verified(name: str, password: str, user_id: str) -> str | None:
    """The stored hash if the password matches it, else None."""
    given = usernames.spelled(password)
    known = None if given is None else await _hash(name)
    right, _ = await password_hashing.verified(given or b"", known, user_id)
    return known if right else None


async def change(user_id: str, current: str, new: str, *, here: str, revoke_tokens: bool = True) -> None:
    """Change the password, and end every session of the person except the one with the id `here`.

    With `revoke_tokens` their API tokens are deleted too. Raises UserError: `no_password`, those of
    `usernames.password`, `wrong_current_password`, `password_guessable`, `too_many_attempts`, `sign_in_busy`.
    """
    secret = usernames.password(new)
    name = await username_of(user_id)
    if name is None:
        raise UserError("no_password")
    attempt = await sign_in_throttle.begin(token_hash(name), "", sign_in_throttle.SIGNED_IN)
    known = await _verified(name, current, user_id)
    if known is None:
        raise UserError("wrong_current_password")
    # Before the new password is checked: trying several new ones is no guessing of the current one.
    await sign_in_throttle.succeeded(attempt)
    renewed = await _hashed(secret, name, user_id)
    async with transaction() as session:
        provider = await _provider(session, name, known)
        if provider is None:
            raise UserError("wrong_current_password")
        provider.provider_data = renewed
        await sign_out_others_in(session, user_id, here)
        if revoke_tokens:
            await session.exec(delete(ApiToken).where(col(ApiToken.user_id) == user_id))


async def _hashed(secret: bytes, username: str, sender: str) -> str:
    """The hash of a new password, computed for `sender` (an address or a user id).

    Raises UserError `password_guessable`, `sign_in_busy`.
    """
    typed = secret.decode("utf-8", "replace")
    if await password_hashing.in_thread(lambda: weak_passwords.is_guessable(typed, username), sender):
        raise UserError("password_guessable")
    return await password_hashing.hashed(secret, sender)


async def _hash(name: str) -> str | None:
    """The stored password hash of the active person with this folded username."""
    async with transaction() as session:
        found = await session.exec(
            select(AuthProvider.provider_data)
            .join(User, col(User.id) == AuthProvider.user_id)
            .where(
                AuthProvider.provider_type == PASSWORD,
                AuthProvider.provider_user_id == name,
                User.status == "active",
            )
        )
        return found.first()


async def _provider(session: AsyncSession, name: str, known: str | None) -> AuthProvider | None:
    """The row of this username, locked, if its hash is still the one that was verified."""
    found = await session.exec(
        select(AuthProvider)
        .where(
            AuthProvider.provider_type == PASSWORD,
            AuthProvider.provider_user_id == name,
            AuthProvider.provider_data == known,
        )
        .with_for_update()
    )
    return found.first()
