"""Authentication of API requests: an API token in `Authorization`, or the session cookie."""

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

# Only for the OpenAPI document. `credential_of` reads the request: a wrong token is not a missing one.
_BEARER = HTTPBearer(
    scheme_name="token", auto_error=False, description="Your API token: `Authorization: Bearer sw_…`"
)
_COOKIE = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    auto_error=False,
    description="The cookie of a signed-in browser. Requests that change something must come from this site.",
)


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential that a request carries. It may expire or be revoked, so `person` checks it each time."""

    token: str
    from_cookie: bool
    address: str = field(default="", compare=False)
    user_agent: str = field(default="", compare=False)

    async def person(self) -> User:
        """The person to whom the credential belongs now. Raises UserError: `signed_out`, `token_rejected`."""
        if self.from_cookie:
            user = await sessions.user_of_session(self.token)
        else:
            user = await api_tokens.user_of_token(
                self.token, address=self.address, user_agent=self.user_agent
            )
        if user is None:
            raise self.rejected()
        return user

    def rejected(self) -> UserError:
        """The error of a credential that is nobody's, or nobody's any more."""
        return UserError("signed_out" if self.from_cookie else "token_rejected")


def credential_of(request: Request) -> Credential:
    """The credential of a request. A bearer token takes precedence over the cookie, valid or not."""
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
    """The person who sent the request (a FastAPI dependency).

    Browsers attach the cookie to requests that other sites start, so with a cookie an unsafe method needs an
    allowed Origin. Raises UserError: `signed_out`, `token_rejected`, `origin_not_allowed`.
    """
    credential = credential_of(request)
    user = await credential.person()
    from_here = request.method in _SAFE or allowed(request.headers.get("origin"))
    if credential.from_cookie and not from_here:
        raise UserError("origin_not_allowed")
    return user


Person = Annotated[User, Depends(person)]
