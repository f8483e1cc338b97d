"""Registering, signing in and out, sessions and tokens, in browsers on the production build."""

import re
from time import time
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.api.routes.sign_in_routes import DEVICE
from scriptwriter.services.accounts import api_tokens, sign_in_throttle
from tests.support.accounts import OTHER, PASSWORD, record_failures
from tests.support.oidc_server import OidcServer
from tests.support.people import PHONE, Person
from tests.support.web import Web

pytestmark = pytest.mark.usefixtures("database")


def unused_name() -> str:
    """A username that nobody has yet."""
    return f"小李-{uuid4().hex[:8]}"


async def _token(person: Person) -> str:
    cookies = await person.page.context.cookies()
    return next((cookie.get("value", "") for cookie in cookies if cookie.get("name") == COOKIE), "")


async def test_register_sign_out_sign_in_and_sign_out_another_browser(web: Web, browser: Browser) -> None:
    """Signing in leads to the page that was asked for. The other browser is signed out at its next event."""
    name = unused_name()
    writer = await Person.arrive(browser, web.url)
    await writer.registers(name, PASSWORD)
    await writer.is_signed_in_as(name)
    await writer.signs_out()
    await writer.go("/account")
    await writer.page.wait_for_url("**/sign-in?next=/account")
    await writer.signs_in(name.upper(), PASSWORD)
    await writer.is_signed_in_as(name)
    await expect(writer.page.get_by_test_id("device")).to_have_count(1)
    assert writer.page.url.rstrip("/").endswith("/account")

    phone = await Person.arrive(browser, web.url, viewport=PHONE)
    await phone.signs_in(name, PASSWORD)
    await phone.is_signed_in_as(name)
    await phone.page.get_by_test_id("user-name").click()
    await expect(phone.page.get_by_test_id("device")).to_have_count(2)
    await writer.page.reload()
    await expect(writer.page.get_by_test_id("device")).to_have_count(2)
    await expect(writer.page.get_by_test_id("device").first).to_contain_text("本机")
    await writer.takes_picture("account-desktop")
    await writer.page.get_by_test_id("sign-out-one").click()
    await expect(writer.page.get_by_test_id("device")).to_have_count(1)

    await phone.page.get_by_label("令牌名称").fill("脚本")
    await phone.page.get_by_label("你的密码").fill(PASSWORD)
    await phone.page.get_by_test_id("create-token").click()
    await expect(phone.page.get_by_test_id("submit-entry")).to_be_visible()
    assert "/sign-in" in phone.page.url


async def test_pages_use_the_browsers_language_until_a_person_chooses(web: Web, browser: Browser) -> None:
    """English for an English browser; a choice is kept after a reload."""
    reader = await Person.arrive(browser, web.url, locale="en-GB")
    button = reader.page.get_by_test_id("submit-entry")

    await reader.go("/sign-in")
    await expect(button).to_have_text("Sign in")
    await reader.page.get_by_test_id("switch-language").click()
    await expect(button).to_have_text("登录")
    await reader.page.reload()

    await expect(reader.page.get_by_test_id("switch-language")).to_be_enabled()
    await expect(button).to_have_text("登录")


async def test_a_changed_password_signs_everybody_else_out(web: Web, browser: Browser) -> None:
    """Only the new password works. The page offers to revoke tokens as well, and says what was done."""
    name = unused_name()
    writer = await Person.arrive(browser, web.url)
    await writer.registers(name, PASSWORD)
    await writer.is_signed_in_as(name)
    other = await Person.arrive(browser, web.url)
    await other.signs_in(name, PASSWORD)
    await other.is_signed_in_as(name)

    await writer.go("/account")
    await writer.page.get_by_label("当前密码").fill(OTHER)
    await writer.page.get_by_label("新密码").fill(OTHER)
    await writer.page.get_by_test_id("change-password").click()
    await expect(writer.page.get_by_test_id("password-problem")).to_have_text("当前密码不正确")
    await writer.page.get_by_label("当前密码").fill(PASSWORD)
    await writer.page.get_by_label("新密码").fill(OTHER)
    await writer.page.get_by_test_id("change-password").click()
    await writer.sees_words("密码已修改，其他设备都已退出，API 令牌都已吊销")
    await writer.page.get_by_label("当前密码").fill(OTHER)
    await writer.page.get_by_label("新密码").fill(OTHER)
    await writer.page.get_by_label("同时吊销所有 API 令牌").uncheck()
    await writer.page.get_by_test_id("change-password").click()
    await expect(writer.page.get_by_text("密码已修改，其他设备都已退出", exact=True)).to_be_visible()

    # The page of the project list notices the end of its session.
    await expect(other.page.get_by_test_id("submit-entry")).to_be_visible()
    await other.signs_in(name, OTHER)
    await other.is_signed_in_as(name)


