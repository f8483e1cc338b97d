"""The session cookie: set at sign-in, read by every request and websocket, deleted at sign-out."""

from typing import Annotated

from fastapi import APIRouter, Form, Header, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from scriptwriter.api.middleware.origins import home_of, inside
from scriptwriter.services.accounts import sessions, test_user
from scriptwriter.settings import settings

COOKIE = "scriptwriter_session"
"""The name of the cookie without https; see `cookie_name`."""

router = APIRouter(prefix="/api/session", tags=["session"])

Origin = Annotated[str | None, Header()]
Agent = Annotated[str, Header(alias="user-agent")]
Next = Annotated[str, Form()]


def cookie_name(name: str = COOKIE) -> str:
    """The name of a cookie here. With https it gets the prefix `__Host-` (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if settings().secure else name


def token_in(cookie_header: str) -> str:
    """The session token in a Cookie header; "" if there is none."""
    return value_in(cookie_header, cookie_name())


def value_in(cookie_header: str, name: str) -> str:
    """The value of the cookie `name` in a Cookie header; "" if there is none.

    Of several with this name the last one counts, as in Starlette.
    """
    pairs = (pair.strip().partition("=") for pair in cookie_header.split(";"))
    values = [value for each, _, value in pairs if each == name]
    return values[-1].strip('"') if values else ""


def without_escapes(cookie_header: str) -> str:
    """The Cookie header without cookies that contain a backslash. This application sets none.

    Other applications on the same host may. Python before 3.11.10 unquotes such a value in time that grows
    with the square of its length (CVE-2024-7592): 8 s for 32 KB.
    """
    return ";".join(pair for pair in cookie_header.split(";") if "\\" not in pair)


def set_session(response: Response, token: str) -> None:
    """Set the session cookie, for as long as a session lives without being used."""
    set_cookie(response, COOKIE, token, int(sessions.SESSION_LIFE.total_seconds()))


def set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    """Set an HttpOnly, SameSite=Lax cookie for so many seconds; 0 deletes it."""
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
    """Sign in the test user of development. In production the answer is 404."""
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
