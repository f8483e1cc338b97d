"""The page that explains the HTTP API: Swagger UI over the OpenAPI document, served from here alone."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response

from scriptwriter.api.middleware.security_headers import POLICY, hashes, page_policy

OPENAPI = "/api/openapi.json"
DESCRIPTION = """Programs can do here what people do on the pages: the same services, with the same checks.

A program authenticates with an API token of its person (`Authorization: Bearer sw_…`). A page of this
application uses the session cookie. Request bodies are JSON. Error messages are Chinese or English, by
`Accept-Language`."""

_SCRIPT, _STYLE = "/api/docs/swagger-ui.js", "/api/docs/swagger-ui.css"
_FILES = files("fastapi_swagger") / "resources"
_CACHED = {"cache-control": "public, max-age=3600"}

router = APIRouter(include_in_schema=False)


@router.get(_SCRIPT)
async def script() -> Response:
    """Swagger UI's script."""
    return Response(_read("swagger-ui-bundle.js"), media_type="text/javascript", headers=_CACHED)


@router.get(_STYLE)
async def style() -> Response:
    """Swagger UI's style sheet."""
    return Response(_read("swagger-ui.css"), media_type="text/css", headers=_CACHED)


@router.get("/api/docs")
async def docs() -> HTMLResponse:
    """The page; its content policy allows this server's files and the page's one inline script."""
    page = get_swagger_ui_html(
        openapi_url=OPENAPI,
        title="Scriptwriter API",
        swagger_js_url=_SCRIPT,
        swagger_css_url=_STYLE,
        swagger_favicon_url="data:,",
        # The browser must not store a token that a person enters on this page.
        swagger_ui_parameters={"persistAuthorization": False, "validatorUrl": None},
    )
    page.headers[POLICY] = page_policy(hashes(bytes(page.body).decode()))
    return page


def _read(name: str) -> bytes:
    return (_FILES / name).read_bytes()
