"""Owns the FastAPI app that Reflex mounts beside its own routes."""

from fastapi import FastAPI

from scriptwriter.api import health, metrics, session


def create() -> FastAPI:
    """The HTTP API of the web process."""
    # FastAPI's own pages run scripts of another site, which the policy of ours forbids.
    api = FastAPI(title="Scriptwriter", docs_url=None, openapi_url="/api/openapi.json", redoc_url=None)
    api.include_router(session.router)
    api.include_router(health.router)
    api.include_router(metrics.router)
    return api
