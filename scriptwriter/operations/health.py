"""Health of the system: database, Electric, workers, and runs by status."""

import asyncio
from typing import Literal, get_args

import httpx
from sqlalchemy import text

from scriptwriter.domain.graph import TransformStatus
from scriptwriter.store.database import DATABASE_AWAY, transaction

HEARTBEAT_SECONDS = 30
PATIENCE = 2.0
"""Seconds within which a healthy server answers."""

AWAY = (*DATABASE_AWAY, OSError, TimeoutError)
"""Exceptions of a query while the database is unavailable."""

_STATES: tuple[TransformStatus, ...] = get_args(TransformStatus)


async def database_state() -> Literal["ok", "unreachable"]:
    """Whether the database answers in time."""
    try:
        await _scalar("SELECT 1")
    except AWAY:
        return "unreachable"
    return "ok"


async def electric_state(url: str) -> Literal["ok", "starting", "unreachable"]:
    """Whether Electric at `url` answers in time and has its database, by GET /v1/health."""
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{url}/v1/health")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        return "unreachable"
    # 202: it waits for its database.
    return {200: "ok", 202: "starting"}.get(answer.status_code, "unreachable")  # pyright: ignore[reportReturnType]


async def worker_state() -> Literal["ok", "missing", "unknown"]:
    """Whether any worker is alive; unknown while the database is unavailable."""
    try:
        return "ok" if await worker_alive() else "missing"
    except AWAY:
        return "unknown"


async def worker_alive() -> bool:
    """Whether a worker process has sent a heartbeat in the last HEARTBEAT_SECONDS. Raises one of AWAY."""
    query = "SELECT count(*) FROM worker_processes WHERE last_heartbeat > now() - make_interval(secs => :s)"
    return await _scalar(query, s=HEARTBEAT_SECONDS) > 0


async def runs_by_state() -> dict[str, int]:
    """Number of runs by status, including 0. Raises the driver's error."""
    query = "SELECT streaming_status, count(*) FROM transforms WHERE type = 'llm' GROUP BY 1"
    async with asyncio.timeout(PATIENCE), transaction() as session:
        found = await (await session.connection()).execute(text(query))
        return dict.fromkeys(_STATES, 0) | {state: number for state, number in found.all()}


async def _scalar(query: str, **params: float) -> int:
    async with asyncio.timeout(PATIENCE), transaction() as session:
        found = await (await session.connection()).execute(text(query), params)
        return found.scalar_one()
