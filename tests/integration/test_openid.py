"""Sign-in through an OpenID provider that runs on loopback, and each fault that such a provider can have."""

import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import select

from scriptwriter.api.http_app import create
from scriptwriter.api.routes import openid_routes as routes
from scriptwriter.services.accounts import passwords, sessions
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import AuthProvider, User
from tests.support.oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer

HOME = "http://localhost:3000"


@pytest.fixture(scope="module")
def running() -> Iterator[OidcServer]:
    """One provider for all tests of this file."""
    with OidcServer() as server:
        yield server


@pytest.fixture
def provider(running: OidcServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcServer]:
    """The provider that the settings name, without faults."""
    running.reset()
    monkeypatch.setenv("OIDC_ISSUER", running.url)
    monkeypatch.setenv("OIDC_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", CLIENT_SECRET)
    settings.cache_clear()
    yield running
    settings.cache_clear()


@pytest.fixture
async def browser(connected: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that keeps cookies, as a browser does."""
    async with _browser() as client:
        yield client


def _browser() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(create()), base_url="http://localhost:8000")


async def sign_in(browser: httpx.AsyncClient, next: str = "/projects") -> str:
    """Start at the button, be admitted by the provider, and return. The address that the browser ends at."""
    start = await browser.get(routes.START, params={"page": HOME, "next": next})
    if not start.headers["location"].startswith("http://127.0.0.1"):
        return start.headers["location"]
    async with httpx.AsyncClient(verify=False) as outside:
        back = await outside.get(start.headers["location"])
    return (await browser.get(back.headers["location"])).headers["location"]


async def user_of(browser: httpx.AsyncClient) -> User | None:
    """The person whose session the browser has."""
    return await sessions.user_of_session(browser.cookies.get("scriptwriter_session") or "")


def problem_in(address: str) -> tuple[str, str]:
    """The path to which an address leads, and its error code."""
    parts = urlsplit(address)
    return parts.path, parse_qs(parts.query)["problem"][0]


async def test_the_first_sign_in_creates_an_account_and_the_next_one_finds_it(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """Accounts are found by issuer and subject, so a new name at the provider changes nothing."""
    assert await sign_in(browser, "/projects/new") == HOME + "/projects/new"
    first = await user_of(browser)
    provider.person |= {"preferred_username": "other", "name": "别名"}
    async with _browser() as another:
        await sign_in(another)
        second = await user_of(another)

    assert first is not None and second is not None
    assert (first.username, first.display_name, first.id) == ("liming", "李明", second.id)
    async with transaction() as session:
        [row] = await session.exec(select(AuthProvider))
        assert (row.provider_type, row.provider_user_id) == ("oidc", f"{provider.url} 42")


async def test_an_equal_name_or_mail_address_links_no_accounts(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """An existing account keeps its username, and the new one gets a number after it."""
    token = await passwords.register("liming", "a long password")
    owner = await sessions.user_of_session(token)

    await sign_in(browser)
    first = await user_of(browser)
    provider.person = {"sub": "43", "email": "liming@example.com"}
    async with _browser() as another:
        await sign_in(another)
        second = await user_of(another)

    assert owner and first and second
    assert [owner.username, first.username, second.username] == ["liming", "liming-2", "liming-3"]
    assert len({owner.id, first.id, second.id}) == 3


@pytest.mark.parametrize(
    ("person", "username", "shown"),
    [
        ({"preferred_username": "Zoë Müller!"}, "zoë-müller", "zoë-müller"),
        ({"preferred_username": "？", "email": "wang@example.com"}, "wang", "wang"),
        ({"name": "  王\u0000\u202e \u200b五\n"}, "writer", "王 五"),
        ({"preferred_username": "Admin", "email": "system@example.com"}, "writer", "writer"),
        ({"preferred_username": "root", "email": "wang@example.com"}, "wang", "wang"),
        ({"preferred_username": 7, "email": ["x"], "name": None}, "writer", "writer"),
        ({"preferred_username": "x" * 90, "name": "名" * 90}, "x" * 32, "名" * 64),
    ],
)
async def test_a_username_is_made_of_the_providers_claims(
    provider: OidcServer, browser: httpx.AsyncClient, person: dict[str, Any], username: str, shown: str
) -> None:
    """Whatever the claims contain, it is a valid username."""
    provider.person = {"sub": "42"} | person

    await sign_in(browser)
    user = await user_of(browser)

    assert user is not None
    assert (user.username, user.display_name) == (username, shown)


async def test_claims_of_the_userinfo_endpoint_are_used(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """They are used only if they belong to the same subject."""
    provider.userinfo = {"sub": "42", "preferred_username": "from-userinfo"}
    await sign_in(browser)
    user = await user_of(browser)
    provider.person, provider.userinfo = {"sub": "44"}, {"sub": "45", "preferred_username": "somebody-else"}
    async with _browser() as another:
        await sign_in(another)
        other = await user_of(another)

    assert user is not None and user.username == "from-userinfo"
    assert other is not None and other.username == "writer"


async def test_the_client_secret_can_be_sent_in_the_body(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """Not every provider accepts it in a header."""
    provider.about_changes = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert await sign_in(browser) == HOME + "/projects"


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "another state": ({"answer_changes": {"state": "another"}}, "oidc_interrupted"),
    "no state": ({"answer_changes": {"state": None}}, "oidc_interrupted"),
    "the answer of another": ({"answer_changes": {"iss": "http://another"}}, "oidc_untrusted"),
    "denied": ({"answer_changes": {"code": None, "error": "access_denied"}}, "oidc_denied"),
    "error": ({"answer_changes": {"code": None, "error": "server_error"}}, "oidc_failed"),
    "another code": ({"answer_changes": {"code": "another"}}, "oidc_failed"),
    "no code": ({"answer_changes": {"code": None}}, "oidc_failed"),
    "another nonce": ({"token_changes": {"nonce": "another"}}, "oidc_untrusted"),
    "no nonce": ({"token_changes": {"nonce": None}}, "oidc_untrusted"),
    "expired": ({"token_changes": {"exp": 1}}, "oidc_untrusted"),
    "never expires": ({"token_changes": {"exp": None}}, "oidc_untrusted"),
    "another issuer": ({"token_changes": {"iss": "http://another"}}, "oidc_untrusted"),
    "another audience": ({"token_changes": {"aud": "another"}}, "oidc_untrusted"),
    "for another, by us": ({"token_changes": {"aud": "another", "azp": CLIENT_ID}}, "oidc_untrusted"),
    "by another": ({"token_changes": {"aud": [CLIENT_ID, "another"], "azp": "another"}}, "oidc_untrusted"),
    "nobody": ({"token_changes": {"sub": None}}, "oidc_untrusted"),
    "no name": ({"token_changes": {"sub": "a\x00b"}}, "oidc_untrusted"),
    "forged": ({"signature": "forged"}, "oidc_untrusted"),
    "signed with our secret": ({"signature": "by our secret"}, "oidc_untrusted"),
    "not signed": ({"signature": "none"}, "oidc_untrusted"),
    "publishes another issuer": ({"about_changes": {"issuer": "http://another"}}, "oidc_untrusted"),
    "publishes no address": ({"about_changes": {"jwks_uri": "no address"}}, "oidc_unavailable"),
    "publishes nothing": ({"about_changes": {"authorization_endpoint": None}}, "oidc_unavailable"),
    "document away": ({"down": {"openid-configuration"}}, "oidc_unavailable"),
    "tokens away": ({"down": {"token"}}, "oidc_unavailable"),
    "keys away": ({"down": {"jwks"}}, "oidc_unavailable"),
}


async def test_each_fault_leads_back_to_the_sign_in_page_without_a_session(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """The address has a known error code, and no text of the provider's."""
    codes = {}
    for name, (changes, _) in FAULTS.items():
        provider.reset()
        for attribute, value in changes.items():
            setattr(provider, attribute, value)
        address = await sign_in(browser)
        codes[name] = problem_in(address)[1]
        assert address.startswith(HOME + "/sign-in?") and "another" not in address
        assert await user_of(browser) is None

    assert codes == {name: code for name, (_, code) in FAULTS.items()}
    async with transaction() as session:
        assert (await session.exec(select(User))).all() == []


async def test_an_unreachable_provider_has_an_error_of_its_own(
    provider: OidcServer, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens at the issuer's address."""
    monkeypatch.setenv("OIDC_ISSUER", "http://127.0.0.1:9/realm")
    settings.cache_clear()

    assert problem_in(await sign_in(browser)) == ("/sign-in", "oidc_unavailable")


async def test_a_callback_is_valid_once_and_only_in_the_browser_that_started(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """Neither a replay nor another browser gets a session by it."""
    start = await browser.get(routes.START, params={"page": HOME})
    async with httpx.AsyncClient() as outside:
        answer = (await outside.get(start.headers["location"])).headers["location"]
    async with _browser() as another:
        await another.get(routes.START, params={"page": HOME})
        stolen = await another.get(answer)
        assert problem_in(stolen.headers["location"]) == ("/sign-in", "oidc_interrupted")
        assert await user_of(another) is None

    await browser.get(answer)
    assert await user_of(browser) is not None
    again = await browser.get(answer)

    assert problem_in(again.headers["location"]) == ("/sign-in", "oidc_interrupted")


async def test_the_cookie_of_a_sign_in_is_short_lived_and_not_readable_by_scripts(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """The redirect uses PKCE and does not contain the client secret."""
    start = await browser.get(routes.START, params={"page": HOME})

    [cookie] = start.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=600" in cookie
    query = parse_qs(urlsplit(start.headers["location"]).query)
    assert query["redirect_uri"] == ["http://localhost:8000/api/session/oidc/callback"]
    assert query["code_challenge_method"] == ["S256"]
    assert CLIENT_SECRET not in start.headers["location"]


async def test_a_disabled_account_cannot_sign_in_through_the_provider(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """Although the provider admits the person."""
    await sign_in(browser)
    async with transaction() as session:
        [user] = (await session.exec(select(User))).all()
        user.status = "disabled"

    async with _browser() as another:
        assert problem_in(await sign_in(another)) == ("/sign-in", "account_inactive")
        assert await user_of(another) is None


@pytest.mark.parametrize(
    "page", ["http://evil.example", "http://evil.example\\@localhost", "javascript://localhost/%0a", "//evil"]
)
async def test_the_redirect_after_sign_in_leads_to_no_other_site(
    provider: OidcServer, browser: httpx.AsyncClient, page: str
) -> None:
    """The parameters of the start cannot change that."""
    start = await browser.get(routes.START, params={"page": page, "next": "//evil.example"})
    async with httpx.AsyncClient() as outside:
        answer = (await outside.get(start.headers["location"])).headers["location"]

    back = await browser.get(answer)

    assert back.headers["location"] == "http://localhost:8000/"


@pytest.mark.parametrize("kept", ["[" * 20_000, '{"asked":' * 2_000, "9" * 9_000, '{"asked": []}', "null"])
async def test_an_invalid_sign_in_cookie_counts_as_missing(
    provider: OidcServer, browser: httpx.AsyncClient, kept: str
) -> None:
    """It may hold any JSON. The person starts again."""
    browser.cookies.set(routes.COOKIE, base64.urlsafe_b64encode(kept.encode()).decode())

    back = await browser.get(routes.CALLBACK, params={"code": "a", "state": "b"})

    assert problem_in(back.headers["location"]) == ("/sign-in", "oidc_interrupted")


async def test_without_a_provider_the_routes_do_not_exist(browser: httpx.AsyncClient) -> None:
    """The start and the callback answer 404."""
    assert (await browser.get(routes.START)).status_code == 404
    assert (await browser.get(routes.CALLBACK)).status_code == 404


async def test_a_name_that_looks_like_another_gets_a_number(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """The provider decides who may sign in, so nobody is refused because of a name."""
    await passwords.register("margo", "a long password")
    provider.person = {"sub": "42", "preferred_username": "marɡo"}

    await sign_in(browser)
    user = await user_of(browser)

    assert user is not None and user.username == "marɡo-2"
