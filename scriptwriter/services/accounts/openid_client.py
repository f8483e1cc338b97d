"""OpenID Connect client: authorization code flow with PKCE, state and nonce, on Authlib.

Every failure is a UserError; the log has the cause. Authlib's client makes the requests and its CodeIDToken
checks the claims. Its web framework integration is not used: it keeps state in a session middleware, follows
no RFC 9207, and raises errors of many kinds.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from scriptwriter.domain.errors import UserError

SCOPE = "openid profile email"
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Accepted signature algorithms: asymmetric ones. HMAC with the client secret and "none" are refused."""
TIMEOUT = 10.0
"""Seconds for one request to the provider."""
LEEWAY = 60
"""Seconds by which the clocks may differ."""

_log = structlog.get_logger(__name__)
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider, and the client credentials of this application."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A sign-in in progress. A cookie keeps it, and it is used once."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The person: identified for ever by `issuer` and `subject`. The other fields may be empty."""

    issuer: str
    subject: str
    username: str = ""
    email: str = ""
    name: str = ""


async def begin(provider: Provider, redirect_uri: str) -> tuple[str, Request]:
    """The URL to redirect the browser to, and the request to keep. Raises UserError `oidc_unavailable`."""
    request = Request(generate_token(43), generate_token(43), generate_token(64), redirect_uri)
    async with _client(provider) as client:
        about = await _about(client, provider)
        try:
            address, _ = client.create_authorization_url(
                about["authorization_endpoint"],
                state=request.state,
                nonce=request.nonce,
                code_verifier=request.verifier,
                redirect_uri=redirect_uri,
            )
        except _UNREADABLE as error:
            raise _refused("oidc_unavailable", error) from error
    return address, request


async def finish(provider: Provider, request: Request | None, answer: Mapping[str, str]) -> Identity:
    """The identity behind `answer` (the query of the redirect) to `request` (None if the browser kept none).

    Raises UserError: `oidc_interrupted` if this browser made no such request, `oidc_denied`, `oidc_failed`
    for another error of the provider, `oidc_unavailable`, `oidc_untrusted` if a token or a document is not
    valid. See OpenID Connect Core 1.0, 3.1.2 and 3.1.3, and RFC 9207.
    """
    if request is None or not hmac.compare_digest(answer.get("state", "").encode(), request.state.encode()):
        raise _refused("oidc_interrupted")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise _refused("oidc_untrusted", detail="iss of the answer")
    if "error" in answer:
        denied = answer["error"] == "access_denied"
        raise _refused("oidc_denied" if denied else "oidc_failed", detail=answer["error"])
    async with _client(provider) as client:
        about = await _about(client, provider)
        tokens = await _tokens(client, about, request, answer.get("code", ""))
        keys = await _read(client, about.get("jwks_uri", ""))
        claims = _checked(provider, request, tokens, keys)
        return await _identity(client, about, claims)


def _client(provider: Provider) -> Any:  # its base class is not known to the type checker
    return AsyncOAuth2Client(
        provider.client_id,
        provider.client_secret,
        scope=SCOPE,
        code_challenge_method="S256",
        timeout=TIMEOUT,
        leeway=0,  # a token is used right after it was issued, however short-lived
    )


async def _about(client: Any, provider: Provider) -> dict[str, Any]:
    """The provider's discovery document (OpenID Connect Discovery 1.0, 4)."""
    about = await _read(client, get_well_known_url(provider.issuer, external=True))
    if about.get("issuer") != provider.issuer:
        raise _refused("oidc_untrusted", detail="issuer of the discovery document")
    return about


async def _read(client: Any, address: str, **options: Any) -> dict[str, Any]:
    try:
        answer = await client.request("GET", address, **({"withhold_token": True} | options))
        answer.raise_for_status()
        return dict(answer.json())
    except (AuthlibBaseError, httpx2.HTTPError, httpx2.InvalidURL, *_UNREADABLE) as error:
        raise _refused("oidc_unavailable", error) from error


async def _tokens(client: Any, about: Mapping[str, Any], request: Request, code: str) -> dict[str, Any]:
    methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" not in methods:
        client.token_endpoint_auth_method = "client_secret_post"
    try:
        return await client.fetch_token(
            about["token_endpoint"],
            grant_type="authorization_code",
            code=code,
            code_verifier=request.verifier,
            redirect_uri=request.redirect_uri,
        )
    except AuthlibBaseError as error:
        raise _refused("oidc_failed", error) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, *_UNREADABLE) as error:
        raise _refused("oidc_unavailable", error) from error


def _checked(
    provider: Provider, request: Request, tokens: Mapping[str, Any], keys: Mapping[str, Any]
) -> dict[str, Any]:
    """The claims of the ID token, validated by OpenID Connect Core 1.0, 3.1.3.7."""
    options = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
        "sub": {"essential": True},
    }
    known = {
        "nonce": request.nonce,
        "client_id": provider.client_id,
        "access_token": tokens.get("access_token"),
    }
    try:
        token = jwt.decode(
            tokens["id_token"],
            KeySet.import_key_set(keys),  # pyright: ignore[reportArgumentType]: JSON of the provider's
            registry=JWSRegistry(algorithms=list(SIGNATURES), strict_check_header=False),
        )
        claims = CodeIDToken(token.claims, token.header, options, known)  # pyright: ignore
        claims.validate(leeway=LEEWAY)
        if not isinstance(claims["sub"], str) or not claims["sub"].isprintable():
            raise ValueError("sub")
        return dict(claims)
    except (JoseError, AuthlibBaseError, *_UNREADABLE) as error:
        raise _refused("oidc_untrusted", error) from error


async def _identity(client: Any, about: Mapping[str, Any], claims: Mapping[str, Any]) -> Identity:
    told = dict(claims)
    if "preferred_username" not in told and "userinfo_endpoint" in about:
        more = await _read(client, about["userinfo_endpoint"], withhold_token=False)
        # Userinfo of another subject must not be used (OpenID Connect Core 1.0, 5.3.2).
        told |= more if more.get("sub") == claims["sub"] else {}
    texts = {
        name: told[name] if isinstance(told.get(name), str) else ""
        for name in ("preferred_username", "email", "name")
    }
    return Identity(claims["iss"], claims["sub"], texts["preferred_username"], texts["email"], texts["name"])


def _refused(code: str, error: Exception | None = None, *, detail: str = "") -> UserError:
    cause = type(error).__name__ if error else ""
    _log.warning("oidc_refused", code=code, cause=cause, detail=(detail or str(error or ""))[:200])
    return UserError(code)
