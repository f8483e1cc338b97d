"""Two people work on the ideas of one project: keep, pass, edit, merge, order and export them."""

import json
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from docx import Document
from playwright.async_api import Browser, Locator, expect
from sqlalchemy import delete
from sqlmodel import col

from scriptwriter.services.accounts.test_user import TEST_USER
from scriptwriter.services.projects import catalog
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import UserSession
from tests.support.gated_replies import TITLES, reply_in_parts
from tests.support.model_server import Gate, ModelServer, ideas_text, spoken
from tests.support.people import DESKTOP, Person, colleague_of
from tests.support.web import Web

MERGED = json.dumps(
    {"ideas": [{"title": "两家合一", "body": "两个故事在同一扇门前相遇。"}]}, ensure_ascii=False
)
NEW_TITLE = json.dumps({"ideas": [{"title": "门没有关", "body": "更有悬念。"}]})


@pytest_asyncio.fixture(loop_scope="session")
async def writer(web: Web, model: ModelServer, browser: Browser, database: str) -> AsyncIterator[Person]:
    """A person who is signed in. The test fails if a script on one of their pages raises an error."""
    model.answers(spoken(ideas_text(range(1, 6))))
    person = await Person.arrive(browser, web.url, permissions=["clipboard-read", "clipboard-write"])
    faults: list[object] = []
    person.page.on("pageerror", lambda fault: faults.append(fault))
    await person.sign_in()
    yield person
    assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def room(writer: Person, browser: Browser) -> tuple[Person, Person]:
    """Two people on the same page with five ideas; the first one owns the project."""
    project_id = await writer.create_project()
    await writer.sees_ideas(*TITLES)
    colleague = await colleague_of(project_id, browser, writer.home)
    await colleague.visit(project_id)
    await colleague.sees_ideas(*TITLES)
    return writer, colleague


