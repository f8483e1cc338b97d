"""Owns the signs of life of the processes that generate, and which of them count as dead.

A process has a row of its own among the queue's workers: it outlives the workers that the process runs one
after the other, which end with every loss of the database while the generations go on. Knows no generation.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.store.database import transaction

LONG_AGO = datetime.min.replace(tzinfo=UTC)

_ENTER = text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")

# Inserted again where it was cleared away: a process that slept for days may still have it.
_BEAT = text("""
    INSERT INTO procrastinate_workers (id, last_heartbeat) OVERRIDING SYSTEM VALUE VALUES (:id, now())
    ON CONFLICT (id) DO UPDATE SET last_heartbeat = excluded.last_heartbeat
""")
_LEAVE = text("DELETE FROM procrastinate_workers WHERE id = :id")

_ALIVE = text(
    "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE id = :id AND last_heartbeat >= :deadline)"
)


async def beat(process: int | None) -> int:
    """Give a sign of life for `process`; returns its id, a new one for None."""
    async with transaction() as session:
        connection = await session.connection()
        if process is None:
            return (await connection.execute(_ENTER)).scalar_one()
        await connection.execute(_BEAT, {"id": process})
        return process


async def leave(process: int) -> None:
    """The process ends: it counts as dead from now on."""
    async with transaction() as session:
        await (await session.connection()).execute(_LEAVE, {"id": process})


async def is_alive(session: AsyncSession, process: int, deadline: datetime) -> bool:
    """Whether `process` has given a sign of life since `deadline`."""
    found = await (await session.connection()).execute(_ALIVE, {"id": process, "deadline": deadline})
    return found.scalar_one()


class Watch:
    """Who counts as dead in the eyes of one process that looks at the database again and again.

    Dead is whose last sign of life is older than `stalled` seconds. As nobody can give one while the database
    is away, nobody dies of an outage: two looks more than `gap` seconds apart had one between them (or the
    looker slept), and then, as at its first look, it grants `grace` seconds to come back in.
    """

    def __init__(self, *, stalled: float, gap: float = 60.0, grace: float = 0.0) -> None:
        self._stalled = timedelta(seconds=stalled)
        self._gap = timedelta(seconds=gap)
        self._grace = timedelta(seconds=grace)
        self._since: datetime | None = None
        self._last: datetime | None = None

    def deadline(self, now: datetime) -> datetime:
        """Look at `now` (the database's clock): who was silent since before the returned moment is dead."""
        if self._since is None or self._last is None or abs(now - self._last) > self._gap:
            self._since = now
        self._last = now
        return now - self._stalled if now - self._since >= self._grace else LONG_AGO
