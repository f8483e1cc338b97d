"""Owns the FastAPI app that Reflex mounts beside its own routes."""

from fastapi import FastAPI

from scriptwriter.api import health, metrics, openid, session, sign_in
from scriptwriter.api.event_headers import EventHeaders
from scriptwriter.api.renewal import SessionRenewal


def create() -> FastAPI:
    """The HTTP API of the web process."""
    api = FastAPI(title="Scriptwriter", docs_url="/api/docs", openapi_url="/api/openapi.json", redoc_url=None)
    api.include_router(session.router)
    api.include_router(sign_in.router)
    api.include_router(openid.router)
    api.add_middleware(SessionRenewal)
    api.add_middleware(EventHeaders)
    api.include_router(health.router)
    api.include_router(metrics.router)
    return api
