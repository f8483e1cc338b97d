"""Owns who sent a request to the API: by a token of theirs, or by the session cookie of their browser."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from scriptwriter.api.auth.session_cookie import COOKIE, token_in
from scriptwriter.api.middleware.client_address import address_of
from scriptwriter.api.middleware.origins import allowed
from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import api_tokens, sessions
from scriptwriter.store.tables import User

_SAFE = ("GET", "HEAD")

# For OpenAPI alone: what a request holds is read by `credential_of`, where a wrong token is no missing one.
_BEARER = HTTPBearer(
    scheme_name="token", auto_error=False, description="A token of yours: `Authorization: Bearer sw_…`"
)
_COOKIE = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    auto_error=False,
    description="The cookie of a signed-in browser. What changes something is taken from our own pages only.",
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows of who sends it; good until it expires or is revoked, so it is asked anew."""

    token: str
    from_cookie: bool
    address: str = field(default="", compare=False)
    user_agent: str = field(default="", compare=False)

    async def person(self) -> User:
        """Whose it is now. Raises UserError: `signed_out`, `token_rejected`."""
        if self.from_cookie:
            user = await sessions.user_of_session(self.token)
        else:
            user = await api_tokens.user_of_token(
                self.token, address=self.address, user_agent=self.user_agent
            )
        if user is None:
            raise UserError("signed_out" if self.from_cookie else "token_rejected")
        return user


def credential_of(request: Request) -> Credential:
    """What the request shows. A bearer token counts alone, even beside a cookie that would be good."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        agent = request.headers.get("user-agent", "")
        return Credential(token.strip(), False, address=address_of(request), user_agent=agent)
    return Credential(token_in(request.headers.get("cookie", "")), from_cookie=True)


async def person(
    request: Request,
    _bearer: Annotated[object, Security(_BEARER)] = None,
    _cookie: Annotated[object, Security(_COOKIE)] = None,
) -> User:
    """Who sent the request.

    A browser sends its cookie along with whatever any page asks it to, so with a cookie a change has to come
    from a page of ours. Raises UserError: `signed_out`, `token_rejected`, `origin_not_allowed`.
    """
    credential = credential_of(request)
    user = await credential.person()
    from_here = request.method in _SAFE or allowed(request.headers.get("origin"))
    if credential.from_cookie and not from_here:
        raise UserError("origin_not_allowed")
    return user


Person = Annotated[User, Depends(person)]