async def test_a_brief_is_picked_rather_than_typed(writer: Person, model: ModelServer) -> None:
    """By search and by click.

    A fourth genre is refused, own words are accepted, and Enter does not submit.
    """
    await writer.open_new_project()
    genre = writer.page.locator("#genre")
    await genre.fill("")
    await writer.page.get_by_test_id("open-genre").click()
    picker = writer.page.get_by_test_id("picker-genre")
    search = writer.page.get_by_test_id("search-genre")

    await search.fill("重生")
    await search.press("Enter")
    for name in ("甜宠", "悬疑"):
        await picker.get_by_role("button", name=name, exact=True).click()
    await picker.get_by_role("button", name="爽文", exact=True).click()
    await expect(picker.get_by_role("status")).to_be_visible()
    await expect(picker.get_by_role("button", name="爽文", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )
    await search.fill("会说话的锅")
    await expect(picker.get_by_role("button", name="重生", exact=True)).to_be_hidden()
    await picker.get_by_role("button", name="就用这几个字").click()
    await writer.page.keyboard.press("Escape")
    await expect(picker).to_be_hidden()
    await expect(writer.page.get_by_test_id("open-genre")).to_be_focused()
    await expect(genre).to_have_value("重生, 甜宠, 悬疑, 会说话的锅")

    await writer.page.get_by_test_id("open-platform").click()
    await writer.page.get_by_test_id("picker-platform").get_by_role("button", name="小红书").click()
    await expect(writer.page.locator("#platform")).to_have_value("小红书")
    await writer.page.get_by_text("女频", exact=True).click()
    await writer.page.locator("#count").select_option("3")
    await writer.page.locator("#avoid").fill("车祸")
    model.answers(spoken(ideas_text(range(1, 4))))
    await writer.page.get_by_test_id("submit-brief").click()

    await writer.sees_ideas(*TITLES[:3])
    await expect(writer.page.get_by_test_id("brief")).to_have_text(
        "小红书 · 重生, 甜宠, 悬疑, 会说话的锅 · 女频 · 3 个"
    )
    prompt = model.exchanges[-1].prompt
    assert all(words in prompt for words in ("小红书", "会说话的锅", "女", "车祸"))


async def test_a_long_pasted_text_is_kept_and_shown_folded(writer: Person, model: ModelServer) -> None:
    """The model gets the whole text. The page shows its beginning, and the rest on demand."""
    pasted = "\n".join(f"第{number}段：门口的男人又来了。" for number in range(1, 401))
    project_id = await writer.create_project(其他要求=pasted)
    await writer.sees_ideas(*TITLES)
    assert json.dumps(pasted, ensure_ascii=False) in model.exchanges[-1].prompt
    wishes = writer.page.get_by_test_id("long-wishes")
    started = writer.page.get_by_role("complementary").get_by_test_id("started-at")
    await expect(started.first).to_have_text(re.compile(r"^\d\d:\d\d$"))

    await expect(wishes).to_contain_text("第1段")
    await expect(wishes.get_by_text("第400段")).to_be_hidden()
    await wishes.get_by_text("全文").click()

    await expect(wishes.get_by_text("第400段")).to_be_visible()
    box = await wishes.bounding_box()
    assert box is not None and box["height"] < DESKTOP["height"]
    await writer.visit(project_id)
    await writer.page.get_by_test_id("edit-brief").click()
    await expect(writer.page.locator("#other_requirements")).to_have_value(pasted)


async def test_genres_are_shown_in_the_language_of_each_reader(
    room: tuple[Person, Person], model: ModelServer
) -> None:
    """The form starts, picks and shows genres in English, while a colleague reads them in Chinese."""
    writer, colleague = room
    await writer.page.get_by_test_id("switch-language").click()
    await writer.page.get_by_test_id("edit-brief").click()
    await expect(writer.page.locator("#genre")).to_have_value("Time travel, Power fantasy")
    await writer.page.get_by_test_id("open-genre").click()
    picker = writer.page.get_by_test_id("picker-genre")
    for name, pressed in (("Time travel", "true"), ("Power fantasy", "true"), ("Revenge", "false")):
        entry = picker.get_by_role("button", name=name, exact=True)
        await expect(entry).to_have_attribute("aria-pressed", pressed)
        if name != "Time travel":
            await entry.click()
    await writer.page.keyboard.press("Escape")
    await expect(writer.page.locator("#genre")).to_have_value("Time travel, Revenge")
    model.answers(spoken(ideas_text(range(1, 6))))
    await writer.page.get_by_test_id("submit-brief").click()

    for person, words in (
        (writer, "Douyin · Time travel, Revenge · 5 ideas"),
        (colleague, "抖音 · 穿越, 复仇 · 5 个"),
    ):
        await expect(person.page.get_by_test_id("brief").first).to_have_text(words)

    await writer.go("/projects/new")
    await expect(writer.page.locator("#platform")).to_have_value("Douyin")


async def test_a_new_brief_begins_in_the_language_of_the_page(writer: Person) -> None:
    """The initial values follow a change of the language; what a person has typed stays."""
    page = writer.page
    await writer.go("/projects")
    await page.get_by_role("link", name="新建脑暴项目").first.click()
    await expect(page.locator("#platform")).to_have_value("抖音")

    await page.get_by_test_id("switch-language").click()

    await expect(page.locator("#platform")).to_have_value("Douyin")
    await expect(page.locator("#genre")).to_have_value("Time travel, Power fantasy")
    await page.locator("#genre").fill("Time travel, my own words")
    await page.get_by_test_id("switch-language").click()
    await expect(page.locator("#platform")).to_have_value("抖音")
    await expect(page.locator("#genre")).to_have_value("Time travel, my own words")


async def test_the_picks_of_all_members_are_shown_and_reach_the_next_prompt(
    room: tuple[Person, Person], model: ModelServer
) -> None:
    """One keeps an idea, the other passes on one with a reason; both see who did it."""
    writer, colleague = room

    await writer.does("keep", 0)
    await colleague.does("pass", 1)
    await colleague.page.get_by_test_id("reason-formulaic").click()
    for person in room:
        await expect(person.card(0).get_by_test_id("picks")).to_have_text("测试用户 留下")
        await expect(person.card(1).get_by_test_id("picks")).to_have_text("小李 不要 · 太套路")
    await writer.does("pass", 2)
    await writer.page.get_by_test_id("reasons").get_by_label("自己写一句").fill("和去年那部一样")
    await writer.page.get_by_role("button", name="就因为这个").click()
    await expect(colleague.card(2).get_by_test_id("picks")).to_have_text("测试用户 不要 · 和去年那部一样")
    await writer.does("keep", 3)
    await expect(colleague.card(3)).to_have_class("sheet kept")
    await writer.page.get_by_test_id("undo").click()
    await expect(colleague.card(3).get_by_test_id("picks")).to_have_count(0)

    requests_before = len(model.exchanges)
    await writer.page.get_by_test_id("another-batch").click()
    prompt = model.wait_for(requests_before + 1).prompt
    assert all(words in prompt for words in (TITLES[0], TITLES[1], "太套路", "和去年那部一样"))


async def test_an_edit_is_shown_to_everybody_with_its_author(room: tuple[Person, Person]) -> None:
    """Others see who is editing. The older version can be restored."""
    writer, colleague = room

    await writer.does("edit", 0)
    await expect(writer.page.get_by_test_id("edit-title")).to_be_focused()
    await expect(colleague.card(0).get_by_test_id("editors")).to_have_text("测试用户 正在编辑")
    await writer.writes("门没有关", "有人推开了它。")
    await expect(colleague.card(0)).to_contain_text("有人推开了它。")
    await expect(colleague.card(0).get_by_role("heading")).to_have_text("门没有关")
    await expect(colleague.card(0).get_by_test_id("editors")).to_have_count(0)
    await expect(writer.card(0)).to_be_focused()

    await colleague.card(0).get_by_test_id("edited").click()
    versions = colleague.page.get_by_test_id("versions").get_by_role("listitem")
    await expect(versions).to_have_count(2)
    await expect(versions.first).to_contain_text("测试用户 修改")
    await versions.last.get_by_test_id("restore").click()
    for person in room:
        await expect(person.card(0).get_by_role("heading").first).to_have_text(TITLES[0])
    await colleague.page.get_by_test_id("undo").click()
    await expect(writer.card(0).get_by_role("heading")).to_have_text("门没有关")


async def test_an_open_editor_keeps_its_text_when_a_new_batch_arrives(
    room: tuple[Person, Person], model: ModelServer
) -> None:
    """The idea moves to the earlier batches, and its editor moves with it."""
    writer, colleague = room
    await writer.does("edit", 1)
    body = writer.page.get_by_test_id("edit-body")
    await body.fill("写到一半的")
    model.answers(spoken(ideas_text(range(6, 11))))

    await colleague.page.get_by_test_id("another-batch").click()

    await writer.sees_ideas(*(f"故事{number}号" for number in range(6, 11)))
    await expect(body).to_be_focused()
    await writer.page.keyboard.type("句子。")
    await expect(body).to_have_value("写到一半的句子。")
    await writer.saves()
    await expect(colleague.page.get_by_test_id("past-batch")).to_contain_text("写到一半的句子。")


async def _types_into(writer: Person, at: int, words: str) -> None:
    await writer.does("edit", at)
    await writer.page.get_by_test_id("edit-body").fill(words)


async def _finds_restored(writer: Person, words: str) -> None:
    """Check that the editor contains these words again and says that they were restored."""
    await expect(writer.page.get_by_test_id("edit-body")).to_have_value(words)
    await expect(writer.page.get_by_test_id("draft-note")).to_contain_text("已恢复未保存的修改")


async def test_unsaved_words_are_restored_when_the_editor_opens_again(room: tuple[Person, Person]) -> None:
    """After Escape, another idea, a link and back, or a reload; but not after saving or discarding."""
    writer, _ = room
    page, body = writer.page, writer.page.get_by_test_id("edit-body")
    await _types_into(writer, 0, "还没写完的一句。")
    await expect(page.get_by_test_id("draft-note")).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("editor")).to_have_count(0)
    await _types_into(writer, 1, "另一个创意的一句。")
    await writer.does("edit", 0)
    await _finds_restored(writer, "还没写完的一句。")
    await writer.takes_pictures("draft-restored")

    await page.get_by_test_id("to-members").click()
    await expect(page.get_by_test_id("members")).to_be_visible()
    await page.go_back()
    await _finds_restored(writer, "还没写完的一句。")
    await page.reload()
    await _finds_restored(writer, "还没写完的一句。")
    await page.get_by_test_id("save-idea").click()
    await expect(writer.card(0)).to_contain_text("还没写完的一句。")
    await writer.does("edit", 0)
    await expect(body).to_have_value("还没写完的一句。")
    await expect(page.get_by_test_id("draft-note")).to_be_hidden()

    await writer.does("edit", 1)
    await _finds_restored(writer, "另一个创意的一句。")
    await page.get_by_test_id("discard-draft").click()
    await expect(page.get_by_test_id("editor")).to_have_count(0)
    await writer.does("edit", 1)
    await expect(body).to_have_value(re.compile("第2个故事"))


