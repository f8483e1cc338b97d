"""Owns the session cookie: set at sign-in, read by every request and websocket, deleted at sign-out."""

from http.cookies import CookieError, SimpleCookie
from typing import Annotated

from fastapi import APIRouter, Form, Header, HTTPException, Request
from fastapi.responses import RedirectResponse

from scriptwriter.api.origins import allowed, origin_of
from scriptwriter.services import accounts
from scriptwriter.settings import settings

COOKIE = "scriptwriter_session"

router = APIRouter(prefix="/api/session", tags=["session"])

Origin = Annotated[str | None, Header()]
Next = Annotated[str, Form()]


def token_in(cookie_header: str) -> str:
    """The session's token in a Cookie header ("" where there is none)."""
    try:
        morsel = SimpleCookie(cookie_header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _back_to(origin: str | None, path: str) -> RedirectResponse:
    """A redirect into the page that posted the form, never to another site. Raises HTTPException 403."""
    if not allowed(origin) or origin is None:
        raise HTTPException(403, "This origin is not allowed.")
    inside = path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
    return RedirectResponse(origin_of(origin) + inside, status_code=303)


@router.post("/test-user", include_in_schema=False)
async def sign_in_test_user(origin: Origin = None, next: Next = "/projects") -> RedirectResponse:
    """Sign in the test user of development; there is no such route in production."""
    if not settings().development:
        raise HTTPException(404)
    response = _back_to(origin, next)
    _set_cookie(response, await accounts.sign_in_test_user())
    return response


@router.post("/sign-out", include_in_schema=False)
async def sign_out(request: Request, origin: Origin = None, next: Next = "/sign-in") -> RedirectResponse:
    """End this browser's session."""
    response = _back_to(origin, next)
    await accounts.sign_out(request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE, path="/")
    return response


def _set_cookie(response: RedirectResponse, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(accounts.SESSION_LIFE.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=(settings().public_url or "").startswith("https://"),
    )
