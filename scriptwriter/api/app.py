"""Owns the FastAPI app that Reflex mounts beside its own routes."""

from fastapi import FastAPI

from scriptwriter.api import health, metrics, session


def create() -> FastAPI:
    """The HTTP API of the web process."""
    api = FastAPI(title="Scriptwriter", docs_url="/api/docs", openapi_url="/api/openapi.json", redoc_url=None)
    api.include_router(session.router)
    api.include_router(health.router)
    api.include_router(metrics.router)
    return api
