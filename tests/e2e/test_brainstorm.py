"""The main flow of the product: people brainstorm together, in browsers on the production build."""

from uuid import uuid4

from playwright.async_api import Browser, expect

from scriptwriter.services.accounts import sessions
from scriptwriter.services.projects import catalog
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User
from tests.support.gated_replies import TITLES, reply_in_parts
from tests.support.model_server import Gate, ModelServer, ideas_text, refused, spoken
from tests.support.people import PHONE, Person, colleague_of
from tests.support.web import Web


async def test_five_ideas_are_streamed_to_two_tabs_and_shown_after_a_reload(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """A person watches a new project in two tabs and reloads one in between; a colleague joins late."""
    half_a_sentence, two_ideas = Gate(), Gate()
    model.answers(reply_in_parts(half_a_sentence, two_ideas))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in_by_click()

    project_id = await writer.create_project(其他要求="女主是现代 CEO")
    tab = await writer.open_second_tab()

    for person in (writer, tab):
        await expect(person.ideas.first).to_contain_text("第1个故事：有人来了")
        await expect(person.ideas.first).to_have_attribute("data-state", "writing")
        await person.sees_status("AI 正在生成创意想法... (0 个想法已生成)")
    half_a_sentence.open()
    for person in (writer, tab):
        await person.sees_status("AI 正在生成创意想法... (2 个想法已生成)")
        await person.sees_ideas(*TITLES[:2])
    await writer.takes_picture("writing-desktop")

    await tab.page.reload()
    await tab.sees_ideas(*TITLES[:2])
    colleague = await colleague_of(project_id, browser, web.url)
    await colleague.go(f"/projects/{project_id}/brainstorm")
    await colleague.sees_ideas(*TITLES[:2])

    two_ideas.open()
    for person in (writer, tab, colleague):
        await person.sees_ideas(*TITLES)
        await person.sees_status("5 个创意")
    assert await writer.all_text() == await tab.all_text() == await colleague.all_text()
    await writer.takes_picture("finished-desktop")


async def test_a_kept_idea_is_highlighted_for_everybody(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """The pick is stored: a reload shows it again."""
    model.answers(spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    project_id = await writer.create_project()
    await writer.sees_ideas(*TITLES)
    colleague = await colleague_of(project_id, browser, web.url)
    await colleague.go(f"/projects/{project_id}/brainstorm")

    await writer.ideas.nth(1).get_by_test_id("keep").click()

    for person, pressed in ((writer, "true"), (colleague, "false")):
        await expect(person.page.get_by_test_id("keepers")).to_contain_text(TITLES[1])
        await expect(person.ideas.nth(1)).to_have_class("sheet kept")
        await expect(person.ideas.nth(1).get_by_test_id("keep")).to_have_attribute("aria-pressed", pressed)
    await writer.page.reload()
    await expect(writer.ideas.nth(1).get_by_test_id("keep")).to_have_attribute("aria-pressed", "true")
    await writer.takes_picture("kept-desktop")
    for stamp in ("入选", "KEEP"):
        await writer.page.wait_for_function(
            "stamp => getComputedStyle(document.querySelector('.sheet.kept'), '::after').content === stamp",
            arg=f'"{stamp}"',
        )
        await writer.page.get_by_test_id("switch-language").click()


async def test_a_failure_says_why_and_a_retry_continues_the_run(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """Finished ideas stay, and the model is asked only for the missing ones."""
    text = ideas_text(range(1, 6))
    cut = text[: text.index("第3个故事") + 12]
    model.answers(spoken(cut, finish="length"), spoken(ideas_text([3, 4, 5])))
    asked = len(model.exchanges)
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    await writer.create_project()

    failure = writer.page.get_by_test_id("failure")
    await expect(failure).to_contain_text("生成失败")
    await expect(failure).to_contain_text("长度达到上限，第 3 个不完整")
    await writer.sees_ideas(*TITLES[:2])
    await writer.takes_picture("failed-desktop")
    await writer.presses("续写")

    await writer.sees_ideas(*TITLES)
    await expect(failure).to_have_count(0)
    prompt = model.exchanges[asked + 1].prompt
    assert TITLES[0] in prompt and TITLES[1] in prompt and TITLES[2] not in prompt


async def test_a_refused_key_is_explained_and_never_shown(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """The page shows an explanation, without a traceback and without the endpoint's own words."""
    model.answers(refused(401, "Incorrect API key provided: sk-very-secret"))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()

    await writer.create_project()

    await expect(writer.page.get_by_test_id("failure")).to_contain_text("密钥无效")
    page = await writer.page.content()
    assert "sk-very-secret" not in page and "Traceback" not in page


async def test_the_form_says_what_is_missing(web: Web, browser: Browser, database: str) -> None:
    """The form starts with the initial values of the design, and shows both messages at once."""
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    await writer.open_new_project()
    platform, genre = writer.page.get_by_label("目标平台"), writer.page.get_by_label("故事类型")
    await expect(platform).to_have_value("抖音")
    await expect(genre).to_have_value("穿越, 爽文")
    await writer.takes_picture("new-project-desktop")

    await platform.fill("")
    await genre.fill("  ")
    await writer.page.get_by_test_id("submit-brief").click()

    await expect(writer.page.get_by_text("请输入目标平台")).to_be_visible()
    await expect(writer.page.get_by_text("请输入故事类型")).to_be_visible()
    assert "/projects/new" in writer.page.url


async def test_an_empty_project_waits_for_its_first_brainstorm(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """The project was created without a brief: the page says what to do, and one click starts a run."""
    model.answers(spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    project_id = await catalog.create("test-user-1", "空项目")
    await writer.go(f"/projects/{project_id}/brainstorm")

    await expect(writer.page.get_by_text("点击开始生成创意想法")).to_be_visible()
    await writer.takes_picture("idle-desktop")
    await writer.page.get_by_role("button", name="开始头脑风暴").click()

    await writer.sees_ideas(*TITLES)


async def test_a_stranger_sees_nothing_of_a_project(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """Neither signed out nor signed in as another user."""
    model.answers(spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    project_id = await writer.create_project()
    await writer.sees_ideas(*TITLES)
    nobody = await Person.arrive(browser, web.url)
    name = f"stranger-{uuid4().hex[:8]}"
    async with transaction() as session:
        session.add(User(id=name, username=name))
    stranger = await Person.arrive(browser, web.url, await sessions.open_session(name))

    await nobody.go(f"/projects/{project_id}/brainstorm")
    await stranger.go(f"/projects/{project_id}/brainstorm")

    await expect(nobody.page.get_by_test_id("sign-in-test-user")).to_be_visible()
    await expect(stranger.page.get_by_text("项目不存在，或你没有访问权限")).to_be_visible()
    for person in (nobody, stranger):
        assert TITLES[0] not in await person.page.content()


async def test_pages_fit_a_phone_in_english_and_in_the_dark(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """The language is kept after a reload, and nothing scrolls sideways."""
    model.answers(spoken(ideas_text(range(1, 6))))
    reader = await Person.arrive(browser, web.url, viewport=PHONE, color_scheme="dark")
    await reader.sign_in()
    project_id = await reader.create_project()
    await reader.sees_ideas(*TITLES)
    await reader.takes_picture("finished-phone-dark")

    await reader.page.get_by_test_id("switch-language").click()
    await reader.sees_status("5 ideas")
    await reader.page.reload()
    await reader.sees_status("5 ideas")
    await reader.takes_picture("finished-phone-dark-english")

    for path in (f"/projects/{project_id}/brainstorm", "/projects", "/projects/new"):
        await reader.go(path)
        await expect(reader.page.get_by_test_id("user-name")).to_have_count(1)
        await reader.takes_picture(f"phone-dark-english{path.replace(project_id, 'id').replace('/', '-')}")
        overflow = await reader.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, path
