"""Failures around a generation as people see them, in browsers on the production build."""

import re

import pytest
from playwright.async_api import Browser, Route, WebSocketRoute, expect
from sqlalchemy import delete
from sqlmodel import col

from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, Project
from tests.support.gated_replies import TITLES, gated_reply, reply_in_parts
from tests.support.model_server import Gate, ModelServer, ideas_text, refused, spoken
from tests.support.people import PHONE, Person, colleague_of
from tests.support.rows import rows
from tests.support.waiting import eventually
from tests.support.web import Web


def _status(database: str, project_id: str) -> str:
    """The status of the project's only generation."""
    [row] = rows(
        database,
        "SELECT streaming_status FROM transforms WHERE type = 'llm' AND project_id = %s",
        project_id,
    )
    return row["streaming_status"]


async def test_a_stop_shows_everybody_who_stopped_and_keeps_the_text(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """A colleague stops in mid-sentence, and the stream from the model is closed."""
    text = ideas_text(range(1, 6))
    half_written = gated_reply(text, {text.index("第3个故事") + 20: Gate()})
    model.answers(half_written, spoken(ideas_text([3, 4, 5])))
    requests_before = len(model.exchanges)
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    project_id = await writer.create_project()
    colleague = await colleague_of(project_id, browser, web.url)
    await colleague.visit(project_id)
    await expect(colleague.ideas.nth(2)).to_contain_text("第3个故事：有人来了")

    await colleague.presses("停止")

    for person in (writer, colleague):
        await person.sees_status("小李 已停止，已写内容保留")
        await person.sees_ideas(*TITLES[:2])
        await expect(person.ideas.nth(2)).to_contain_text("第3个故事：有人来了")
        await expect(person.ideas.nth(2)).to_contain_text("未完成")
        await expect(person.ideas.nth(2).get_by_test_id("retry-one")).to_be_visible()
    await eventually(model.exchanges[requests_before].left.is_set)
    await writer.takes_picture("stopped-desktop")
    await writer.presses("补齐")
    for person in (writer, colleague):
        await person.sees_ideas(*TITLES)


async def test_an_automatic_retry_is_announced_and_ends_well(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """The page says why it waits, for how long, and which retry it is; the person could stop it."""
    model.answers(refused(429, "slow down", {"retry-after": "4"}), spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url, viewport=PHONE)
    await writer.sign_in()
    await writer.create_project()

    await writer.says_in_full(re.compile(r"^模型繁忙，[1-4] 秒后自动重试（1/2）$"))
    await expect(writer.page.get_by_test_id("stop")).to_be_enabled()
    await writer.takes_picture("waiting-phone")

    await writer.sees_ideas(*TITLES)
    await writer.sees_status("5 个创意")


async def test_a_removed_member_sees_nothing_more_and_others_are_undisturbed(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """In mid-sentence, without a reload."""
    half_a_sentence, two_ideas = Gate(), Gate()
    half_a_sentence.open()
    model.answers(reply_in_parts(half_a_sentence, two_ideas))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    project_id = await writer.create_project()
    colleague = await colleague_of(project_id, browser, web.url)
    await colleague.visit(project_id)
    await colleague.sees_ideas(*TITLES[:2])

    async with transaction() as session:
        await session.exec(
            delete(Membership).where(
                col(Membership.project_id) == project_id, col(Membership.role) == "collaborator"
            )
        )

    await colleague.sees_words("你已被移出该项目")
    await colleague.takes_picture("removed-desktop")
    assert TITLES[0] not in await colleague.page.content()
    two_ideas.open()
    await writer.sees_ideas(*TITLES)
    page = await colleague.page.content()
    assert not any(title in page for title in TITLES)
    await colleague.page.get_by_role("link", name="返回项目列表").click()
    await colleague.page.wait_for_url("**/projects")


async def test_deleting_a_project_during_a_generation_breaks_no_tab(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """Every tab says so, the stream from the model is closed, and the next project works."""
    half_a_sentence, two_ideas = Gate(), Gate()
    half_a_sentence.open()
    model.answers(reply_in_parts(half_a_sentence, two_ideas), spoken(ideas_text(range(1, 6))))
    requests_before = len(model.exchanges)
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    project_id = await writer.create_project()
    colleague = await colleague_of(project_id, browser, web.url)
    await colleague.visit(project_id)
    faults: list[object] = []
    for person in (writer, colleague):
        person.page.on("pageerror", lambda fault: faults.append(fault))
        await person.sees_ideas(*TITLES[:2])

    async with transaction() as session:
        await session.exec(delete(Project).where(col(Project.id) == project_id))

    for person in (writer, colleague):
        await person.sees_words("这个项目已被删除")
        assert TITLES[0] not in await person.page.content()
    await eventually(model.exchanges[requests_before].left.is_set)
    await writer.create_project()
    await writer.sees_ideas(*TITLES)
    assert faults == []


async def test_a_browser_that_was_offline_shows_the_database_and_starts_nothing(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """The generation continues meanwhile, and buttons that need the network are disabled."""
    half_a_sentence, two_ideas = Gate(), Gate()
    half_a_sentence.open()
    model.answers(reply_in_parts(half_a_sentence, two_ideas), spoken(ideas_text(range(1, 6))))
    requests_before = len(model.exchanges)
    # Chromium treats "localhost" as reachable even when it is offline.
    writer = await Person.arrive(browser, web.url.replace("localhost", "127.0.0.1"))
    await writer.sign_in()
    project_id = await writer.create_project()
    await writer.sees_ideas(*TITLES[:2])

    await writer.loses_the_network()
    await writer.sees_words("网络已断开，后台仍在生成")
    await expect(writer.page.get_by_test_id("stop")).to_be_disabled()
    await writer.sees_ideas(*TITLES[:2])
    await writer.takes_picture("offline-desktop")
    two_ideas.open()
    await eventually(lambda: _status(database, project_id) == "completed")
    await writer.finds_the_network()

    await writer.sees_ideas(*TITLES)
    await writer.sees_status("5 个创意")
    await expect(writer.page.get_by_test_id("offline")).to_have_count(0)
    await writer.loses_the_network()
    await writer.sees_words("网络已断开，后台仍在生成")
    await expect(writer.page.get_by_test_id("another-batch")).to_be_disabled()
    await writer.page.get_by_test_id("another-batch").dispatch_event("click")
    await writer.finds_the_network()
    await expect(writer.page.get_by_test_id("offline")).to_have_count(0)
    await writer.presses("再来一批")
    await expect(writer.page.get_by_test_id("past-batch")).to_have_count(1)
    await writer.sees_ideas(*TITLES)
    assert len(model.exchanges) == requests_before + 2


async def test_one_unfinished_idea_is_retried_alone_and_the_others_stay(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """It is written again at its place; the other missing ideas can still be filled in."""
    text = ideas_text(range(1, 6))
    cut = text[: text.index("第3个故事") + 12]
    model.answers(spoken(cut, finish="content_filter"), spoken(ideas_text([3])), spoken(ideas_text([4, 5])))
    requests_before = len(model.exchanges)
    writer = await Person.arrive(browser, web.url, color_scheme="dark")
    await writer.sign_in()
    await writer.create_project()
    await writer.sees_status("第 3 个被安全策略拦截，其余不受影响")
    for name in ("换个说法", "跳过"):
        await expect(writer.page.get_by_role("button", name=name)).to_be_visible()
    await writer.takes_picture("filtered-desktop-dark")
    await writer.takes_out_the_phone()
    await writer.takes_picture("filtered-phone-dark")

    await writer.ideas.nth(2).get_by_test_id("retry-one").click()

    await writer.sees_ideas(*TITLES[:3])
    await writer.sees_status("完成 3/5，2 个未完成")
    await writer.takes_picture("partial-desktop-dark")
    await writer.presses("补齐")
    await writer.sees_ideas(*TITLES)
    assert len(model.exchanges) == requests_before + 3


async def test_an_unreadable_reply_is_shown_as_plain_text(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """Its markup is never interpreted."""
    model.answers(spoken("<img src=x onerror=alert(1)> sorry"))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    await writer.create_project()
    await expect(writer.page.get_by_test_id("failure")).to_contain_text("返回格式有误，无法解析")

    await writer.presses("查看原文")

    text = writer.page.get_by_test_id("raw-reply")
    await expect(text).to_be_visible()
    await expect(text).to_contain_text("<img src=x onerror=alert(1)> sorry")
    assert await text.locator("img").count() == 0
    await writer.takes_picture("raw-reply-desktop")
    await writer.page.keyboard.press("Escape")
    await expect(text).to_be_hidden()


async def test_a_filled_form_is_restored_until_its_project_is_created(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """After a link and back, and after a reload. Afterwards the form is empty again."""
    model.answers(spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    await writer.open_new_project()
    page, wishes = writer.page, writer.page.locator("#other_requirements")
    await wishes.fill("写到一半的要求")
    await page.locator("#count").select_option("3")
    await page.get_by_text("女频", exact=True).click()

    await page.locator(".brand").click()
    await expect(page.get_by_test_id("submit-brief")).to_have_count(0)
    await page.go_back()
    await expect(wishes).to_have_value("写到一半的要求")
    await page.reload()
    await expect(wishes).to_have_value("写到一半的要求")
    await expect(page.get_by_test_id("draft-note")).to_be_visible()
    await expect(page.locator("#count")).to_have_value("3")
    await expect(page.get_by_label("女频")).to_be_checked()
    await writer.takes_pictures("brief-restored")
    await page.get_by_test_id("submit-brief").click()
    await page.wait_for_url("**/brainstorm")

    await writer.open_new_project()
    await expect(page.get_by_test_id("user-name")).to_be_visible()
    await expect(wishes).to_have_value("")
    await expect(page.get_by_test_id("draft-note")).to_be_hidden()


async def test_a_form_whose_answer_was_lost_leads_to_its_project(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """The person does not start and pay for it twice."""
    model.answers(spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    lost = False

    def forward(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        server.on_message(lambda message: None if lost else route.send(message))

    await writer.page.route_web_socket(re.compile("/_event"), forward)
    await writer.open_new_project()
    await expect(writer.page.get_by_test_id("submit-brief")).to_be_enabled()
    before = rows(database, "SELECT count(*) AS count FROM projects")[0]["count"]

    def made() -> int:
        return rows(database, "SELECT count(*) AS count FROM projects")[0]["count"] - before

    lost = True
    await writer.page.get_by_test_id("submit-brief").click()
    await eventually(lambda: made() == 1)
    lost = False
    await writer.page.reload()

    await writer.page.wait_for_url("**/brainstorm")
    await writer.sees_ideas(*TITLES)
    assert made() == 1


async def test_a_double_click_creates_one_project_and_one_run(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """For the form of a new project, and for "another batch"."""
    model.answers(spoken(ideas_text(range(1, 6))))
    requests_before = len(model.exchanges)
    before = rows(database, "SELECT count(*) AS count FROM projects")[0]["count"]
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    await writer.open_new_project()

    await writer.page.get_by_test_id("submit-brief").dblclick()

    await writer.page.wait_for_url("**/brainstorm")
    await writer.sees_ideas(*TITLES)
    assert rows(database, "SELECT count(*) AS count FROM projects")[0]["count"] == before + 1
    await writer.page.get_by_test_id("another-batch").dblclick()
    await expect(writer.page.get_by_test_id("past-batch")).to_have_count(1)
    await writer.sees_ideas(*TITLES)
    assert len(model.exchanges) == requests_before + 2


@pytest.mark.parametrize(
    ("where", "missing"), [("members", "*members*.js"), ("lineage", "*lineage*.js"), ("lineage", "esm-*.js")]
)
async def test_a_tab_older_than_the_build_still_opens_other_pages(
    web: Web, model: ModelServer, browser: Browser, database: str, where: str, missing: str
) -> None:
    """The script files that it requests no longer exist, so the browser loads the page from the server."""
    model.answers(spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    await writer.create_project()
    await writer.sees_ideas(*TITLES)
    page, gone, documents = writer.page, True, 0

    async def missing_file(route: Route) -> None:
        await (route.fulfill(status=404) if gone else route.continue_())

    async def new_build(route: Route) -> None:
        nonlocal gone, documents
        gone, documents = False, documents + 1
        await route.continue_()

    await page.route(f"**/assets/{missing}", missing_file)
    await page.route(lambda url: "/projects/" in url, new_build)

    await page.get_by_test_id(f"to-{where}").click()

    await page.wait_for_url(f"**/{where}")
    # A library is requested by the page that is already open.
    await eventually(lambda: documents > 0)
    shown = {"members": "members", "lineage": "lineage-graph"}[where]
    await expect(page.get_by_test_id(shown)).to_be_visible()
    await expect(page.locator(".broken-page")).to_have_count(0)
    assert 1 <= documents <= 2
    await page.go_back()
    await writer.sees_ideas(*TITLES)
