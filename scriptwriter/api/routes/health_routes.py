"""/healthz and /readyz for load balancers and monitoring."""

import asyncio

from fastapi import APIRouter, Response

from scriptwriter.operations import health
from scriptwriter.operations.version import version
from scriptwriter.sync.hub import hub

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether this process answers, and its version."""
    return {"status": "ok", "version": version()}


@router.get("/readyz", responses={503: {"model": dict[str, str], "description": "It cannot work now"}})
async def readyz(response: Response) -> dict[str, str]:
    """Whether this process can serve: 503 while its database or Electric does not answer.

    A missing worker is reported without a 503. Pages still work, new jobs wait in the database, and taking
    web processes out of service would not help.
    """
    database, electric, worker = await asyncio.gather(
        health.database_state(), health.electric_state(_electric()), health.worker_state()
    )
    ready = database == "ok" and electric == "ok"
    response.status_code = 200 if ready else 503
    status = "ok" if ready else "unavailable"
    return {"status": status, "database": database, "electric": electric, "worker": worker}


def _electric() -> str:
    """The URL of Electric; "" before this process has connected."""
    try:
        return hub().server
    except RuntimeError:
        return ""