async def test_restored_words_do_not_overwrite_a_newer_version(
    room: tuple[Person, Person],
) -> None:
    """They are saved as a change of the version that they were typed into, which is a conflict."""
    writer, colleague = room
    await _types_into(writer, 0, "我的一句。")
    await writer.page.keyboard.press("Escape")
    await expect(writer.page.get_by_test_id("editor")).to_have_count(0)
    await colleague.does("edit", 0)
    await colleague.writes("同事的", "同事的一句。")
    await expect(writer.card(0)).to_contain_text("同事的一句。")

    await writer.does("edit", 0)
    await _finds_restored(writer, "我的一句。")
    await writer.page.get_by_test_id("save-idea").click()

    await expect(writer.page.get_by_test_id("conflict")).to_contain_text("同事的一句。")
    await expect(colleague.card(0)).to_contain_text("同事的一句。")


async def test_unsaved_words_outlast_a_session_and_are_shown_to_nobody_else(
    room: tuple[Person, Person],
) -> None:
    """Signing in leads back to the editor. Signing out removes the words."""
    writer, colleague = room
    page = writer.page
    await _types_into(writer, 0, "登录失效前的一句。")
    async with transaction() as session:
        await session.exec(delete(UserSession).where(col(UserSession.user_id) == TEST_USER["id"]))

    ended = page.get_by_test_id("session-ended")
    await expect(ended).to_contain_text("登录已失效")
    assert TITLES[0] not in await page.content()
    await writer.takes_pictures("session-ended")
    await ended.get_by_role("link", name="登录").click()
    await page.get_by_test_id("sign-in-test-user").click()

    await _finds_restored(writer, "登录失效前的一句。")
    await writer.takes_the_session_of(colleague)
    await page.reload()
    await writer.is_signed_in_as("小李")
    await writer.does("edit", 0)
    await expect(page.get_by_test_id("edit-body")).to_have_value(re.compile("第1个故事"))
    await expect(page.get_by_test_id("draft-note")).to_be_hidden()
    await writer.sign_in()
    await page.reload()
    await writer.does("edit", 0)
    await _finds_restored(writer, "登录失效前的一句。")
    await writer.signs_out()
    assert await page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('draft:'))") == []


