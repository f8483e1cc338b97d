"""Visit every page in every state that looks different, and call a function at each.

await walk(web, model, browser, "en", see)     # see(person, "projects-empty") is awaited at each place
"""

import json
from collections.abc import Awaitable, Callable

from playwright.async_api import Browser, Locator, expect

from scriptwriter.services.projects import catalog, invitations
from tests.support.gated_replies import gated_reply
from tests.support.model_server import Gate, ModelServer, refused, spoken
from tests.support.people import Person, colleague_of, newcomer, outsider
from tests.support.web import Web

Visit = Callable[[Person, str], Awaitable[None]]

NAMES = {"zh": ("林夏", "小李"), "en": ("Lin Xia", "Lee")}
BRIEFS = {"zh": ("抖音", "穿越, 爽文"), "en": ("TikTok", "revenge, comedy")}
PROJECT_NAMES = {
    "zh": "重生之我在末世开超市顺便继承了前世仇人的百亿家产而且谁也不知道",
    "en": "Supercalifragilisticexpialidocious-and-other-words-without-a-single-space-in-them",
}
STORIES = {
    "zh": (
        "奶奶开播",
        "七十岁的陈秀兰被三个儿子轮流推诿，最后住进旧戏楼，用孙女的手机开了直播。",
    ),
    "en": (
        "Grandma Goes Live",
        "At seventy, handed from son to son, Xiulan sings the arias of her youth. ",
    ),
}


async def walk(web: Web, model: ModelServer, browser: Browser, language: str, see: Visit) -> None:
    """Visit all pages in `language` (zh or en), with motion reduced."""
    await _outside(web, browser, language, see)
    owner_name, colleague_name = NAMES[language]
    person, user = await newcomer(browser, web.url, owner_name)
    await _reads(person, language)
    await person.go("/projects")
    await see_at(person, "projects-empty", see, person.page.locator(".empty"))
    await _brief(person, see)
    project_id = await catalog.create(user, PROJECT_NAMES[language])
    await person.visit(project_id)
    await see_at(person, "idle", see, person.page.get_by_test_id("idle"))
    await _writing(person, model, language, see)
    colleague = await colleague_of(project_id, browser, web.url, colleague_name)
    await _reads(colleague, language)
    await colleague.visit(project_id)
    await _acts(person, colleague, see)
    await _dialogs(person, see)
    await _later(person, model, language, see)
    await _members(person, project_id, colleague_name, see)
    await colleague.visit(project_id)
    await see_at(colleague, "denied", see, colleague.page.get_by_test_id("denied"))
    await _around(person, user, language, see)


async def see_at(person: Person, name: str, see: Visit, *locators: Locator) -> None:
    """Call `see` as soon as `locators` are visible."""
    for locator in locators:
        await expect(locator).to_be_visible()
    await see(person, name)


async def _reads(person: Person, language: str) -> None:
    await person.page.context.add_init_script(f"localStorage.setItem('scriptwriter_language', '{language}')")
    await person.page.emulate_media(reduced_motion="reduce")


async def _outside(web: Web, browser: Browser, language: str, see: Visit) -> None:
    person = await Person.arrive(browser, web.url)
    await _reads(person, language)
    page = person.page
    await person.go("/sign-in")
    await see_at(person, "sign-in", see, page.get_by_test_id("sign-in-test-user"))
    for name in ("username", "password"):
        await page.locator(f"[name={name}]").fill("somebody else")
    await page.get_by_test_id("submit-entry").click()
    await see_at(person, "sign-in-refused", see, page.get_by_test_id("problem").first)
    await person.go("/register")
    await see_at(person, "register", see, page.get_by_test_id("submit-entry"))
    await person.go("/no/such/page")
    await see_at(person, "404", see, page.locator(".empty"))


