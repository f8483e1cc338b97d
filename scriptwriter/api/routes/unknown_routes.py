"""Owns what is answered under /api/ where there is no route: without it the pages' server would be asked."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def router(others: Sequence[APIRouter]) -> APIRouter:
    """The last router, after `others`: 405 at an address that they know by other methods, and else 404."""
    routes = [route for each in others for route in each.routes if isinstance(route, APIRoute)]
    last = APIRouter()

    @last.api_route("/api/{path:path}", methods=METHODS, include_in_schema=False)
    async def nowhere(request: Request) -> Response:
        path = request.url.path
        methods = {
            method for route in routes if route.path_regex.match(path) for method in route.methods or ()
        }
        if methods:
            raise HTTPException(405, headers={"allow": ", ".join(sorted(methods))})
        raise HTTPException(404)

    return last