@pytest.mark.parametrize("mine", [True, False])
async def test_two_people_who_edit_one_idea_lose_nothing(room: tuple[Person, Person], mine: bool) -> None:
    """The second one sees the first one's text beside their own, and chooses."""
    writer, colleague = room
    for person in room:
        await person.does("edit", 0)
    await expect(writer.page.get_by_test_id("editors")).to_have_text("小李 正在编辑")
    await writer.writes("先到的", "先到的人写了这句。")

    await colleague.page.get_by_test_id("edit-title").fill("后到的")
    await colleague.page.get_by_test_id("save-idea").click()
    conflict = colleague.page.get_by_test_id("conflict")
    await expect(conflict).to_contain_text("测试用户 刚刚改了这个创意")
    await expect(conflict).to_contain_text("先到的人写了这句。")
    await expect(colleague.page.get_by_test_id("edit-title")).to_have_value("后到的")
    await colleague.page.get_by_role("button", name="用我的" if mine else "用对方的").click()

    await expect(colleague.page.get_by_test_id("editor")).to_have_count(0)
    for person in room:
        await expect(person.card(0).get_by_role("heading")).to_have_text("后到的" if mine else "先到的")
    await colleague.card(0).get_by_test_id("edited").click()
    await expect(colleague.page.get_by_test_id("versions").get_by_role("listitem")).to_have_count(
        3 if mine else 2
    )


