"""The forms for signing in, registering and signing out: cookies, redirects and allowed origins."""

from collections.abc import AsyncIterator, Callable, Iterator
from time import time
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from scriptwriter.api.auth.refused_sign_in import TYPED
from scriptwriter.api.auth.session_cookie import COOKIE, token_in
from scriptwriter.api.http_app import create
from scriptwriter.api.middleware.websocket_headers import SESSION_ID, WebsocketHeaders, event_cookie
from scriptwriter.api.routes.sign_in_routes import DEVICE
from scriptwriter.services.accounts import sessions, sign_in_throttle
from scriptwriter.settings import settings
from scriptwriter.store.tables import User
from tests.support.accounts import OTHER, PASSWORD, record_failures, stored_sessions, time_passes

HOME = "http://localhost:3000"
FORMS = ("sign-in", "register", "sign-out", "test-user")


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A function that changes settings for one test."""

    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield change
    settings.cache_clear()


@pytest.fixture
async def browser(connected: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that keeps cookies, on the pages of HOME."""
    async with _browser() as client:
        yield client


def _application() -> FastAPI:
    """The HTTP API, with a page and a style sheet where Reflex mounts them."""
    application = create()
    application.router.routes += [
        Route("/projects", lambda _: HTMLResponse("a page")),
        Route("/base.css", lambda _: Response("", media_type="text/css")),
    ]
    return application


def _browser(address: str = "192.0.2.1", **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(_application(), client=(address, 4711)),
        base_url="http://localhost:8000",
        headers={"origin": HOME, "user-agent": "Firefox"} | headers,
    )


async def post(browser: httpx.AsyncClient, form: str, **fields: str) -> httpx.Response:
    """Send one of the forms."""
    return await browser.post(f"/api/session/{form}", data=fields)


async def register(browser: httpx.AsyncClient, username: str = "liming") -> httpx.Response:
    """Send the register form."""
    return await post(browser, "register", username=username, password=PASSWORD)


async def signed_in_person(browser: httpx.AsyncClient) -> User | None:
    """The person whose session the browser has."""
    return await sessions.user_of_session(token_in("; ".join(f"{k}={v}" for k, v in browser.cookies.items())))


def redirect_of(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """The path that an answer redirects to, and its query parameters."""
    assert answer.status_code == 303
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}" == HOME
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


async def test_a_person_registers_signs_out_and_signs_in(browser: httpx.AsyncClient) -> None:
    """Each form redirects to the next page, and sessions are stored and deleted."""
    assert redirect_of(await register(browser)) == ("/projects", {})
    first = await signed_in_person(browser)
    assert redirect_of(await post(browser, "sign-out")) == ("/sign-in", {})
    assert await signed_in_person(browser) is None and await stored_sessions() == []

    answer = await post(browser, "sign-in", username="LiMing", password=PASSWORD, next="/projects/new")

    assert redirect_of(answer) == ("/projects/new", {})
    second = await signed_in_person(browser)
    assert first and second and first.id == second.id


async def test_a_refused_sign_in_redirects_with_an_error_code_only(
    browser: httpx.AsyncClient,
) -> None:
    """The typed name is in a cookie that scripts cannot read, and the password nowhere."""
    answer = await post(browser, "sign-in", username="李<b>", password="se cret", next="/projects/new")

    assert redirect_of(answer) == ("/sign-in", {"problem": "wrong_credentials", "next": "/projects/new"})
    [cookie] = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie and "Max-Age=60" in cookie
    assert unquote(browser.cookies[TYPED].strip('"')) == "李<b>"
    assert "cret" not in repr(answer.headers) + answer.text
    assert await signed_in_person(browser) is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "username_required"),
        ({"username": "x", "password": PASSWORD}, "username_length"),
        ({"username": "li ming", "password": PASSWORD}, "username_characters"),
        ({"username": "liming"}, "password_too_short"),
        ({"username": "liming", "password": "x" * 129}, "password_too_long"),
    ],
)
async def test_an_invalid_registration_has_an_error_code(
    browser: httpx.AsyncClient, fields: dict[str, str], code: str
) -> None:
    """No account is made."""
    assert redirect_of(await post(browser, "register", **fields))[1]["problem"] == code
    assert await signed_in_person(browser) is None


async def test_closed_registration_refuses_new_accounts(
    browser: httpx.AsyncClient, setting: Callable[..., None]
) -> None:
    """Existing accounts can still sign in."""
    await register(browser)
    setting(REGISTRATION="closed")

    assert redirect_of(await register(browser, "wang")) == (
        "/register",
        {"problem": "registration_closed", "next": "/projects"},
    )
    async with _browser() as another:
        assert (
            redirect_of(await post(another, "sign-in", username="liming", password=PASSWORD))[0]
            == "/projects"
        )


