"""How often a sign-in may fail before the next one has to wait, longer every time.

An account counts its failures from each address, and from all together; an address those to all accounts. A
device known to the account counts its own, and no stranger's: see `devices`.

It also counts the accounts that are made from an address, and the usernames that a person looks up.

Every attempt counts as failed from its begin until `succeeded` takes it back, so that many at once do not
pass together. Knows no password.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from math import ceil

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import UserError
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import NameLookup, Registration

WINDOW = timedelta(minutes=15)
PAIR_LIMIT = 5
"""Failures of one account from one address, or from one known device."""
ADDRESS_LIMIT = 20
"""Failures from one address, whichever the accounts."""
ACCOUNT_LIMIT = 50
"""Failures of one account from all addresses together."""
REGISTRATIONS_WINDOW = timedelta(hours=1)
LOOKUPS_WINDOW = timedelta(hours=1)
MOST_LOOKUPS = 60
"""Usernames that one person may look up within LOOKUPS_WINDOW."""
FIRST_WAIT, LONGEST_WAIT = 30, 15 * 60  # seconds
NO_ACCOUNT = "-"
"""For an attempt that has an address only, such as to register."""
SIGNED_IN = "signed in"
"""The device of whoever says their password again within a session of theirs."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
# By the clock, not the transaction's begin: it may have waited for the lock.
_FAILURES = """
    SELECT count(*) AS number, extract(epoch FROM clock_timestamp() - max(failed_at)) AS ago
    FROM sign_in_failures WHERE {of} AND failed_at > clock_timestamp() - :window
"""
_DEVICE = "device "
_OF_PAIR = text(_FAILURES.format(of="account = :account AND address = :place"))
_OF_ACCOUNT = text(_FAILURES.format(of=f"account = :account AND NOT starts_with(address, '{_DEVICE}')"))
_OF_ADDRESS = text(_FAILURES.format(of="address = :place"))
_NOTE = text("""
    INSERT INTO sign_in_failures (account, address, failed_at)
    VALUES (:account, :place, clock_timestamp()) RETURNING id
""")
_FORGET = text("""
    DELETE FROM sign_in_failures
    WHERE id = :id OR (account = :account AND address = :place AND account != :nobody)
""")

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
    place: str


async def begin(account: str, address: str, device: str = "") -> Attempt:
    """An attempt on an account (a hash of its name, or NO_ACCOUNT) from an address ("" where it has none).

    `device` is the id of a device that is known to the account, or SIGNED_IN; "" for any other one.
    Raises UserError `too_many_attempts` with the seconds until the next one, which is not counted.
    """
    place = f"{_DEVICE}{device}" if device else address
    values = {"account": account, "place": place, "window": WINDOW}
    async with transaction() as session:
        connection = await session.connection()
        wait = 0
        # Always in this order, so that two attempts never wait for each other.
        for lock, query, limit in _limits(account, address, device):
            await connection.execute(_LOCK, {"what": f"sign-in {lock}"})
            found = (await connection.execute(query, values)).one()
            wait = max(wait, _wait(found.number, float(found.ago or 0), limit))
        if wait:
            raise UserError("too_many_attempts", seconds=wait)
        noted = await connection.execute(_NOTE, values)
        return Attempt(noted.scalar_one(), account, place)


def _limits(account: str, address: str, device: str) -> Iterator[tuple[str, TextClause, int]]:
    """What is locked, and which failures are counted up to which number."""
    if account != NO_ACCOUNT:
        yield f"account {account}", _OF_PAIR, PAIR_LIMIT
        if not device:
            yield f"account {account}", _OF_ACCOUNT, ACCOUNT_LIMIT
    if address and not device:
        yield f"address {address}", _OF_ADDRESS, ADDRESS_LIMIT


async def succeeded(attempt: Attempt) -> None:
    """Take the attempt back, and every failure of its account from where it was made."""
    async with transaction() as session:
        values = {**asdict(attempt), "nobody": NO_ACCOUNT}
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