async def test_ideas_are_retitled_varied_and_merged(room: tuple[Person, Person], model: ModelServer) -> None:
    """Earlier batches are folded, and links unfold them."""
    writer, colleague = room
    await writer.does("keep", 0)
    model.answers(spoken(NEW_TITLE))
    await writer.from_menu("retitle", 0)
    for person in room:
        await expect(person.card(0).get_by_role("heading")).to_have_text("门没有关")
    await expect(writer.card(0)).to_contain_text("第1个故事")

    requests_before = len(model.exchanges)
    model.answers(spoken(ideas_text(range(6, 11))))
    await writer.from_menu("like", 0)
    await writer.sees_ideas(*(f"故事{number}号" for number in range(6, 11)))
    assert "门没有关" in model.exchanges[requests_before].prompt
    past = colleague.page.get_by_test_id("past-batch")
    await expect(past).to_have_count(1)
    await expect(past.get_by_test_id("idea").first).to_be_hidden()
    await colleague.page.get_by_test_id("keepers").get_by_role("link").click()
    await expect(past.get_by_test_id("idea").first).to_be_in_viewport()

    model.answers(spoken(MERGED))
    for at in (0, 1):
        await colleague.from_menu("select", at)
    await colleague.page.get_by_test_id("merge").click()
    for person in room:
        await person.sees_ideas("两家合一")
    await expect(writer.page.locator(".brief")).to_contain_text("合并")


async def test_keepers_are_put_in_order(room: tuple[Person, Person]) -> None:
    """By button and by drag and drop; everybody sees the same order, and it can be undone."""
    writer, colleague = room
    for at in (0, 1, 2):
        await writer.does("keep", at)
    await sees_keepers(colleague, 0, 1, 2)

    await writer.page.get_by_role("button", name=f"上移《{TITLES[2]}》").click()
    for person in room:
        await sees_keepers(person, 0, 2, 1)
    links = colleague.page.get_by_test_id("keepers").get_by_role("listitem")
    await links.nth(2).drag_to(links.nth(0), target_position={"x": 20, "y": 3})
    for person in room:
        await sees_keepers(person, 1, 0, 2)
    await colleague.page.get_by_test_id("undo").click()
    for person in room:
        await sees_keepers(person, 0, 2, 1)


async def test_the_page_shows_who_is_present(room: tuple[Person, Person]) -> None:
    """Each person's own name is marked."""
    writer, colleague = room
    present = writer.page.get_by_test_id("present").get_by_role("listitem")
    await expect(present).to_have_count(2)
    await expect(present.filter(has_text="测试用户（我）")).to_have_count(1)
    await expect(colleague.page.get_by_test_id("present")).to_contain_text("小李（我）")

    await colleague.page.close()

    await expect(writer.page.get_by_test_id("present")).to_have_count(0)