async def _brief(person: Person, see: Visit) -> None:
    page = person.page
    await person.go("/projects/new")
    await see_at(person, "new-project", see, page.get_by_test_id("submit-brief"))
    await page.locator("#platform").fill("")
    await page.get_by_test_id("submit-brief").click()
    await see_at(person, "new-project-problem", see, page.locator("#platform-problem"))
    for field in ("platform", "genre"):
        await page.get_by_test_id(f"open-{field}").click()
        await see_at(person, f"picker-{field}", see, page.get_by_test_id(f"picker-{field}"))
        if field == "genre":
            await page.get_by_test_id("search-genre").fill("qqq")
            await see_at(person, "picker-nothing", see, page.locator("#pick-genre .pick-nothing"))
        await page.keyboard.press("Escape")


async def _writing(person: Person, model: ModelServer, language: str, see: Visit) -> None:
    page, text = person.page, reply_text(language)
    platform, genre = BRIEFS[language]
    gate = Gate()
    model.answers(gated_reply(text, {text.index(f"{title(language, 3)}") + 30: gate}))
    await page.locator("#platform").fill(platform)
    await page.locator("#genre").fill(genre)
    await page.get_by_test_id("submit-brief").click()
    await expect(person.finished).to_have_count(2)
    await see_at(person, "writing", see, page.get_by_test_id("progress"))
    gate.open()
    await expect(person.finished).to_have_count(5)
    await see_at(person, "finished", see, page.get_by_test_id("summary"))


async def _acts(person: Person, colleague: Person, see: Visit) -> None:
    page, ideas = person.page, person.ideas
    await ideas.nth(0).get_by_test_id("keep").click()
    await see_at(person, "kept", see, page.get_by_test_id("undo-notice"))
    await expect(colleague.finished).to_have_count(5)
    await colleague.ideas.nth(0).get_by_test_id("keep").click()
    await colleague.ideas.nth(1).get_by_test_id("keep").click()
    await ideas.nth(2).get_by_test_id("pass").click()
    await see_at(person, "reasons", see, page.get_by_test_id("reasons"), page.get_by_test_id("present"))
    await page.get_by_test_id("reason-formulaic").click()
    for at, (who, word) in enumerate(((person, "A"), (colleague, "B"))):
        await who.ideas.nth(3).get_by_test_id("edit").click()
        await who.page.get_by_test_id("edit-title").fill(word)
        if at == 0:
            await see_at(person, "editing", see, page.get_by_test_id("editor"))
    await expect(page.get_by_test_id("editor")).to_be_visible()
    await person.saves()
    await colleague.page.get_by_test_id("save-idea").click()
    await see_at(colleague, "conflict", see, colleague.page.get_by_test_id("conflict"))
    await colleague.page.get_by_test_id("close-editor").click()
    await person.opens_more(3)
    await see_at(person, "menu", see, ideas.nth(3).get_by_test_id("origin"))
    await ideas.nth(3).get_by_test_id("show-versions").click()
    await see_at(person, "versions", see, page.get_by_test_id("versions"))
    await page.keyboard.press("Escape")
    for at in (0, 1):
        await person.opens_more(at)
        await ideas.nth(at).get_by_test_id("select").click()
    await see_at(person, "merging", see, page.get_by_test_id("merge"))
    await page.get_by_test_id("merging").get_by_role("button").last.click()


async def _dialogs(person: Person, see: Visit) -> None:
    page = person.page
    await person.opens_more(0)
    await person.ideas.nth(0).get_by_test_id("origin").click()
    await see_at(person, "origin", see, page.locator("dialog#origin"))
    await page.keyboard.press("Escape")
    await page.get_by_test_id("export").click()
    await see_at(person, "export", see, page.get_by_test_id("export-dialog"))
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await see_at(person, "keys", see, page.locator("dialog#keys"))
    await page.keyboard.press("Escape")
    await page.get_by_test_id("edit-brief").click()
    await see_at(person, "changed-brief", see, page.get_by_test_id("changed-brief"))