async def test_a_refused_sign_in_keeps_the_name_and_never_the_password(web: Web, browser: Browser) -> None:
    """After too many attempts the page says how long to wait, even for the right password."""
    name = unused_name()
    writer = await Person.arrive(browser, web.url)
    await writer.registers(name, PASSWORD)
    await writer.is_signed_in_as(name)
    await writer.signs_out()
    problem, page = writer.page.get_by_test_id("problem"), writer.page

    await writer.signs_in(name, "a wrong password")
    await expect(problem).to_have_text("用户名或密码不正确")
    await expect(page.get_by_label("用户名", exact=True)).to_have_value(name)
    await expect(page.get_by_label("密码", exact=True)).to_have_value("")
    assert "problem=wrong_credentials" in page.url and "wrong%20password" not in page.url
    await page.get_by_label("密码", exact=True).fill("shown")
    await page.get_by_role("button", name="显示密码").click()
    await expect(page.get_by_label("密码", exact=True)).to_have_attribute("type", "text")
    await page.get_by_test_id("switch-language").click()
    await expect(problem).to_have_text("Wrong username or password")
    await expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    await page.get_by_test_id("switch-language").click()
    await writer.takes_picture("sign-in-refused")

    # A browser that is not yet known for this account.
    await page.context.clear_cookies(name=DEVICE)
    for number in range(sign_in_throttle.ACCOUNT_LIMIT):
        await record_failures(name, 1, f"address {number}")
    await writer.signs_in(name, PASSWORD)
    await expect(problem).to_contain_text("尝试次数过多，请")
    await page.goto(web.url + "/sign-in?problem=<b>anything</b>&until=1")
    await expect(page.get_by_test_id("submit-entry")).to_be_visible()
    await expect(problem).to_be_empty()
    await expect(page.get_by_label("用户名", exact=True)).to_have_value("")


async def test_a_throttled_sign_in_counts_down_the_seconds(web: Web, browser: Browser) -> None:
    """The countdown continues after a reload, and then says that signing in is possible again."""
    visitor = await Person.arrive(browser, web.url)
    problem = visitor.page.get_by_test_id("problem")
    await visitor.go(f"/sign-in?problem=too_many_attempts&until={round(time()) + 600}")
    long, short = (re.compile(rf"^尝试次数过多，请 {left} 秒后再试$") for left in (r"[56]\d\d", r"[12]\d\d"))
    await expect(problem).to_have_text(long, use_inner_text=True)

    await visitor.lets_time_go_by(400)

    await expect(problem).to_have_text(short, use_inner_text=True)
    await visitor.page.reload()
    await expect(problem).to_have_text(long, use_inner_text=True)
    await visitor.lets_time_go_by(600)
    await expect(problem).to_have_text("现在可以再试了", use_inner_text=True)


async def test_a_person_signs_in_with_a_provider(web: Web, browser: Browser, provider: OidcServer) -> None:
    """With one button. When the provider refuses, the page says so and still offers the other ways."""
    provider.reset()
    provider.person = {"sub": uuid4().hex, "preferred_username": unused_name(), "name": "王五"}
    provider.answer_changes = {"code": None, "error": "access_denied"}
    writer = await Person.arrive(browser, web.url)
    await writer.go("/account")
    await expect(writer.page.get_by_test_id("sign-in-outside")).to_have_text("使用 工作室 登录")

    await writer.page.get_by_test_id("sign-in-outside").click()
    await expect(writer.page.get_by_test_id("problem")).to_have_text("登录服务没有放行，或你取消了登录")
    provider.answer_changes = {}
    await writer.page.get_by_test_id("sign-in-outside").click()

    await writer.is_signed_in_as("王五")
    await expect(writer.page.get_by_test_id("device")).to_have_count(1)
    await expect(writer.page.get_by_test_id("password-sheet")).to_have_count(0)


