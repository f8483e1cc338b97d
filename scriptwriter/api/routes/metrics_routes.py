"""/metrics for Prometheus: its content, who may read it, and the port on which a worker process serves it."""

import asyncio
import hmac
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import Annotated

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse

from scriptwriter.operations import health
from scriptwriter.operations.observability import METRICS_TYPE, exposition
from scriptwriter.settings import settings

_PREFIX = "Bearer "
_log = structlog.get_logger(__name__)

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={401: {"description": "Wrong or missing token"}, 404: {"description": "Not served here"}},
)
async def metrics(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """Metrics of this process, and the runs in the database by status, in Prometheus' text format."""
    _require_right(request, authorization)
    try:
        states = await health.runs_by_state()
    except health.AWAY:
        states = None
    return Response(exposition(states), media_type=METRICS_TYPE)


def _require_right(request: Request, authorization: str) -> None:
    """Require METRICS_TOKEN if it is set; else allow loopback in development, and nobody in production.

    Behind a proxy on the same host every client address is a loopback address, so it proves nothing in
    production. Raises HTTPException 401, 404.
    """
    token = settings().metrics_token
    if token is not None:
        given = authorization.removeprefix(_PREFIX) if authorization.startswith(_PREFIX) else ""
        if not hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
            raise HTTPException(401, headers={"www-authenticate": "Bearer"})
    elif not (settings().development and _is_here(request)):
        raise HTTPException(404)


def _is_here(request: Request) -> bool:
    """Whether the request comes from loopback and names it as host, which rules out DNS rebinding."""
    named = (request.url.hostname or "").lower()
    return _is_loopback(request.client.host if request.client else "") and (
        named == "localhost" or _is_loopback(named)
    )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


@asynccontextmanager
async def served_beside() -> AsyncIterator[None]:
    """Serve /metrics on METRICS_PORT, if it is set, while the block runs: for a worker process.

    It listens on loopback unless METRICS_TOKEN is set. If the port is in use, the worker runs without it.
    """
    port, host = settings().metrics_port, "0.0.0.0" if settings().metrics_token else "127.0.0.1"
    try:
        listening = socket.create_server((host, port)) if port else None
    except OSError as error:
        _log.error("metrics_not_served", port=port, cause=error.strerror)
        listening = None
    if listening is None:
        yield
        return
    api = FastAPI(docs_url=None, openapi_url=None)
    api.include_router(router)
    config = uvicorn.Config(
        api, lifespan="off", access_log=False, log_config=None, timeout_graceful_shutdown=1
    )
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve([listening]), name="metrics")
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers: the process has its own."""
        yield
