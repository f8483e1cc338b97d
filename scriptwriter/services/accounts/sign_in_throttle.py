"""Throttles: failed sign-ins, registrations per address, and looked up usernames per person.

Failed sign-ins are counted by account and address, by account over all addresses, and by address over all
accounts. Beyond a limit each next attempt waits longer. A known device (see known_devices.py) has its own
count, so that failures of strangers do not lock its person out.

An attempt counts as failed from `begin` until `succeeded`, so that concurrent attempts cannot pass the limit
together.
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
"""Failed sign-ins to one account from one address, or from one known device."""
ADDRESS_LIMIT = 20
"""Failed sign-ins from one address to all accounts."""
ACCOUNT_LIMIT = 50
"""Failed sign-ins to one account from all addresses."""
REGISTRATIONS_WINDOW = timedelta(hours=1)
LOOKUPS_WINDOW = timedelta(hours=1)
MOST_LOOKUPS = 60
"""Usernames that one person may look up within LOOKUPS_WINDOW."""
FIRST_WAIT, LONGEST_WAIT = 30, 15 * 60  # seconds
NO_ACCOUNT = "-"
"""The account of an attempt that has only an address, such as a registration."""
SIGNED_IN = "signed in"
"""The device of a person who enters the password again within a session."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
# clock_timestamp(), because the transaction may have waited for the lock since it began.
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
_DELETE_COUNTED = text("""
    DELETE FROM sign_in_failures
    WHERE id = :id OR (account = :account AND address = :place AND account != :nobody)
""")

# Seconds until the oldest of the newest `limit` rows leaves the window; no row if there are fewer.
_FULL = """
    SELECT CAST(extract(epoch FROM {at} + :window - clock_timestamp()) AS float)
    FROM {table} WHERE {of} = :{of} AND {at} > clock_timestamp() - :window
    ORDER BY {at} DESC OFFSET :limit - 1 LIMIT 1
"""
_REGISTRATION = text(_FULL.format(table="registrations", of="address", at="registered_at"))
_LOOKUP = text(_FULL.format(table="name_lookups", of="user_id", at="looked_at"))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in attempt. It counts as failed until `succeeded`."""

    id: int
    account: str
    place: str


async def begin(account: str, address: str, device: str = "") -> Attempt:
    """Record an attempt on `account` (a hash of its name, or NO_ACCOUNT) from `address` ("" if unknown).

    `device` is the id of a known device of the account, SIGNED_IN, or "".
    Raises UserError `too_many_attempts` (seconds until the next one). Such an attempt is not recorded.
    """
    place = f"{_DEVICE}{device}" if device else address
    values = {"account": account, "place": place, "window": WINDOW}
    async with transaction() as session:
        connection = await session.connection()
        wait = 0
        # Always in this order, so that two attempts cannot deadlock.
        for lock, query, limit in _limits(account, address, device):
            await connection.execute(_LOCK, {"what": f"sign-in {lock}"})
            found = (await connection.execute(query, values)).one()
            wait = max(wait, _wait(found.number, float(found.ago or 0), limit))
        if wait:
            raise UserError("too_many_attempts", seconds=wait)
        noted = await connection.execute(_NOTE, values)
        return Attempt(noted.scalar_one(), account, place)


def _limits(account: str, address: str, device: str) -> Iterator[tuple[str, TextClause, int]]:
    """The locks to take, each with the query that counts failures and its limit."""
    if account != NO_ACCOUNT:
        yield f"account {account}", _OF_PAIR, PAIR_LIMIT
        if not device:
            yield f"account {account}", _OF_ACCOUNT, ACCOUNT_LIMIT
    if address and not device:
        yield f"address {address}", _OF_ADDRESS, ADDRESS_LIMIT


async def succeeded(attempt: Attempt) -> None:
    """Delete the attempt, and the failures of its account from the same address or device."""
    async with transaction() as session:
        values = {**asdict(attempt), "nobody": NO_ACCOUNT}
        await (await session.connection()).execute(_DELETE_COUNTED, values)


async def count_registration(session: AsyncSession, address: str) -> None:
    """Count a registration from `address` ("" if unknown), in the transaction of `session`.

    Raises UserError `too_many_registrations` (seconds and minutes until the next one).
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
    """Count a username that the person looks up, whether it exists or not.

    Raises UserError `too_many_lookups` (seconds and minutes until the next one).
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
    """Seconds to wait after `number` failures, the last of which was `ago` seconds ago."""
    if number < limit:
        return 0
    return max(0, ceil(min(FIRST_WAIT * 2 ** (number - limit), LONGEST_WAIT) - ago))
