"""Sign-in with OpenID Connect: the redirect to the provider, its callback, and the cookie between them."""

import base64
import json
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse

from scriptwriter.api.auth.refused_sign_in import refused
from scriptwriter.api.auth.session_cookie import Agent, cookie_name, set_cookie, set_session
from scriptwriter.api.middleware.origins import allowed, inside, origin_of
from scriptwriter.services.accounts import openid_client, provider_identities
from scriptwriter.services.accounts.openid_client import Provider
from scriptwriter.settings import settings

START = "/api/session/oidc"
CALLBACK = START + "/callback"
"""The path of the redirect URI: an operator registers SCRIPTWRITER_URL followed by it at the provider."""
COOKIE = "scriptwriter_oidc"
_SECONDS = 600
"""Seconds that a person may spend at the provider."""

router = APIRouter(tags=["session"])


@router.get(START, include_in_schema=False)
async def start(request: Request, page: str = "", next: str = "/projects") -> RedirectResponse:
    """Redirect to the provider. `page` is the origin to return to; only development needs it."""
    provider = _provider()
    home = _home(request, page)
    try:
        address, asked = await openid_client.begin(provider, _base(request) + CALLBACK)
    except Exception as error:
        return refused(home, "/sign-in", error, next=next)
    response = RedirectResponse(address, status_code=303)
    kept = json.dumps({"asked": asdict(asked), "page": home, "next": inside(next)})
    set_cookie(response, COOKIE, base64.urlsafe_b64encode(kept.encode()).decode(), _SECONDS)
    return response


@router.get(CALLBACK, include_in_schema=False)
async def callback(request: Request, agent: Agent = "") -> RedirectResponse:
    """Handle the provider's redirect: sign in, or redirect with the error's code."""
    provider = _provider()
    kept = _kept(request.cookies.get(cookie_name(COOKIE), ""))
    home, next = _home(request, kept.get("page", "")), inside(kept.get("next", "/projects"))
    try:
        asked = openid_client.Request(**kept["asked"]) if kept else None
        identity = await openid_client.finish(provider, asked, request.query_params)
        earlier = request.cookies.get(cookie_name(), "")
        token = await provider_identities.sign_in(identity, user_agent=agent, instead_of=earlier)
    except Exception as error:
        response = refused(home, "/sign-in", error, next=next)
    else:
        response = RedirectResponse(home + next, status_code=303)
        set_session(response, token)
    set_cookie(response, COOKIE, "", 0)
    return response


def _provider() -> Provider:
    known = settings()
    if not (known.oidc_issuer and known.oidc_client_id and known.oidc_client_secret):
        raise HTTPException(404)
    return Provider(known.oidc_issuer, known.oidc_client_id, known.oidc_client_secret.get_secret_value())


def _base(request: Request) -> str:
    """The base URL of this API for the browser. In development the pages have another port."""
    return (settings().public_url or str(request.base_url)).rstrip("/")


def _home(request: Request, page: str) -> str:
    """The origin of the pages."""
    return origin_of(page) if allowed(page) else _base(request)


def _kept(cookie: str) -> dict[str, Any]:
    """The content of the cookie that `start` set; empty if it is missing or malformed."""
    try:
        kept = json.loads(base64.urlsafe_b64decode(cookie))
        openid_client.Request(**kept["asked"])
        return kept | {name: str(kept[name]) for name in ("page", "next")}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
