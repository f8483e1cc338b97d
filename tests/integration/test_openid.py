"""Signing in at an outside provider, against a real one on loopback, and everything that it can do wrong."""

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
    """One provider for all of these tests."""
    with OidcServer() as server:
        yield server


@pytest.fixture
def provider(running: OidcServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcServer]:
    """The provider that the settings name, without fault."""
    running.reset()
    monkeypatch.setenv("OIDC_ISSUER", running.url)
    monkeypatch.setenv("OIDC_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", CLIENT_SECRET)
    settings.cache_clear()
    yield running
    settings.cache_clear()


@pytest.fixture
async def browser(connected: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, as far as cookies go, at the HTTP API."""
    async with _browser() as client:
        yield client


def _browser() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(create()), base_url="http://localhost:8000")


async def walk(browser: httpx.AsyncClient, next: str = "/projects") -> str:
    """Press the button, be let in by the provider, come back; where the browser stands then."""
    there = await browser.get(routes.START, params={"page": HOME, "next": next})
    if not there.headers["location"].startswith("http://127.0.0.1"):
        return there.headers["location"]
    async with httpx.AsyncClient(verify=False) as outside:
        back = await outside.get(there.headers["location"])
    return (await browser.get(back.headers["location"])).headers["location"]


async def signed_in(browser: httpx.AsyncClient) -> User | None:
    """Whose session the browser has."""
    return await sessions.user_of_session(browser.cookies.get("scriptwriter_session") or "")


def told(address: str) -> tuple[str, str]:
    """The page to which somebody was sent back, and the code of the problem."""
    parts = urlsplit(address)
    return parts.path, parse_qs(parts.query)["problem"][0]


async def test_the_first_sign_in_makes_the_person_and_the_next_one_finds_them(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """By issuer and subject: a new name at the provider changes nobody."""
    assert await walk(browser, "/projects/new") == HOME + "/projects/new"
    first = await signed_in(browser)
    provider.person |= {"preferred_username": "other", "name": "别名"}
    async with _browser() as another:
        await walk(another)
        second = await signed_in(another)

    assert first is not None and second is not None
    assert (first.username, first.display_name, first.id) == ("liming", "李明", second.id)
    async with transaction() as session:
        [row] = await session.exec(select(AuthProvider))
        assert (row.provider_type, row.provider_user_id) == ("oidc", f"{provider.url} 42")


async def test_an_equal_name_or_mail_address_links_nothing(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """Whoever registered the name keeps the account; the newcomer gets a name beside it."""
    token = await passwords.register("liming", "a long password")
    owner = await sessions.user_of_session(token)

    await walk(browser)
    first = await signed_in(browser)
    provider.person = {"sub": "43", "email": "liming@example.com"}
    async with _browser() as another:
        await walk(another)
        second = await signed_in(another)

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
async def test_what_the_provider_tells_becomes_a_name_that_is_allowed(
    provider: OidcServer, browser: httpx.AsyncClient, person: dict[str, Any], username: str, shown: str
) -> None:
    """Whatever it tells, or does not."""
    provider.person = {"sub": "42"} | person

    await walk(browser)
    user = await signed_in(browser)

    assert user is not None
    assert (user.username, user.display_name) == (username, shown)


async def test_names_that_only_the_userinfo_endpoint_tells_are_used(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """If they are of the same subject."""
    provider.userinfo = {"sub": "42", "preferred_username": "from-userinfo"}
    await walk(browser)
    user = await signed_in(browser)
    provider.person, provider.userinfo = {"sub": "44"}, {"sub": "45", "preferred_username": "somebody-else"}
    async with _browser() as another:
        await walk(another)
        other = await signed_in(another)

    assert user is not None and user.username == "from-userinfo"
    assert other is not None and other.username == "writer"


async def test_a_secret_is_posted_where_the_provider_wants_it_so(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """Not every provider takes it in a header."""
    provider.about_changes = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert await walk(browser) == HOME + "/projects"


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


async def test_each_failure_comes_back_to_the_sign_in_page_and_opens_nothing(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """With a code that the page knows, and no word of the provider's."""
    seen = {}
    for name, (changes, _) in FAULTS.items():
        provider.reset()
        for attribute, value in changes.items():
            setattr(provider, attribute, value)
        address = await walk(browser)
        seen[name] = told(address)[1]
        assert address.startswith(HOME + "/sign-in?") and "another" not in address
        assert await signed_in(browser) is None

    assert seen == {name: code for name, (_, code) in FAULTS.items()}
    async with transaction() as session:
        assert (await session.exec(select(User))).all() == []


async def test_a_provider_that_is_away_is_told(
    provider: OidcServer, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens there."""
    monkeypatch.setenv("OIDC_ISSUER", "http://127.0.0.1:9/realm")
    settings.cache_clear()

    assert told(await walk(browser)) == ("/sign-in", "oidc_unavailable")


async def test_an_answer_counts_once_and_in_the_browser_that_asked(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """Neither a replay nor somebody else's browser gets in with it."""
    there = await browser.get(routes.START, params={"page": HOME})
    async with httpx.AsyncClient() as outside:
        answer = (await outside.get(there.headers["location"])).headers["location"]
    async with _browser() as another:
        await another.get(routes.START, params={"page": HOME})
        stolen = await another.get(answer)
        assert told(stolen.headers["location"]) == ("/sign-in", "oidc_interrupted")
        assert await signed_in(another) is None

    await browser.get(answer)
    assert await signed_in(browser) is not None
    again = await browser.get(answer)

    assert told(again.headers["location"]) == ("/sign-in", "oidc_interrupted")


async def test_the_cookie_of_the_way_is_short_lived_and_out_of_reach_of_scripts(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """It is gone after the answer, and what it held is worth nothing after that."""
    there = await browser.get(routes.START, params={"page": HOME})

    [cookie] = there.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=600" in cookie
    query = parse_qs(urlsplit(there.headers["location"]).query)
    assert query["redirect_uri"] == ["http://localhost:8000/api/session/oidc/callback"]
    assert query["code_challenge_method"] == ["S256"]
    assert CLIENT_SECRET not in there.headers["location"]


async def test_an_account_that_was_disabled_stays_out(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """Though the provider knows the person."""
    await walk(browser)
    async with transaction() as session:
        [user] = (await session.exec(select(User))).all()
        user.status = "disabled"

    async with _browser() as another:
        assert told(await walk(another)) == ("/sign-in", "account_inactive")
        assert await signed_in(another) is None


@pytest.mark.parametrize(
    "page", ["http://evil.example", "http://evil.example\\@localhost", "javascript://localhost/%0a", "//evil"]
)
async def test_the_way_back_leads_to_no_other_site(
    provider: OidcServer, browser: httpx.AsyncClient, page: str
) -> None:
    """Whatever the address of the button says."""
    there = await browser.get(routes.START, params={"page": page, "next": "//evil.example"})
    async with httpx.AsyncClient() as outside:
        answer = (await outside.get(there.headers["location"])).headers["location"]

    back = await browser.get(answer)

    assert back.headers["location"] == "http://localhost:8000/"


@pytest.mark.parametrize("kept", ["[" * 20_000, '{"asked":' * 2_000, "9" * 9_000, '{"asked": []}', "null"])
async def test_a_cookie_of_the_way_that_is_none_of_ours_counts_as_none(
    provider: OidcServer, browser: httpx.AsyncClient, kept: str
) -> None:
    """Whatever JSON is in it: the way begins anew."""
    browser.cookies.set(routes.COOKIE, base64.urlsafe_b64encode(kept.encode()).decode())

    back = await browser.get(routes.CALLBACK, params={"code": "a", "state": "b"})

    assert told(back.headers["location"]) == ("/sign-in", "oidc_interrupted")


async def test_without_a_provider_there_are_no_such_routes(browser: httpx.AsyncClient) -> None:
    """Neither the way there nor the way back."""
    assert (await browser.get(routes.START)).status_code == 404
    assert (await browser.get(routes.CALLBACK)).status_code == 404


async def test_a_name_that_looks_like_anothers_gets_a_number_too(
    provider: OidcServer, browser: httpx.AsyncClient
) -> None:
    """The provider decides who comes in, and so nobody is turned away for a name."""
    await passwords.register("margo", "a long password")
    provider.person = {"sub": "42", "preferred_username": "marɡo"}

    await walk(browser)
    user = await signed_in(browser)

    assert user is not None and user.username == "marɡo-2"