async def test_a_throttled_sign_in_says_when_it_may_be_tried_again(browser: httpx.AsyncClient) -> None:
    """The redirect has the time as seconds since 1970."""
    await record_failures("liming", sign_in_throttle.PAIR_LIMIT)

    path, query = redirect_of(await post(browser, "sign-in", username="liming", password=PASSWORD))

    assert (path, query["problem"]) == ("/sign-in", "too_many_attempts")
    assert 0 < int(query["until"]) - time() <= sign_in_throttle.FIRST_WAIT + 1


async def test_a_known_device_is_not_locked_by_failures_elsewhere(browser: httpx.AsyncClient) -> None:
    """The device's cookie cannot be read by scripts, names nobody, and outlives signing out."""
    answer = await register(browser)
    await post(browser, "sign-out")
    for number in range(sign_in_throttle.ACCOUNT_LIMIT):
        await record_failures("liming", 1, f"198.51.100.{number}")

    path, _ = redirect_of(await post(browser, "sign-in", username="liming", password=PASSWORD))
    async with _browser() as another:
        query = redirect_of(await post(another, "sign-in", username="liming", password=PASSWORD))[1]

    assert path == "/projects" and query["problem"] == "too_many_attempts"
    [cookie] = [line for line in answer.headers.get_list("set-cookie") if line.startswith(DEVICE)]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "liming" not in cookie


async def test_forms_from_another_origin_are_refused(browser: httpx.AsyncClient) -> None:
    """So are requests without an Origin header. Nothing changes."""
    await register(browser)
    before = browser.cookies.get(COOKIE)

    for form in FORMS:
        for origin in (None, "null", "http://evil.example", "http://localhost.evil.example", HOME + "@evil"):
            browser.headers.pop("origin", None)
            if origin is not None:
                browser.headers["origin"] = origin
            answer = await post(browser, form, username="liming", password=PASSWORD)
            assert answer.status_code == 403 and "set-cookie" not in answer.headers, (form, origin)

    assert browser.cookies.get(COOKIE) == before
    assert await signed_in_person(browser) is not None
    assert len(await stored_sessions()) == 1


async def test_forms_never_redirect_to_another_site(browser: httpx.AsyncClient) -> None:
    """The field `next` cannot change that. `redirect_of` checks the site."""
    for form in FORMS:
        for elsewhere in ("//evil.example", "/\\evil.example", "http://evil.example", "evil"):
            path, query = redirect_of(await post(browser, form, username="x", password="x", next=elsewhere))
            assert path in ("/", "/register", "/sign-in") and query.get("next", "/") == "/"


async def test_each_sign_in_makes_a_new_token_and_ends_the_old_session(
    browser: httpx.AsyncClient,
) -> None:
    """A token that an attacker put into the browser is worth nothing after the sign-in."""
    await register(browser)
    planted_token = browser.cookies[COOKIE]

    await post(browser, "sign-in", username="liming", password=PASSWORD)

    assert browser.cookies[COOKIE] != planted_token
    assert await sessions.user_of_session(planted_token) is None
    assert [row.id for row in await stored_sessions()] == [sessions.token_hash(browser.cookies[COOKIE])]


async def test_the_session_cookie_is_http_only_and_with_https_host_only(
    browser: httpx.AsyncClient, setting: Callable[..., None]
) -> None:
    """With https its name has the prefix __Host-, so a browser accepts it from this host only."""
    [plain] = [line for line in (await register(browser)).headers.get_list("set-cookie") if COOKIE in line]
    assert "HttpOnly" in plain and "SameSite=lax" in plain and "Path=/" in plain and "Secure" not in plain
    setting(SCRIPTWRITER_URL="https://write.example", SCRIPTWRITER_ENV="production")

    async with _browser(origin="https://write.example") as secure:
        answer = await secure.post("/api/session/sign-in", data={"username": "liming", "password": PASSWORD})
        assert answer.headers["location"] == "https://write.example/projects"
        [cookie] = [line for line in answer.headers.get_list("set-cookie") if COOKIE in line]
        assert cookie.startswith(f"__Host-{COOKIE}=")
        assert "Secure" in cookie and "HttpOnly" in cookie and "Path=/" in cookie and "omain" not in cookie
        token = cookie.split(";")[0].partition("=")[2]
        assert token_in(f"a=b; __Host-{COOKIE}={token}") == token
        assert token_in(f"{COOKIE}={token}") == ""
        assert (await secure.post("/api/session/test-user")).status_code == 404