async def test_a_changed_brief_starts_a_run_and_its_origin_can_be_read(
    room: tuple[Person, Person], model: ModelServer
) -> None:
    """The prompt and the reply of the new run are shown word for word."""
    writer, colleague = room
    await colleague.page.get_by_test_id("edit-brief").click()
    await expect(colleague.page.locator("#genre")).to_have_value("穿越, 爽文")
    await colleague.page.locator("#genre").fill("末世")
    model.answers(spoken(ideas_text(range(6, 11))))
    await colleague.page.get_by_test_id("submit-brief").click()
    for person in room:
        await person.sees_ideas(*(f"故事{number}号" for number in range(6, 11)))
        await expect(person.page.locator(".brief").get_by_test_id("brief")).to_contain_text("末世")
    await expect(colleague.page.get_by_test_id("changed-brief")).to_have_count(0)

    await writer.from_menu("origin", 0)
    origin = writer.page.locator("dialog#origin")
    await expect(origin).to_contain_text(model.exchanges[-1].prompt[:60])
    await expect(origin).to_contain_text('"title": "故事6号"')
    await expect(origin).to_contain_text("小李 发起")
    await writer.page.keyboard.press("Escape")
    await expect(origin).to_be_hidden()
    await writer.page.reload()
    await expect(writer.finished).to_have_count(5)
    await expect(origin).to_be_hidden()


async def test_ideas_are_exported_and_a_project_is_imported_again(room: tuple[Person, Person]) -> None:
    """As Markdown, as a Word file and to the clipboard; a project exported as JSON becomes a new project."""
    writer, _ = room
    await writer.does("keep", 1)
    await expect(writer.page.get_by_test_id("keepers")).to_contain_text(TITLES[1])
    await writer.page.get_by_test_id("export").click()

    markdown = read(await writer.downloads("markdown")).decode()
    assert TITLES[1] in markdown and TITLES[0] not in markdown and "AI 生成" in markdown
    await writer.page.get_by_text("全部", exact=True).click()
    word = Document(BytesIO(read(await writer.downloads("word"))))
    text = "\n".join(paragraph.text for paragraph in word.paragraphs)
    assert all(title in text for title in TITLES) and "AI 生成" in text
    await writer.page.get_by_test_id("copy-text").click()
    await expect(writer.page.get_by_text("已复制")).to_be_visible()
    copied = await writer.page.evaluate("navigator.clipboard.readText()")
    assert all(title in copied for title in TITLES) and "AI 生成" in copied

    file = await writer.downloads("json")
    exported = writer.page.url
    await writer.go("/projects")
    await writer.page.get_by_test_id("import-file").set_input_files(file)
    await writer.page.wait_for_url("**/brainstorm")
    await writer.sees_ideas(*TITLES)
    await expect(writer.page.get_by_test_id("keepers")).to_contain_text(TITLES[1])
    assert writer.page.url != exported


async def test_the_list_of_projects_is_live(
    writer: Person, browser: Browser, database: str, model: ModelServer
) -> None:
    """A colleague sees the number of ideas and the new name in the list without a reload."""
    half_a_sentence, two_ideas = Gate(), Gate()
    model.answers(reply_in_parts(half_a_sentence, two_ideas))
    project_id = await writer.create_project()
    colleague = await colleague_of(project_id, browser, writer.home)
    await colleague.go("/projects")
    listed = colleague.page.get_by_test_id("project")
    await expect(listed).to_contain_text("正在写")
    await expect(listed.get_by_test_id("ideas-count")).to_have_count(0)

    half_a_sentence.open()
    await expect(listed.get_by_test_id("ideas-count")).to_have_text("2 个创意")
    await expect(listed).to_contain_text("正在写")
    two_ideas.open()
    await expect(listed.get_by_test_id("ideas-count")).to_have_text("5 个创意")
    await expect(listed).not_to_contain_text("正在写")
    await catalog.change(project_id, TEST_USER["id"], name="雨夜来客")
    await expect(listed).to_contain_text("雨夜来客")


