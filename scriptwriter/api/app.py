"""Owns the FastAPI app that Reflex mounts beside its own routes."""

from fastapi import FastAPI

from scriptwriter.api import (
    brainstorms,
    docs,
    flows,
    health,
    invitations,
    members,
    metrics,
    nowhere,
    openid,
    problems,
    projects,
    session,
    shapes,
    sign_in,
    transfers,
)
from scriptwriter.api.doorway import Doorway
from scriptwriter.api.event_headers import EventHeaders
from scriptwriter.api.renewal import SessionRenewal

ROUTERS = (
    projects.router,
    transfers.router,
    members.router,
    invitations.router,
    brainstorms.router,
    flows.router,
    shapes.router,
    session.router,
    sign_in.router,
    openid.router,
    health.router,
    metrics.router,
    docs.router,
)
"""In the order in which the docs tell of them."""


def create() -> FastAPI:
    """The HTTP API of the web process."""
    api = FastAPI(
        title="Scriptwriter",
        description=docs.DESCRIPTION,
        openapi_url=docs.OPENAPI,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for router in (*ROUTERS, nowhere.router(ROUTERS)):
        api.include_router(router)
    problems.install(api)
    api.add_middleware(SessionRenewal)
    api.add_middleware(EventHeaders)
    # The last one added is the first one met: a body that is too large costs nothing.
    api.add_middleware(Doorway)
    return api
