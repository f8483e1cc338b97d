"""Owns how often a sign-in may fail: per account and per address, then with a growing wait.

It also counts the accounts that are made from an address, and the usernames that a person looks up.

Every attempt counts as failed from its begin until `succeeded` takes it back, so that many at once do not
pass together. Knows no password.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.database import transaction
from scriptwriter.errors import UserError
from scriptwriter.models import NameLookup, Registration
from scriptwriter.settings import settings

WINDOW = timedelta(minutes=15)
ACCOUNT_LIMIT = 5
ADDRESS_LIMIT = 20
REGISTRATIONS_WINDOW = timedelta(hours=1)
LOOKUPS_WINDOW = timedelta(hours=1)
MOST_LOOKUPS = 60
"""Usernames that one person may look up within LOOKUPS_WINDOW."""
FIRST_WAIT, LONGEST_WAIT = 30, 15 * 60  # seconds
NO_ACCOUNT = "-"
"""For an attempt that has an address only, such as to register."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
# By the clock, not the transaction's begin: it may have waited for the lock.
_FAILURES = """
    SELECT count(*) AS number, extract(epoch FROM clock_timestamp() - max(failed_at)) AS ago
    FROM sign_in_failures WHERE {column} = :value AND failed_at > clock_timestamp() - :window
"""
_OF_ACCOUNT = text(_FAILURES.format(column="account"))
_OF_ADDRESS = text(_FAILURES.format(column="address"))
_NOTE = text("""
    INSERT INTO sign_in_failures (account, address, failed_at)
    VALUES (:account, :address, clock_timestamp()) RETURNING id
""")
_FORGET = text("DELETE FROM sign_in_failures WHERE id = :id OR (account = :account AND account != :nobody)")

# Seconds until the oldest of the newest `limit` rows leaves the window; no row where there are fewer.
_FULL = """
    SELECT CAST(extract(epoch FROM {at} + :window - clock_timestamp()) AS float)
    FROM {table} WHERE {of} = :{of} AND {at} > clock_timestamp() - :window
    ORDER BY {at} DESC OFFSET :limit - 1 LIMIT 1
"""
_REGISTRATION = text(_FULL.format(table="registrations", of="address", at="registered_at"))
_LOOKUP = text(_FULL.format(table="name_lookups", of="user_id", at="looked_at"))


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that counts as failed until `succeeded`."""

    id: int
    account: str


async def begin(account: str, address: str) -> Attempt:
    """An attempt on an account (a hash of its name, or NO_ACCOUNT) from an address ("" where it has none).

    Raises UserError `too_many_attempts` with the seconds until the next one, which is not counted.
    """
    counted = [
        (f"account {account}", _OF_ACCOUNT, account, ACCOUNT_LIMIT),
        (f"address {address}", _OF_ADDRESS, address, ADDRESS_LIMIT),
    ]
    async with transaction() as session:
        connection = await session.connection()
        wait = 0
        # Always in this order, so that two attempts never wait for each other.
        for what, query, value, limit in counted:
            if value in ("", NO_ACCOUNT):
                continue
            await connection.execute(_LOCK, {"what": f"sign-in {what}"})
            found = (await connection.execute(query, {"value": value, "window": WINDOW})).one()
            wait = max(wait, _wait(found.number, float(found.ago or 0), limit))
        if wait:
            raise UserError("too_many_attempts", seconds=wait)
        noted = await connection.execute(_NOTE, {"account": account, "address": address})
        return Attempt(noted.scalar_one(), account)


async def succeeded(attempt: Attempt) -> None:
    """Take the attempt back, and every failure of its account."""
    async with transaction() as session:
        values = {"id": attempt.id, "account": attempt.account, "nobody": NO_ACCOUNT}
        await (await session.connection()).execute(_FORGET, values)


async def count_registration(session: AsyncSession, address: str) -> None:
    """Count one more account from an address ("" where it has none), made in the transaction of `session`.

    Raises UserError `too_many_registrations` with the seconds, and minutes, until the next one.
    """
    if not address:
        return
    connection = await session.connection()
    await connection.execute(_LOCK, {"what": f"registration {address}"})
    values = {"address": address, "window": REGISTRATIONS_WINDOW, "limit": settings().registrations_per_hour}
    free_in = (await connection.execute(_REGISTRATION, values)).scalar_one_or_none()
    if free_in is not None:
        raise _too_many("too_many_registrations", free_in)
    session.add(Registration(address=address))


async def count_lookup(user_id: str) -> None:
    """Count one more username that the person looks up, whether somebody has it or not.

    Raises UserError `too_many_lookups` with the seconds, and minutes, until the next one.
    """
    async with transaction() as session:
        connection = await session.connection()
        await connection.execute(_LOCK, {"what": f"lookup {user_id}"})
        values = {"user_id": user_id, "window": LOOKUPS_WINDOW, "limit": MOST_LOOKUPS}
        free_in = (await connection.execute(_LOOKUP, values)).scalar_one_or_none()
        if free_in is not None:
            raise _too_many("too_many_lookups", free_in)
        session.add(NameLookup(user_id=user_id))


def _too_many(code: str, free_in: float) -> UserError:
    seconds = max(1, ceil(free_in))
    return UserError(code, seconds=seconds, minutes=ceil(seconds / 60))


def _wait(number: int, ago: float, limit: int) -> int:
    """Seconds to wait after the last of `number` failures, which was `ago` seconds ago; 0: none."""
    if number < limit:
        return 0
    return max(0, ceil(min(FIRST_WAIT * 2 ** (number - limit), LONGEST_WAIT) - ago))