async def test_a_text_that_is_too_long_is_kept_and_counted(room: tuple[Person, Person]) -> None:
    """Nothing is cut or sent, and the message says how many characters are too many."""
    writer, _ = room
    await writer.does("edit", 0)
    title, body = (writer.page.get_by_test_id(f"edit-{name}") for name in ("title", "body"))
    notes = writer.page.get_by_test_id("editor").locator(".count")
    await title.fill("题" * 57)
    await expect(notes.nth(0)).to_have_text("57 / 60")
    await body.fill("🙂" * 5_012)

    await writer.page.get_by_test_id("save-idea").click()

    await expect(notes.nth(1)).to_have_text("最多 5,000 字，请删去 12 字")
    await expect(body).to_be_focused()
    assert len(await body.input_value()) == 5_012
    await writer.takes_pictures("too-long")
    await body.fill("🙂" * 5_000)
    await writer.saves()
    await expect(writer.card(0).get_by_role("heading")).to_have_text("题" * 57)

    await writer.does("pass", 1)
    reason = writer.page.get_by_test_id("reasons").get_by_role("textbox")
    await reason.fill("长" * 101)
    await reason.press("Enter")
    await expect(writer.page.get_by_test_id("reasons").locator(".count")).to_have_text(
        "最多 100 字，请删去 1 字"
    )
    await writer.open_new_project()
    wishes = writer.page.locator("#other_requirements")
    await wishes.fill("愿" * 150_000)
    await writer.page.get_by_test_id("submit-brief").click()
    await expect(writer.page.locator(".field:has(#other_requirements) .count")).to_have_text(
        "最多 20,000 字，请删去 130,000 字"
    )
    assert len(await wishes.input_value()) == 150_000


async def test_the_page_stays_live_after_each_download(
    room: tuple[Person, Person], model: ModelServer
) -> None:
    """Changes of colleagues arrive and clicks work, without a reload."""
    writer, colleague = room
    await writer.page.evaluate("window.sameDocument = true")
    for at, format in enumerate(("word", "markdown", "json")):
        await writer.page.get_by_test_id("export").click()
        assert read(await writer.downloads(format))
        await writer.page.keyboard.press("Escape")

        await colleague.does("keep", at)
        await expect(writer.card(at)).to_have_class("sheet kept")
        await writer.does("pass", at)
        await expect(colleague.card(at).get_by_test_id("picks")).to_contain_text("测试用户 不要")
    model.answers(spoken(ideas_text(range(6, 11))))
    await writer.presses("再来一批")

    await expect(colleague.ideas).to_have_count(5)
    await writer.sees_status("5 个创意")
    assert await writer.page.evaluate("window.sameDocument")


async def test_a_page_stays_live_when_a_navigation_loads_no_page(room: tuple[Person, Person]) -> None:
    """For example a link to another program, or an answer with status 204."""
    writer, colleague = room
    await writer.page.route("**/no-page", lambda route: route.fulfill(status=204))
    async with writer.page.expect_request("**/no-page"):
        await writer.page.evaluate("location.assign('/no-page')")

    await colleague.does("keep", 0)

    await expect(writer.card(0)).to_have_class("sheet kept")
    await writer.does("keep", 1)
    await expect(colleague.card(1)).to_have_class("sheet kept")


async def test_a_refused_download_is_explained_on_the_page(room: tuple[Person, Person]) -> None:
    """The dialog names the ended session, or a download that failed."""
    writer, _ = room
    await writer.page.get_by_test_id("export").click()
    await writer.page.context.clear_cookies()

    await writer.page.get_by_test_id("export-word").click()

    await expect(writer.page.get_by_test_id("export-dialog").get_by_role("alert")).to_contain_text("登录")
    assert writer.page.url.endswith("/brainstorm")
    await writer.page.context.set_offline(True)
    await writer.page.get_by_test_id("export-word").click()
    await expect(writer.page.get_by_test_id("export-dialog").get_by_role("alert")).to_have_text(
        "没有下载成功，请再试一次"
    )


