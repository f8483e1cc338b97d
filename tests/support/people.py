"""A person at a browser, with one method for each thing that a person does."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.services.accounts import sessions
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, User

LIMIT = 30_000
SCREENSHOTS = Path(__file__).parents[2] / "test-artifacts"
_BY_DAY = "matchMedia('(prefers-color-scheme: light)').matches"
_LATER = """async (seconds) => {
    await new Promise((ticked) => setTimeout(ticked, 300));
    const now = performance.now.bind(performance);
    performance.now = () => now() + seconds * 1000;
}"""
PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=860)

expect.set_options(timeout=LIMIT)


async def colleague_of(project_id: str, browser: Browser, home: str, display_name: str = "小李") -> "Person":
    """Another person, a collaborator of the project, signed in in a new browser profile."""
    name = f"colleague-{uuid4().hex[:8]}"
    async with transaction() as session:
        session.add(User(id=name, username=name, display_name=display_name))
        await session.flush()
        session.add(Membership(project_id=project_id, user_id=name, role="collaborator"))
    return await Person.arrive(browser, home, await sessions.open_session(name))


async def outsider(display_name: str) -> str:
    """Create an account without a browser; returns its username, which is also its id."""
    name = f"outsider-{uuid4().hex[:8]}"
    async with transaction() as session:
        session.add(User(id=name, username=name, display_name=display_name))
    return name


async def newcomer(browser: Browser, home: str, display_name: str = "小王") -> tuple["Person", str]:
    """A person without projects, signed in in a new browser profile, and their username."""
    name = await outsider(display_name)
    return await Person.arrive(browser, home, await sessions.open_session(name)), name


@dataclass
class Person:
    """One browser tab of one person."""

    page: Page
    home: str

    @classmethod
    async def arrive(cls, browser: Browser, home: str, token: str | None = None, **options) -> "Person":
        """Open a new browser profile; with a session `token` the person is already signed in."""
        # Animations would take most of the browser's CPU time while a page waits.
        usual = {"viewport": DESKTOP, "locale": "zh-CN", "reduced_motion": "reduce"}
        context = await browser.new_context(**(usual | options))
        context.set_default_timeout(LIMIT)
        if token is not None:
            await context.add_cookies([{"name": COOKIE, "value": token, "url": home}])
        return cls(await context.new_page(), home)

    async def open_second_tab(self) -> "Person":
        """Open the same page in a second tab of the same browser profile."""
        tab = Person(await self.page.context.new_page(), self.home)
        await tab.page.goto(self.page.url)
        return tab

    async def go(self, path: str) -> None:
        """Open a path of the application."""
        await self.page.goto(self.home + path)

    async def sign_in(self) -> None:
        """Sign in as the test user with the request of the sign-in button, without loading the pages."""
        endpoint, origin = f"{self.home}/api/session/test-user", {"origin": self.home}
        answer = await self.page.context.request.post(endpoint, headers=origin, max_redirects=0)
        assert answer.status == 303, await answer.text()

    async def takes_the_session_of(self, other: "Person") -> None:
        """Replace this browser's session by that of `other`."""
        for cookie in await other.page.context.cookies(self.home):
            if cookie.get("name") == COOKIE:
                value = cookie.get("value", "")
                await self.page.context.add_cookies([{"name": COOKIE, "value": value, "url": self.home}])

    async def sign_in_by_click(self) -> None:
        """Sign in as the test user with the button on the home page."""
        await self.go("/")
        await self.page.get_by_test_id("sign-in-test-user").click()
        await expect(self.page.get_by_test_id("user-name")).to_have_text("测试用户")

    async def registers(self, username: str, password: str) -> None:
        """Fill in and submit the register page."""
        await self.go("/register")
        await self._enters(username, password)

    async def signs_in(self, username: str, password: str) -> None:
        """Fill in and submit the sign-in page, which is opened unless it is open."""
        if "/sign-in" not in self.page.url:
            await self.go("/sign-in")
        await self._enters(username, password)

    async def _enters(self, username: str, password: str) -> None:
        await self.page.get_by_label("用户名", exact=True).fill(username)
        await self.page.get_by_label("密码", exact=True).fill(password)
        await self.page.get_by_test_id("submit-entry").click()

    async def signs_out(self) -> None:
        """Click the button "sign out" in the header."""
        await self.page.get_by_test_id("sign-out").click()
        await expect(self.page.get_by_test_id("submit-entry")).to_be_visible()

    async def is_signed_in_as(self, name: str) -> None:
        """Check the name in the header."""
        await expect(self.page.get_by_test_id("user-name")).to_have_text(name)

    async def open_new_project(self) -> None:
        """Open the form of a new project."""
        await self.go("/projects/new")
        await expect(self.page.get_by_role("heading", name="新建脑暴项目")).to_be_visible()

    async def create_project(self, **brief: str) -> str:
        """Fill in the fields of `brief` (by label) and submit; returns the id of the new project."""
        await self.open_new_project()
        for label, value in brief.items():
            await self.page.get_by_label(label).fill(value)
        await self.page.get_by_test_id("submit-brief").click()
        await self.page.wait_for_url("**/brainstorm")
        return self.page.url.split("/")[-2]

    @property
    def ideas(self) -> Locator:
        """The cards of the newest run, including the one that is being written."""
        return self.page.get_by_test_id("newest-ideas").get_by_test_id("idea")

    @property
    def finished(self) -> Locator:
        """The finished cards of the newest run."""
        return self.page.get_by_test_id("newest-ideas").locator('[data-testid=idea][data-state="finished"]')

    @property
    def says(self) -> Locator:
        """The status text of the newest run."""
        return self.page.get_by_test_id("status").get_by_test_id("status-text")

    @property
    def reason(self) -> Locator:
        """The reason why the newest run has too few ideas."""
        return self.says.or_(self.page.get_by_test_id("failure-reason"))

    @property
    def buttons(self) -> Locator:
        """The buttons next to the status of the newest run."""
        return self.page.get_by_test_id("status").get_by_role("button")

    async def visit(self, project_id: str) -> None:
        """Open the page of a project."""
        await self.go(f"/projects/{project_id}/brainstorm")

    async def presses(self, name: str) -> None:
        """Click the button with this name next to the status of the newest run."""
        await self.page.get_by_test_id("status").get_by_role("button", name=name, exact=True).click()

    async def opens_members(self) -> None:
        """Open the members page from the page of a project."""
        await self.page.get_by_test_id("to-members").click()
        await expect(self.page.get_by_test_id("members")).to_be_visible()

    async def chooses(self, item: str) -> None:
        """Choose an entry of the menu of the open project, or of the only project in the list."""
        await self.page.get_by_test_id("project-menu").locator("summary").click()
        await self.page.get_by_test_id("project-menu").get_by_role("button", name=item, exact=True).click()

    async def opens_more(self, at: int) -> None:
        """Open the menu of an idea of the newest run; `at` counts from 0."""
        await self.ideas.nth(at).get_by_test_id("more").click()

    def card(self, at: int) -> Locator:
        """The card of the newest run at this place, counted from 0."""
        return self.ideas.nth(at)

    async def does(self, action: str, at: int) -> None:
        """Click a button on the card of an idea: keep, pass or edit."""
        await self.card(at).get_by_test_id(action).click()

    async def from_menu(self, action: str, at: int) -> None:
        """Choose an entry of the menu of an idea: like, retitle, select, show-versions or origin."""
        await self.opens_more(at)
        await self.card(at).get_by_test_id(action).click()

    async def writes(self, title: str, body: str) -> None:
        """Enter this title and text in the open editor, and save."""
        await self.page.get_by_test_id("edit-title").fill(title)
        await self.page.get_by_test_id("edit-body").fill(body)
        await self.saves()

    async def downloads(self, format: str) -> Path:
        """Download the file of this format from the open export dialog."""
        async with self.page.expect_download() as coming:
            await self.page.get_by_test_id(f"export-{format}").click()
        return await (await coming.value).path()

    async def saves(self) -> None:
        """Save what the open editor contains."""
        await self.page.get_by_test_id("save-idea").click()
        await expect(self.page.get_by_test_id("editor")).to_have_count(0)

    async def loses_the_network(self) -> None:
        """Take the browser offline."""
        await self.page.context.set_offline(True)

    async def lets_time_go_by(self, seconds: float) -> None:
        """Move the clock that the page's timers read forward by `seconds`.

        Waits first until each timer has read the clock once. The clock of the network connection does not
        change.
        """
        await self.page.evaluate(_LATER, seconds)

    async def finds_the_network(self) -> None:
        """Bring the browser back online."""
        await self.page.context.set_offline(False)

    async def sees_words(self, words: str) -> None:
        """Wait until these words are visible on the page."""
        await expect(self.page.get_by_text(words).first).to_be_visible()

    async def sees_status(self, text: str) -> None:
        """Wait until the status line above the cards contains this text."""
        await expect(self.page.get_by_test_id("status")).to_contain_text(text)

    async def says_in_full(self, text: str | re.Pattern[str]) -> None:
        """Wait until the visible status text of the newest run is exactly this text."""
        await expect(self.says).to_have_text(text, use_inner_text=True)

    async def sees_ideas(self, *titles: str) -> None:
        """Wait until the finished ideas have exactly these titles, in this order."""
        await expect(self.finished.get_by_role("heading")).to_have_text([*titles])

    async def all_text(self) -> list[str]:
        """The text of every card."""
        return await self.ideas.all_inner_texts()

    async def takes_out_the_phone(self) -> None:
        """Resize the window to a phone."""
        await self.page.set_viewport_size(PHONE)

    async def takes_pictures(self, name: str) -> None:
        """Take pictures in the sizes of a desktop and a phone and in both colour schemes;
        restore the page.
        """
        if not os.environ.get("SCRIPTWRITER_TEST_PICTURES"):
            return
        size, day = self.page.viewport_size, await self.page.evaluate(_BY_DAY)
        for screen, width_and_height in (("desktop", DESKTOP), ("phone", PHONE)):
            await self.page.set_viewport_size(width_and_height)
            for theme in ("light", "dark"):
                await self.page.emulate_media(color_scheme=theme)
                await self.takes_picture(f"{name}-{screen}" + ("-dark" if theme == "dark" else ""))
        if size:
            await self.page.set_viewport_size(size)
        await self.page.emulate_media(color_scheme="light" if day else "dark")

    async def takes_picture(self, name: str) -> None:
        """Write a screenshot to test-artifacts/ where SCRIPTWRITER_TEST_PICTURES is set."""
        if not os.environ.get("SCRIPTWRITER_TEST_PICTURES"):
            return
        SCREENSHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")
