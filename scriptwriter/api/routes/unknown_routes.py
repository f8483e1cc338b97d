"""404 and 405 for paths under /api/ without a route. Without it the server of the pages would answer."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def router(others: Sequence[APIRouter]) -> APIRouter:
    """A router to be included after `others`: 405 if they know the path by other methods, else 404."""
    routes = [route for each in others for route in each.routes if isinstance(route, APIRoute)]
    last = APIRouter()

    @last.api_route("/api/{path:path}", methods=METHODS, include_in_schema=False)
    async def unknown(request: Request) -> Response:
        path = request.url.path
        methods = {
            method for route in routes if route.path_regex.match(path) for method in route.methods or ()
        }
        if methods:
            raise HTTPException(405, headers={"allow": ", ".join(sorted(methods))})
        raise HTTPException(404)

    return last