async def _later(person: Person, model: ModelServer, language: str, see: Visit) -> None:
    page, text = person.page, reply_text(language)
    model.answers(spoken(text[: text.index(title(language, 3)) + 20], finish="length"))
    await page.get_by_test_id("submit-brief").click()
    past = page.get_by_test_id("past-batch")
    await see_at(person, "failed", see, page.get_by_test_id("failure"), past)
    await past.locator("summary").first.click()
    await see_at(person, "past", see, past.get_by_test_id("idea").first)
    model.answers(refused(401, "no"))
    await person.from_menu("like", 0)
    await expect(past).to_have_count(2)
    await see_at(person, "refused", see, page.get_by_test_id("failure"), page.locator(".brief .task"))


async def _members(person: Person, project_id: str, colleague_name: str, see: Visit) -> None:
    page = person.page
    await person.go(f"/projects/{project_id}/lineage")
    await see_at(person, "lineage", see, page.get_by_test_id("step").first)
    await person.go(f"/projects/{project_id}/members")
    row = page.get_by_test_id("member").filter(has_text=colleague_name)
    for name in (await outsider(colleague_name), await outsider("W" * 60)):
        await page.locator("#username").fill(name)
        await page.get_by_test_id("invite-member").click()
        await expect(page.locator(f'[data-testid=invitation][data-username="{name}"]')).to_be_visible()
    await see_at(person, "members", see, row)
    await row.get_by_test_id("ask").click()
    await see_at(person, "members-question", see, page.get_by_test_id("question"))
    await page.get_by_test_id("confirm").click()
    await expect(row).to_have_count(0)


async def _around(person: Person, user: str, language: str, see: Visit) -> None:
    page = person.page
    for number in range(2, 5):
        await catalog.create(user, f"No. {number}")
    await person.go("/projects")
    await expect(page.get_by_test_id("project")).to_have_count(4)
    await see_at(person, "projects", see, page.get_by_test_id("search-projects"))
    inviter = await outsider({"zh": "林冬", "en": "Winter Lin"}[language])
    autumn = {"zh": "秋天的短剧", "en": "Autumn shorts"}[language]
    for name, role in ((autumn, "collaborator"), ("Supercalifragilistic" * 4, "owner")):
        invited_to = await catalog.create(inviter, name)
        await invitations.invite(invited_to, user, role, inviter)
    await expect(page.get_by_test_id("invite")).to_have_count(2)
    await see_at(person, "projects-invited", see, page.get_by_test_id("accept").first)
    for left in (1, 0):
        await page.get_by_test_id("decline").first.click()
        await expect(page.get_by_test_id("invite")).to_have_count(left)
    await page.get_by_test_id("notice").get_by_role("button").last.click()
    menu = page.get_by_test_id("project-menu").first
    await menu.locator("summary").click()
    await see_at(person, "projects-menu", see, menu.get_by_test_id("rename"))
    await menu.get_by_test_id("rename").click()
    await see_at(person, "projects-renaming", see, page.get_by_test_id("project-name-field"))
    await page.keyboard.press("Escape")
    await page.get_by_test_id("search-projects").fill("qqq")
    await see_at(person, "projects-nothing", see, page.locator(".empty"))
    await page.get_by_test_id("shelf-deleted").click()
    await see_at(person, "projects-deleted", see, page.locator(".empty"))
    await person.go("/account")
    await page.get_by_test_id("tokens").get_by_role("textbox").fill("export")
    await page.get_by_test_id("create-token").click()
    await see_at(person, "account", see, page.get_by_test_id("fresh-token"))


def reply_text(language: str) -> str:
    """A model's reply of five ideas in that language."""
    body = STORIES[language][1]
    ideas = [{"title": title(language, number), "body": f"{number}. " + body * 3} for number in range(1, 6)]
    return json.dumps({"ideas": ideas}, ensure_ascii=False)


def title(language: str, number: int) -> str:
    """The title of the idea with that number."""
    return f"{STORIES[language][0]} {number}"
