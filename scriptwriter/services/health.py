"""Owns what can be said of the system's health from its database."""

from sqlalchemy import text

from scriptwriter.database import transaction

HEARTBEAT_SECONDS = 30


async def database_answers() -> bool:
    """True, or the driver's error."""
    async with transaction() as session:
        await (await session.connection()).execute(text("SELECT 1"))
    return True


async def worker_alive() -> bool:
    """Whether any worker has given a sign of life within the last HEARTBEAT_SECONDS."""
    query = (
        "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :s)"
    )
    async with transaction() as session:
        found = await (await session.connection()).execute(text(query), {"s": HEARTBEAT_SECONDS})
        return found.scalar_one() > 0
