"""Owns the session cookie: set at sign-in, read by every request and websocket, deleted at sign-out."""

from typing import Annotated

from fastapi import APIRouter, Form, Header, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from scriptwriter.api.middleware.origins import home_of, inside
from scriptwriter.services.accounts import sessions, test_user
from scriptwriter.settings import settings

COOKIE = "scriptwriter_session"
"""Its name without https; see `cookie_name`."""

router = APIRouter(prefix="/api/session", tags=["session"])

Origin = Annotated[str | None, Header()]
Agent = Annotated[str, Header(alias="user-agent")]
Next = Annotated[str, Form()]


def cookie_name(name: str = COOKIE) -> str:
    """A cookie's name: behind https a browser takes it from this very host only (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if settings().secure else name


def token_in(cookie_header: str) -> str:
    """The session's token in a Cookie header ("" where there is none)."""
    return value_in(cookie_header, cookie_name())


def value_in(cookie_header: str, name: str) -> str:
    """The value of one cookie in a Cookie header ("" where there is none), whatever stands beside it.

    Of two with this name the last one counts, as for Starlette.
    """
    pairs = (pair.strip().partition("=") for pair in cookie_header.split(";"))
    values = [value for each, _, value in pairs if each == name]
    return values[-1].strip('"') if values else ""


def without_escapes(cookie_header: str) -> str:
    """The same Cookie header without cookies that hold a backslash, which none of ours does.

    Other applications on this host may have some. To read an escaped value takes Python before 3.11.10 time
    that grows with the square of its length (CVE-2024-7592): 8 s for 32 KB.
    """
    return ";".join(pair for pair in cookie_header.split(";") if "\\" not in pair)


def set_session(response: Response, token: str) -> None:
    """Let the browser keep the session for as long as it lives unseen."""
    set_cookie(response, COOKIE, token, int(sessions.SESSION_LIFE.total_seconds()))


def set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    """A cookie that no script reads, and that no other site sends along with a form; 0 seconds: delete it."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings().secure,
    )


@router.post("/test-user", include_in_schema=False)
async def sign_in_test_user(
    request: Request, origin: Origin = None, agent: Agent = "", next: Next = "/projects"
) -> RedirectResponse:
    """Sign in the test user of development; there is no such route in production."""
    if not settings().development:
        raise HTTPException(404)
    response = RedirectResponse(home_of(origin) + inside(next), status_code=303)
    earlier = request.cookies.get(cookie_name(), "")
    set_session(response, await test_user.sign_in(user_agent=agent, instead_of=earlier))
    return response


@router.post("/sign-out", include_in_schema=False)
async def sign_out(request: Request, origin: Origin = None, next: Next = "/sign-in") -> RedirectResponse:
    """End this browser's session."""
    response = RedirectResponse(home_of(origin) + inside(next), status_code=303)
    await sessions.sign_out(request.cookies.get(cookie_name(), ""))
    set_cookie(response, COOKIE, "", 0)
    return response
