"""Owns the answers to whoever watches this process."""

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from scriptwriter.services import health

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(response: Response) -> dict[str, str]:
    """This process can work: its database answers; 503 while it does not."""
    try:
        await health.database_answers()
    except (SQLAlchemyError, OSError):
        response.status_code = 503
        return {"status": "unavailable", "database": "unreachable"}
    return {"status": "ok", "database": "ok"}
