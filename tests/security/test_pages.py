"""The pages in a browser: they work under their content security policy, and texts are never executed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from sqlalchemy import update
from sqlmodel import col

from scriptwriter.domain.graph import Brief
from scriptwriter.services.accounts import sessions
from scriptwriter.services.projects import catalog
from scriptwriter.services.runs import starting
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User
from scriptwriter.web.page_table import ROUTES
from tests.security.conftest import Published
from tests.security.test_routes import ALL
from tests.support.model_server import spoken
from tests.support.people import PHONE, Person
from tests.support.rooms import Room

WATCH = """
window.violations = [];
window.executed = [];
document.addEventListener("securitypolicyviolation", (event) =>
    window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
DOCS = [name.partition(" ")[2] for name in ALL if name == "GET /api/docs"]
"""The page with the API documentation, where the build has one."""
HOSTILE_TEXTS = (
    "<img src=x onerror=executed.push('img')>",
    "<script>executed.push('script')</script>",
    "\"><svg onload=executed.push('svg')>",
    "javascript:executed.push('url')",
    "{{7*7}} ${executed.push('template')} {executed.push('jsx')}",
    "__proto__ constructor toString",
    "\u202eesrever\u202c \u2066isolated\u2069 zero\u200b\u200d\ufeffwidth",
    "Z" + "\u0301" * 10_000 + " stacked",
    "nul\x00nul",
    "one\n\n\n\n\n\n\n\n\ntwo",
    "W" * 3_000,
)


class WatchedPerson(Person):
    """A person whose browser records errors and policy violations."""

    console_errors: list[str]

    @classmethod
    async def arrive_watched(
        cls, browser: Browser, published: Published, user_id: str, **options
    ) -> "WatchedPerson":
        """Sign in a user in a new browser profile."""
        person = await cls.arrive(browser, published.url, await sessions.open_session(user_id), **options)
        assert isinstance(person, WatchedPerson)
        person.console_errors = []
        page = person.page
        page.on("pageerror", lambda error: person.console_errors.append(f"error: {error}"))
        page.on(
            "console",
            lambda line: (
                person.console_errors.append(line.text) if line.type in ("error", "warning") else None
            ),
        )
        await page.add_init_script(WATCH)
        return person

    async def has_seen_nothing_wrong(self, *but: str) -> None:
        """There was no violation, no error and no executed text, except errors that contain one of `but`."""
        assert await self.page.evaluate("window.violations") == []
        assert await self.page.evaluate("window.executed") == []
        assert [line for line in self.console_errors if not any(words in line for words in but)] == []

    async def opens_the_raw_reply(self) -> None:
        """Click until the reply is shown: the button accepts one click a second."""
        async with asyncio.timeout(30):
            while not await self.page.get_by_test_id("raw-reply").is_visible():
                await self.page.get_by_test_id("show-reply").click()
                with suppress(AssertionError):
                    await expect(self.page.get_by_test_id("raw-reply")).to_be_visible(timeout=1_000)

    async def sees_a_whole_layout(self) -> None:
        """Nothing is wider than the window."""
        sticking_out = """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > width)
                .map((each) => `${each.tagName}.${each.className} ${each.textContent.slice(0, 40)}`);
        }"""
        assert await self.page.evaluate(sticking_out) == []


@pytest_asyncio.fixture(loop_scope="session")
async def owner(browser: Browser, published: Published, populated: Room) -> AsyncIterator[WatchedPerson]:
    """The owner of the projects."""
    yield await WatchedPerson.arrive_watched(browser, published, populated.owner)


@pytest.mark.parametrize("address", [*(route.address for route in ROUTES), *DOCS])
async def test_a_page_works_under_its_policy(owner: WatchedPerson, populated: Room, address: str) -> None:
    """No violation and no error in both languages and themes, on the first and a second load."""
    path = address.replace("[project_id]", populated.project_id)
    expected = ("status of 404",) if address == "/404" else ()
    for _ in range(2):
        await owner.go(path)
        if address in DOCS:
            await expect(owner.page.get_by_role("heading").first).to_be_visible()
        else:
            await expect(owner.page.get_by_test_id("switch-theme")).to_be_visible()
            await owner.page.wait_for_load_state("networkidle")
            await owner.page.get_by_test_id("switch-theme").click()
            await owner.page.get_by_test_id("switch-language").click()
        await owner.has_seen_nothing_wrong(*expected)


async def test_the_main_flow_works_under_the_policy(
    owner: WatchedPerson, published: Published, populated: Room
) -> None:
    """Create a project, read an unreadable reply, sign out."""
    published.model.answers(spoken("no json at all"))
    await owner.create_project(其他要求="女主是现代 CEO")
    for close in (
        owner.page.get_by_role("button", name="关闭").click,
        partial(owner.page.keyboard.press, "Escape"),
    ):
        await owner.opens_the_raw_reply()
        await expect(owner.page.get_by_test_id("raw-reply")).to_have_text("no json at all")
        await close()
        await expect(owner.page.get_by_test_id("raw-reply")).to_be_hidden()
    await owner.page.get_by_test_id("sign-out").click()
    await owner.page.wait_for_url("**/sign-in**")

    await owner.has_seen_nothing_wrong()


async def test_the_policy_blocks_injected_scripts(owner: WatchedPerson) -> None:
    """Inline scripts, handlers in markup, `eval`, and scripts of other sites.

    Otherwise the test that no violation occurs would prove nothing.
    """
    await owner.go("/projects")
    await expect(owner.page.get_by_test_id("user-name")).to_be_visible()

    await owner.page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.executed.push('inline')";
        document.body.append(script);
        const add = (markup) => document.body.insertAdjacentHTML("beforeend", markup);
        add(`<img src="x:" onerror="window.executed.push('handler')">`);
        const other = document.createElement("script");
        other.src = "http://127.0.0.1:9/other.js";
        document.body.append(other);
        add(`<a id="link" href="javascript:window.executed.push('link')">x</a>`);
        document.getElementById("link").click();
        setTimeout("window.executed.push('eval')", 0);
    }""")
    await owner.page.wait_for_function("window.violations.length >= 5")

    assert await owner.page.evaluate("window.executed") == []
    violations = " ".join(await owner.page.evaluate("window.violations"))
    for directive in ("script-src-elem inline", "script-src-attr", "http://127.0.0.1:9/other.js"):
        assert directive in violations


async def test_hostile_texts_are_shown_as_plain_text(
    browser: Browser, published: Published, populated: Room
) -> None:
    """In names, a description, a brief and ideas; no text is executed or wider than the window."""
    room = populated
    async with transaction() as session:
        named = "<b>\u202e" + "W" * 60
        await session.exec(update(User).where(col(User.id) == room.owner).values(display_name=named))
    ideas = [{"title": text[:300], "body": text} for text in HOSTILE_TEXTS[:10]]
    published.model.answers(spoken(json.dumps({"ideas": ideas}), size=400))
    all_of_them = "\n".join(HOSTILE_TEXTS)
    brief = Brief.parse(
        {
            "platform": HOSTILE_TEXTS[0],
            "genre": HOSTILE_TEXTS[1],
            "other_requirements": all_of_them,
            "count": 10,
        }
    )
    project_id, _ = await starting.start_project(
        HOSTILE_TEXTS[2] + HOSTILE_TEXTS[6] + "W" * 90, brief, room.owner
    )
    description = "W" * 90 + all_of_them
    await catalog.change(project_id, room.owner, description=description[:2000])
    on_desktop = await WatchedPerson.arrive_watched(browser, published, room.owner)
    on_phone = await WatchedPerson.arrive_watched(browser, published, room.owner, viewport=PHONE)
    for person, name in ((on_desktop, "desktop"), (on_phone, "phone")):
        await person.visit(project_id)
        await expect(person.finished).to_have_count(10)
        await expect(person.finished.first.get_by_role("heading")).to_have_text(HOSTILE_TEXTS[0])
        await expect(person.finished.nth(1)).to_contain_text(HOSTILE_TEXTS[1])
        await expect(person.finished.nth(4)).to_contain_text("{{7*7}} ${executed.push('template')}")
        await expect(person.page.get_by_test_id("project-description")).to_contain_text(HOSTILE_TEXTS[0])
        await person.page.get_by_test_id("long-wishes").first.locator("summary").click()
        await person.sees_a_whole_layout()
        await person.takes_picture(f"hostile-{name}")
        await person.go("/projects")
        await expect(person.page.get_by_test_id("project").first).to_contain_text("<svg onload=")
        await person.sees_a_whole_layout()
        await person.takes_picture(f"hostile-list-{name}")
        await person.has_seen_nothing_wrong()
    names = [row.name for row in await catalog.mine(room.owner)]
    assert any("onload" in name for name in names)


async def test_a_text_that_is_far_too_long_gets_an_explanation(owner: WatchedPerson) -> None:
    """The field keeps the whole text, and the page does not submit it."""
    await owner.open_new_project()
    await owner.page.get_by_label("其他要求").click()
    await owner.page.keyboard.insert_text("字" * 300_000)
    await owner.page.get_by_test_id("submit-brief").click()

    await owner.sees_words("最多 20,000 字，请删去 280,000 字")
    assert len(await owner.page.get_by_label("其他要求").input_value()) == 300_000
    await expect(owner.page.get_by_test_id("offline")).to_have_count(0)


async def test_every_link_is_local_or_has_noopener(owner: WatchedPerson, populated: Room) -> None:
    """No link has a `javascript:` address, and a page of another site gets no `window.opener`."""
    for route in ROUTES:
        await owner.go(route.address.replace("[project_id]", populated.project_id))
        await expect(owner.page.get_by_test_id("switch-theme")).to_be_visible()
        for link in await owner.page.locator("a").all():
            href = await link.get_attribute("href") or ""
            inside = href == "" or (href.startswith(("/", "#")) and not href.startswith("//"))
            rel = await link.get_attribute("rel") or ""
            assert inside or (href.startswith(("https://", "http://")) and "noopener" in rel), href
