"""Health checks of this process: `/healthz` (it answers) and `/readyz` (it can work)."""

import asyncio

from fastapi import APIRouter, Response

from scriptwriter.operations import health
from scriptwriter.operations.version import version
from scriptwriter.sync.hub import hub

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """This process answers, and says its version."""
    return {"status": "ok", "version": version()}


@router.get("/readyz", responses={503: {"model": dict[str, str], "description": "It cannot work now"}})
async def readyz(response: Response) -> dict[str, str]:
    """This process can work: its database and Electric answer; 503 while one of them does not.

    A missing worker is told and is no reason for a 503: pages are read, ideas kept and brainstorms started
    all the same, their jobs wait in the database, and taking web processes out of service would not help.
    """
    database, electric, worker = await asyncio.gather(
        health.database_state(), health.electric_state(_electric()), health.worker_state()
    )
    ready = database == "ok" and electric == "ok"
    response.status_code = 200 if ready else 503
    status = "ok" if ready else "unavailable"
    return {"status": status, "database": database, "electric": electric, "worker": worker}


def _electric() -> str:
    """Where Electric is; "" before this process has found out."""
    try:
        return hub().server
    except RuntimeError:
        return ""
