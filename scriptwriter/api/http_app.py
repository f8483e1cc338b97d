"""The FastAPI app of the HTTP API. Reflex mounts it beside its own routes."""

from fastapi import FastAPI

from scriptwriter.api import error_responses
from scriptwriter.api.auth import session_cookie
from scriptwriter.api.auth.session_renewal import SessionRenewal
from scriptwriter.api.middleware.body_limit import BodyLimit
from scriptwriter.api.middleware.large_answers import LargeAnswers
from scriptwriter.api.middleware.websocket_headers import WebsocketHeaders
from scriptwriter.api.routes import (
    brainstorm_routes,
    docs_page,
    flow_routes,
    health_routes,
    invitation_routes,
    member_routes,
    metrics_routes,
    openid_routes,
    project_routes,
    shape_routes,
    sign_in_routes,
    transfer_routes,
    unknown_routes,
)
from scriptwriter.operations.version import version

ROUTERS = (
    project_routes.router,
    transfer_routes.router,
    member_routes.router,
    invitation_routes.router,
    brainstorm_routes.router,
    flow_routes.router,
    shape_routes.router,
    session_cookie.router,
    sign_in_routes.router,
    openid_routes.router,
    health_routes.router,
    metrics_routes.router,
    docs_page.router,
)
"""In the order of the docs page."""


def create() -> FastAPI:
    """The HTTP API of the web process."""
    api = FastAPI(
        title="Scriptwriter",
        version=version(),
        description=docs_page.DESCRIPTION,
        openapi_url=docs_page.OPENAPI,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for router in (*ROUTERS, unknown_routes.router(ROUTERS)):
        api.include_router(router)
    error_responses.install(api)
    api.add_middleware(SessionRenewal)
    api.add_middleware(WebsocketHeaders)
    api.add_middleware(LargeAnswers)
    # The middleware added last runs first: a body over the limit reaches no other code.
    api.add_middleware(BodyLimit)
    return api
