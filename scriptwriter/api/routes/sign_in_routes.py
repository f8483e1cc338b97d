"""The two form targets that open a session by password: sign in and register."""

from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from scriptwriter.api.auth.refused_sign_in import TYPED, refused
from scriptwriter.api.auth.session_cookie import Agent, Next, Origin, cookie_name, set_cookie, set_session
from scriptwriter.api.middleware.client_address import address_of
from scriptwriter.api.middleware.origins import home_of, inside
from scriptwriter.services.accounts import passwords

router = APIRouter(prefix="/api/session", tags=["session"])

DEVICE = "scriptwriter_device"
"""The cookie of a browser that has signed in before: wrong passwords of strangers do not lock it out."""
DEVICE_SECONDS = 180 * 24 * 60 * 60

Field = Annotated[str, Form()]


@router.post("/sign-in", include_in_schema=False)
async def sign_in(
    request: Request,
    username: Field = "",
    password: Field = "",
    origin: Origin = None,
    agent: Agent = "",
    next: Next = "/projects",
) -> RedirectResponse:
    """Sign in by username and password."""
    home = home_of(origin)
    signing_in = passwords.sign_in(
        username,
        password,
        address=address_of(request),
        user_agent=agent,
        instead_of=request.cookies.get(cookie_name(), ""),
        device=request.cookies.get(cookie_name(DEVICE), ""),
    )
    return await _opened(signing_in, request, home, "/sign-in", username, next)


@router.post("/register", include_in_schema=False)
async def register(
    request: Request,
    username: Field = "",
    password: Field = "",
    origin: Origin = None,
    agent: Agent = "",
    next: Next = "/projects",
) -> RedirectResponse:
    """Make an account, and sign it in."""
    home = home_of(origin)
    registering = passwords.register(
        username,
        password,
        address=address_of(request),
        user_agent=agent,
        instead_of=request.cookies.get(cookie_name(), ""),
    )
    return await _opened(registering, request, home, "/register", username, next)


async def _opened(
    opening: Awaitable[str], request: Request, home: str, path: str, username: str, next: str
) -> RedirectResponse:
    try:
        token = await opening
        device = await passwords.device_of(username, request.cookies.get(cookie_name(DEVICE), ""))
    except Exception as error:
        return refused(home, path, error, next=next, username=username)
    response = RedirectResponse(home + inside(next), status_code=303)
    set_session(response, token)
    set_cookie(response, DEVICE, device, DEVICE_SECONDS)
    set_cookie(response, TYPED, "", 0)
    return response
