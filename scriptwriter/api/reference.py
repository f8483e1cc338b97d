"""Owns the page on which programmers read and try the HTTP API: Swagger UI, from this server alone."""

from importlib.resources import files

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from scriptwriter.api import policy

DOCUMENT = "/api/openapi.json"
_PAGE = "/api/docs"
_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

router = APIRouter(include_in_schema=False)


@router.get(_PAGE)
async def page(request: Request) -> HTMLResponse:
    """The page; its one inline script is known by its hash."""
    script, style, icon = (f"{_PAGE}/{name}" for name in _TYPES)
    html = get_swagger_ui_html(
        openapi_url=DOCUMENT,
        title=request.app.title,
        swagger_js_url=script,
        swagger_css_url=style,
        swagger_favicon_url=icon,
    )
    scripts = policy.hashes(bytes(html.body).decode())
    html.headers[policy.POLICY] = policy.page_policy(scripts)
    return html


@router.get(_PAGE + "/{name}")
async def part(name: str) -> Response:
    """A file that the page is made of."""
    if name not in _TYPES:
        raise HTTPException(404)
    content = files("fastapi_swagger").joinpath("resources", name).read_bytes()
    return Response(content, media_type=_TYPES[name], headers={"cache-control": "public, max-age=86400"})