async def test_ideas_are_handled_by_keyboard_alone(room: tuple[Person, Person]) -> None:
    """With J, K, L, X, E, Esc and ?. In a text field the keys only type."""
    writer, colleague = room
    keyboard, page = writer.page.keyboard, writer.page

    await keyboard.press("j")
    await keyboard.press("j")
    await expect(writer.card(1)).to_be_focused()
    await keyboard.press("k")
    await keyboard.press("l")
    await expect(colleague.card(0)).to_have_class("sheet kept")
    await keyboard.press("j")
    await keyboard.press("x")
    await expect(writer.card(1).get_by_test_id("reasons")).to_be_visible()
    await keyboard.press("Escape")
    await expect(writer.card(1).get_by_test_id("reasons")).to_have_count(0)
    await expect(colleague.card(1).get_by_test_id("picks")).to_have_text("测试用户 不要")
    await keyboard.press("e")
    await expect(page.get_by_test_id("edit-title")).to_be_focused()
    await keyboard.type("jklx?")
    await expect(page.get_by_test_id("edit-title")).to_have_value(f"{TITLES[1]}jklx?")
    await keyboard.press("Escape")
    await expect(page.get_by_test_id("editor")).to_have_count(0)
    await expect(writer.card(1)).to_be_focused()
    await expect(colleague.card(1).get_by_role("heading")).to_have_text(TITLES[1])
    await keyboard.press("?")
    await expect(page.locator("dialog#keys")).to_be_visible()
    await keyboard.press("Escape")
    await expect(page.locator("dialog#keys")).to_be_hidden()


async def test_enter_that_ends_a_composition_submits_nothing(
    room: tuple[Person, Person], model: ModelServer
) -> None:
    """Neither the editor nor a picker nor the brief; the next Enter does."""
    writer, _ = room
    await writer.does("edit", 0)
    title = writer.page.get_by_test_id("edit-title")
    await title.fill("拼音")
    await presses_enter(title, composing=True)
    await expect(title).to_be_visible()
    await writer.page.get_by_test_id("close-editor").click()

    await writer.open_new_project()
    await writer.page.get_by_test_id("open-genre").click()
    search = writer.page.get_by_test_id("search-genre")
    await search.fill("末世")
    await presses_enter(search, composing=True)
    await expect(writer.page.locator("#genre")).to_have_value("穿越, 爽文")
    await search.press("Enter")
    await expect(writer.page.locator("#genre")).to_have_value("穿越, 爽文, 末世")
    await writer.page.keyboard.press("Escape")
    await presses_enter(writer.page.locator("#avoid"), composing=True)
    assert "/projects/new" in writer.page.url
    await writer.page.locator("#avoid").press("Enter")
    await writer.page.wait_for_url("**/brainstorm")


async def test_finished_ideas_are_announced_politely(writer: Person, model: ModelServer) -> None:
    """One announcement for each finished idea, and none for its words."""
    half_a_sentence, two_ideas = Gate(), Gate()
    model.answers(reply_in_parts(half_a_sentence, two_ideas))
    await writer.create_project()
    announced = writer.page.get_by_test_id("announcement")
    await expect(writer.card(0)).to_have_attribute("data-state", "writing")
    await expect(announced).to_have_attribute("aria-live", "polite")

    half_a_sentence.open()
    await expect(announced).to_have_text(f"第 2 个创意已写完：{TITLES[1]}")
    two_ideas.open()
    await expect(announced).to_have_text(f"第 5 个创意已写完：{TITLES[4]}")


def read(file: Path) -> bytes:
    """The content of a file."""
    return file.read_bytes()


async def sees_keepers(person: Person, *places: int) -> None:
    """Check that the kept ideas are these, in this order."""
    links = person.page.get_by_test_id("keepers").get_by_role("link")
    await expect(links.locator("span:first-child")).to_have_text([TITLES[place] for place in places])


async def presses_enter(field: Locator, *, composing: bool) -> None:
    """Press Enter as an input method does: `composing` says that a word is being composed."""
    went_through = await field.evaluate(
        """(field, composing) => field.dispatchEvent(new KeyboardEvent(
            "keydown", {key: "Enter", isComposing: composing, bubbles: true, cancelable: true}))""",
        composing,
    )
    assert went_through is not composing