async def test_no_script_can_read_the_session_token(web: Web, browser: Browser) -> None:
    """Neither in the cookie nor in what the server sends. Each page load renews the cookie."""
    writer = await Person.arrive(browser, web.url)
    frames: list[str] = []
    writer.page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(str(data)))
    )
    await writer.registers(unused_name(), PASSWORD)
    await writer.go("/account")
    await expect(writer.page.get_by_test_id("device")).to_have_count(1)
    token = await _token(writer)
    [before] = [each for each in await writer.page.context.cookies() if each.get("name") == COOKIE]
    await writer.page.reload()
    await expect(writer.page.get_by_test_id("device")).to_have_count(1)

    [after] = [each for each in await writer.page.context.cookies() if each.get("name") == COOKIE]
    assert len(token) == 43 and after.get("value") == token
    assert (after.get("expires") or 0) > (before.get("expires") or 0)
    assert frames and token not in "".join(frames) and PASSWORD not in "".join(frames)
    assert token not in str(
        await writer.page.evaluate("[document.cookie, {...localStorage}, {...sessionStorage}]")
    )
    assert token not in await writer.page.content()


async def test_an_api_token_is_created_copied_and_revoked(web: Web, browser: Browser) -> None:
    """It is shown once, and is valid until it is revoked."""
    writer = await Person.arrive(browser, web.url)
    await writer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await writer.registers(unused_name(), PASSWORD)
    await writer.go("/account")
    await writer.page.get_by_label("令牌名称").fill("导出脚本")
    await writer.page.get_by_label("你的密码").fill(OTHER)
    await writer.page.get_by_test_id("create-token").click()
    await expect(writer.page.get_by_test_id("token-problem")).to_have_text("密码不正确，没有新建令牌")
    await writer.page.get_by_label("令牌名称").fill("导出脚本")
    await writer.page.get_by_label("你的密码").fill(PASSWORD)
    await writer.page.get_by_test_id("create-token").click()
    field = writer.page.get_by_test_id("fresh-token")
    await expect(field).to_have_value(re.compile(f"^{api_tokens.PREFIX}.+"))
    token = await field.input_value()
    await writer.page.get_by_test_id("copy-token").click()

    await expect(writer.page.get_by_test_id("copy-token")).to_have_text("已复制", use_inner_text=True)
    assert await writer.page.evaluate("navigator.clipboard.readText()") == token
    await api_tokens.user_of_token(token, address="192.0.2.7", user_agent="export-script/1.0")
    await writer.page.reload()
    await expect(writer.page.get_by_test_id("token")).to_contain_text("导出脚本")
    await expect(writer.page.get_by_test_id("token-where")).to_contain_text("192.0.2.7 · export-script/1.0")
    assert token not in await writer.page.content()
    await writer.page.get_by_test_id("revoke").click()
    await writer.page.get_by_test_id("revoke-really").click()

    await writer.sees_words("还没有令牌")
    assert await api_tokens.user_of_token(token) is None


async def test_the_account_fits_a_phone_in_english_and_in_the_dark(web: Web, browser: Browser) -> None:
    """Nothing scrolls sideways, even with a long name."""
    reader = await Person.arrive(browser, web.url, viewport=PHONE, color_scheme="dark")
    for path in ("/sign-in", "/register", "/account"):
        if path == "/account":
            await reader.registers(f"{uuid4().hex}"[:32], PASSWORD)
            await expect(reader.page.get_by_test_id("user-name")).to_have_count(1)
            await reader.go(path)
            await expect(reader.page.get_by_test_id("device")).to_have_count(1)
            await reader.page.get_by_test_id("switch-language").click()
        else:
            await reader.go(path)
            await expect(reader.page.get_by_test_id("submit-entry")).to_be_visible()
        await reader.takes_picture(f"phone-dark{path.replace('/', '-')}")
        overflow = await reader.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, path
