"""Owns what can be said of the system's health: of its database, Electric, the workers, the generations."""

import asyncio
from typing import Literal, get_args

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from scriptwriter.domain.graph import TransformStatus
from scriptwriter.store.database import transaction

HEARTBEAT_SECONDS = 30
PATIENCE = 2.0
"""Seconds within which a healthy server answers."""

AWAY = (SQLAlchemyError, OSError, TimeoutError)
"""What asking a database that is away raises."""

_STATES: tuple[TransformStatus, ...] = get_args(TransformStatus)


async def database_state() -> Literal["ok", "unreachable"]:
    """Whether the database answers in time."""
    try:
        await _scalar("SELECT 1")
    except AWAY:
        return "unreachable"
    return "ok"


async def electric_state(url: str) -> Literal["ok", "starting", "unreachable"]:
    """Whether the Electric server at `url` answers in time, and has its database. Source: GET /v1/health."""
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{url}/v1/health")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        return "unreachable"
    # 202 says that it waits for its database.
    return {200: "ok", 202: "starting"}.get(answer.status_code, "unreachable")  # pyright: ignore[reportReturnType]


async def worker_state() -> Literal["ok", "missing", "unknown"]:
    """Whether any worker is alive; unknown while the database is away."""
    try:
        return "ok" if await worker_alive() else "missing"
    except AWAY:
        return "unknown"


async def worker_alive() -> bool:
    """Whether a worker has given a sign of life within the last HEARTBEAT_SECONDS; or the driver's error."""
    query = (
        "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :s)"
    )
    return await _scalar(query, s=HEARTBEAT_SECONDS) > 0


async def generations_by_state() -> dict[str, int]:
    """How many generations are in each state, empty ones included; or the driver's error."""
    query = "SELECT streaming_status, count(*) FROM transforms WHERE type = 'llm' GROUP BY 1"
    async with asyncio.timeout(PATIENCE), transaction() as session:
        found = await (await session.connection()).execute(text(query))
        return dict.fromkeys(_STATES, 0) | {state: number for state, number in found.all()}


async def _scalar(query: str, **params: float) -> int:
    async with asyncio.timeout(PATIENCE), transaction() as session:
        found = await (await session.connection()).execute(text(query), params)
        return found.scalar_one()