def test_unusual_cookies_of_other_applications_do_not_hide_the_session() -> None:
    """They share one Cookie header: JSON, odd names, unterminated quotes and broken pairs."""
    for other in ('prefs={"a": 1, "b": "c"}', "a[b]=c", 'open="a', "a b=c", "=", "", "\xff"):
        assert token_in(f"{other}; {COOKIE}=abc-_1; {other}") == "abc-_1", other
    assert token_in(f"not_{COOKIE}=abc; {COOKIE}_too=abc") == ""


async def test_x_forwarded_for_counts_only_from_trusted_proxies(
    browser: httpx.AsyncClient, setting: Callable[..., None]
) -> None:
    """Otherwise anybody could choose the address that is throttled."""
    for number in range(sign_in_throttle.ADDRESS_LIMIT):
        await record_failures(f"name{number}", 1, "192.0.2.1")
    answers = {}
    async with _browser(**{"x-forwarded-for": "198.51.100.7"}) as client:
        answers["untrusted"] = redirect_of(await post(client, "sign-in", username="wang", password=OTHER))[1]
        setting(TRUSTED_PROXIES="192.0.2.0/24, 203.0.113.5")
        answers["through a proxy"] = redirect_of(
            await post(client, "sign-in", username="wang", password=OTHER)
        )[1]
    async with _browser(**{"x-forwarded-for": "198.51.100.7, 192.0.2.1"}) as client:
        answers["through two"] = redirect_of(await post(client, "sign-in", username="wang", password=OTHER))[
            1
        ]

    assert {who: query["problem"] for who, query in answers.items()} == {
        "untrusted": "too_many_attempts",
        "through a proxy": "wrong_credentials",
        "through two": "wrong_credentials",
    }


async def test_a_page_load_renews_the_session_cookie(browser: httpx.AsyncClient) -> None:
    """A session that is used continues, in the database and in the browser. Other responses set no cookie."""
    await register(browser)
    token = browser.cookies[COOKIE]
    await time_passes(sessions.SESSION_LIFE / 2)
    async with _browser(accept="text/html", cookie=f"{COOKIE}={token}") as client:
        page = await client.get("/projects")
        resource = await client.get("/base.css")
        api = await client.get("/api/openapi.json")
        await time_passes(sessions.SESSION_LIFE * 2 / 3)
        later = await client.get("/projects")
        await time_passes(sessions.SESSION_LIFE * 1.01)
        expired = await client.get("/projects")

    for answer in (page, later):
        [cookie] = answer.headers.get_list("set-cookie")
        assert (
            cookie.startswith(f"{COOKIE}={token};") and "Max-Age=2592000" in cookie and "HttpOnly" in cookie
        )
        assert answer.headers["cache-control"] == "private, no-cache"
    assert [name for name, answer in {"css": resource, "api": api, "expired": expired}.items()
            if "set-cookie" in answer.headers] == []  # fmt: skip


async def test_a_sign_in_without_a_database_redirects_with_an_error_code(browser: httpx.AsyncClient) -> None:
    """The browser receives no traceback."""
    from scriptwriter.store import database

    lost = database.connect("postgresql://nobody@127.0.0.1:9/nothing")
    answer = await post(browser, "sign-in", username="liming", password=PASSWORD)
    await lost.close()

    assert redirect_of(answer)[1]["problem"] == "unexpected"


async def test_websocket_events_carry_a_session_id_and_not_the_token(connected: str) -> None:
    """Reflex passes a connection's headers on to the page's scripts, so the token is replaced by its hash."""
    received: list[dict[str, str]] = []

    async def events(scope: Scope, receive: Receive, send: Send) -> None:
        received.append(dict(Headers(scope=scope)))
        await Response("")(scope, receive, send)

    cookie = f"other=1; {COOKIE}=the-token; {SESSION_ID}=planted; {TYPED}=%E6%9D%8E%3B"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(WebsocketHeaders(events)), base_url="http://localhost:8000"
    ) as client:
        for path in ("/_event/", "/projects"):
            await client.get(path, headers={"cookie": cookie, "authorization": "Basic abc", "x-kept": "yes"})

    assert received[0]["cookie"] == f"{SESSION_ID}={sessions.token_hash('the-token')}; {TYPED}=%E6%9D%8E%3B"
    assert "authorization" not in received[0] and received[0]["x-kept"] == "yes"
    assert received[1]["cookie"] == cookie and received[1]["authorization"] == "Basic abc"
    assert event_cookie(f"{SESSION_ID}=planted") == ""
