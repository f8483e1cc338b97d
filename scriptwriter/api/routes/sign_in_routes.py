"""The two form targets that open a session by password: sign in and register."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
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


@dataclass
class Credentials:
    """The fields of both forms, and what the server reads of the browser that sent one.

    `address` is the client's, `agent` its User-Agent, `session` and `device` are cookies ("" where there is
    none). `home` is the address of this site, `next` the path to go to afterwards.
    """

    request: Request
    username: Field = ""
    password: Field = ""
    origin: Origin = None
    agent: Agent = ""
    next: Next = "/projects"

    def __post_init__(self) -> None:
        self.home = home_of(self.origin)
        self.address = address_of(self.request)
        self.session = self.request.cookies.get(cookie_name(), "")
        self.device = self.request.cookies.get(cookie_name(DEVICE), "")


Typed = Annotated[Credentials, Depends()]


@router.post("/sign-in", include_in_schema=False)
async def sign_in(typed: Typed) -> RedirectResponse:
    """Sign in by username and password."""
    signing_in = passwords.sign_in(
        typed.username,
        typed.password,
        address=typed.address,
        user_agent=typed.agent,
        instead_of=typed.session,
        device=typed.device,
    )
    return await _opened(signing_in, typed, "/sign-in")


@router.post("/register", include_in_schema=False)
async def register(typed: Typed) -> RedirectResponse:
    """Make an account, and sign it in."""
    registering = passwords.register(
        typed.username,
        typed.password,
        address=typed.address,
        user_agent=typed.agent,
        instead_of=typed.session,
    )
    return await _opened(registering, typed, "/register")


async def _opened(opening: Awaitable[str], typed: Credentials, path: str) -> RedirectResponse:
    """Go on to the wanted page with the session that `opening` returns, or back to the form at `path`."""
    try:
        token = await opening
        device = await passwords.device_of(typed.username, typed.device)
    except Exception as error:
        return refused(typed.home, path, error, next=typed.next, username=typed.username)
    response = RedirectResponse(typed.home + inside(typed.next), status_code=303)
    set_session(response, token)
    set_cookie(response, DEVICE, device, DEVICE_SECONDS)
    set_cookie(response, TYPED, "", 0)
    return response
