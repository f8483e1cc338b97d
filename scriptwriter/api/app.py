"""Owns the FastAPI app that Reflex mounts beside its own routes."""

from fastapi import FastAPI

from scriptwriter.api import health, metrics, reference, session


def create() -> FastAPI:
    """The HTTP API of the web process."""
    api = FastAPI(title="Scriptwriter", docs_url=None, openapi_url=reference.DOCUMENT, redoc_url=None)
    api.include_router(session.router)
    api.include_router(health.router)
    api.include_router(metrics.router)
    api.include_router(reference.router)
    return api
