"""People share a project and an owner manages it, in two browsers on the production build."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from scriptwriter.services.projects import catalog
from tests.support.gated_replies import TITLES, reply_in_parts
from tests.support.model_server import Gate, ModelServer, ideas_text, spoken
from tests.support.people import Person, colleague_of, newcomer
from tests.support.waiting import eventually
from tests.support.web import Web


@pytest_asyncio.fixture(loop_scope="session")
async def writer(web: Web, browser: Browser, database: str) -> AsyncIterator[Person]:
    """A person who is signed in. The test fails if a script on one of their pages raises an error."""
    person = await Person.arrive(browser, web.url)
    faults: list[object] = []
    person.page.on("pageerror", lambda fault: faults.append(fault))
    await person.sign_in()
    yield person
    assert faults == []


def member(person: Person, username: str) -> Locator:
    """The row of a member."""
    return person.page.locator(f'[data-testid=member][data-username="{username}"]')


async def test_a_person_is_invited_promoted_and_removed_while_both_watch(
    web: Web, model: ModelServer, browser: Browser, writer: Person
) -> None:
    """By username and role; nobody reloads a page."""
    model.answers(spoken(ideas_text(range(1, 6))))
    project_id = await writer.create_project()
    await writer.sees_ideas(*TITLES)
    invitee, name = await newcomer(browser, web.url)
    await invitee.visit(project_id)
    await invitee.sees_words("项目不存在，或你没有访问权限")
    await invitee.go("/projects")
    await invitee.sees_words("这里还是一张白纸")

    await writer.opens_members()
    await writer.page.get_by_label("用户名").fill("nobody-at-all")
    await writer.page.get_by_test_id("invite-member").click()
    await writer.sees_words("没有叫这个用户名的人，请核对后再试")
    await writer.page.get_by_label("用户名").fill(f" {name.upper()} ")
    await writer.page.get_by_label("角色", exact=True).select_option("viewer")
    await writer.page.get_by_test_id("invite-member").click()
    await writer.sees_words("已邀请 小王，对方接受后就会加入")
    await expect(writer.page.get_by_test_id("invitation")).to_contain_text("小王")
    await expect(writer.page.get_by_label("用户名")).to_have_value("")

    await invitee.sees_words("测试用户 邀请你以查看者身份加入《")
    await invitee.page.get_by_test_id("accept").press("Enter")
    await invitee.sees_words("你已加入《")
    await expect(member(writer, name)).to_contain_text("小王")
    await expect(writer.page.get_by_test_id("invitation")).to_have_count(0)
    await invitee.page.get_by_test_id("project").get_by_role("link").click()
    await invitee.sees_ideas(*TITLES)
    await expect(invitee.page.get_by_test_id("another-batch")).to_have_count(0)
    await expect(invitee.page.get_by_test_id("project-menu")).to_have_count(0)
    await writer.page.get_by_label("小王 的角色").select_option("collaborator")
    await expect(invitee.page.get_by_test_id("another-batch")).to_be_visible()
    await expect(invitee.page.get_by_test_id("project-menu")).to_have_count(0)

    await invitee.opens_members()
    await expect(member(invitee, name)).to_contain_text("协作者")
    await expect(invitee.page.get_by_test_id("invite-member")).to_have_count(0)
    await writer.page.get_by_label("小王 的角色").select_option("owner")
    await expect(invitee.page.get_by_test_id("invite-member")).to_be_visible()
    await writer.page.get_by_label("小王 的角色").select_option("viewer")
    await expect(invitee.page.get_by_test_id("invite-member")).to_have_count(0)
    await expect(member(invitee, name)).to_contain_text("查看者")

    await writer.page.get_by_role("button", name="把 小王 移出项目").click()
    await writer.sees_words("把 小王 移出项目？对方会立刻看不到其中的内容。")
    await writer.takes_pictures("members-question")
    await writer.page.get_by_test_id("confirm").click()
    await invitee.sees_words("你已被移出该项目")
    await expect(member(writer, name)).to_have_count(0)
    await invitee.page.get_by_role("link", name="返回项目列表").click()
    await invitee.sees_words("这里还是一张白纸")


async def test_a_removed_member_receives_nothing_more_of_a_running_brainstorm(
    web: Web, model: ModelServer, browser: Browser, writer: Person
) -> None:
    """Checked in the frames of their websocket, not only on the screen."""
    half_a_sentence, two_ideas = Gate(), Gate()
    half_a_sentence.open()
    model.answers(reply_in_parts(half_a_sentence, two_ideas))
    project_id = await writer.create_project()
    colleague = await colleague_of(project_id, browser, web.url)
    frames: list[str] = []
    colleague.page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame)))
    )
    await colleague.visit(project_id)
    await colleague.sees_ideas(*TITLES[:2])
    await writer.opens_members()

    await writer.page.get_by_role("button", name="把 小李 移出项目").click()
    await writer.page.get_by_test_id("confirm").click()
    await colleague.sees_words("你已被移出该项目")
    received = len(frames)
    two_ideas.open()
    await writer.visit(project_id)
    await writer.sees_ideas(*TITLES)

    assert any(TITLES[0] in frame for frame in frames[:received])
    assert not any(title in frame for frame in frames[received:] for title in TITLES)
    page = await colleague.page.content()
    assert not any(title in page for title in TITLES)


async def test_a_project_is_renamed_archived_deleted_and_restored(
    web: Web, model: ModelServer, browser: Browser, writer: Person
) -> None:
    """A colleague sees each step, and the deletion stops the running generation."""
    half_a_sentence, two_ideas = Gate(), Gate()
    half_a_sentence.open()
    model.answers(reply_in_parts(half_a_sentence, two_ideas))
    requests_before = len(model.exchanges)
    project_id = await writer.create_project()
    await writer.sees_ideas(*TITLES[:2])
    colleague = await colleague_of(project_id, browser, web.url)
    await colleague.visit(project_id)
    title = colleague.page.get_by_test_id("project-title")

    await writer.chooses("名称和简介")
    await writer.page.get_by_label("项目名称").fill(" ")
    await writer.page.keyboard.press("Enter")
    await writer.sees_words("请输入项目名称")
    await writer.page.get_by_label("项目简介").fill("十集，每集两分钟。\n主角是两个女儿。")
    await writer.page.get_by_label("项目名称").fill("真假千金")
    await writer.takes_pictures("project-describing")
    await writer.page.keyboard.press("Enter")
    for person in (writer, colleague):
        await expect(person.page.get_by_test_id("project-title")).to_have_text("真假千金")
        await expect(person.page.get_by_test_id("project-description")).to_contain_text("每集两分钟")
    await writer.page.get_by_test_id("project-menu").locator("summary").click()
    await writer.takes_pictures("project-menu")
    await writer.page.keyboard.press("Escape")
    await writer.chooses("归档")
    await expect(title).to_have_text("真假千金已归档")

    await writer.chooses("删除")

    await writer.page.wait_for_url("**/projects")
    await writer.sees_words("《真假千金》已删除，30 天内可以恢复")
    await colleague.sees_words("这个项目已被删除")
    await eventually(model.exchanges[requests_before].left.is_set)
    await writer.takes_pictures("projects-deleted")
    await colleague.takes_pictures("project-deleted")
    await writer.page.get_by_test_id("undo").click()
    await writer.sees_words("《真假千金》已恢复，仍在「已归档」里")
    await writer.page.get_by_test_id("shelf-archived").click()
    await writer.page.get_by_role("link", name="真假千金").click()
    await writer.sees_status("测试用户 已停止，已写内容保留")
    await writer.sees_ideas(*TITLES[:2])
    await colleague.page.get_by_role("link", name="返回项目列表").click()
    await colleague.page.get_by_test_id("shelf-archived").click()
    await colleague.page.get_by_role("link", name="真假千金").click()
    await colleague.sees_ideas(*TITLES[:2])


async def test_a_project_is_managed_by_keyboard_alone(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """In the list: the menu, renaming, archiving, deleting and undoing."""
    owner, name = await newcomer(browser, web.url)
    keyboard, page = owner.page.keyboard, owner.page
    project_id = await catalog.create(name, "空项目")
    await owner.go("/projects")
    summary = page.get_by_test_id("project-menu").locator("summary")
    items = page.get_by_test_id("project-menu").get_by_role("button")

    await summary.focus()
    await keyboard.press("Enter")
    await expect(items).to_have_text(["名称和简介", "归档", "删除"])
    await owner.takes_pictures("projects-menu")
    await keyboard.press("Tab")
    await expect(items.first).to_be_focused()
    await keyboard.press("Escape")
    await expect(summary).to_be_focused()
    await expect(items.first).to_be_hidden()

    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    field = page.get_by_label("项目名称")
    await expect(field).to_be_focused()
    await owner.takes_pictures("projects-renaming")
    await keyboard.press("Control+a")
    await keyboard.type("不要的名字")
    await keyboard.press("Escape")
    await expect(page.get_by_role("link", name="空项目")).to_be_visible()
    await summary.focus()
    for key in ("Enter", "Tab", "Enter"):
        await keyboard.press(key)
    await expect(field).to_be_focused()
    await keyboard.press("Control+a")
    await keyboard.type("新的名字")
    await keyboard.press("Enter")
    await expect(page.get_by_role("link", name="新的名字")).to_be_visible()

    await summary.focus()
    for key in ("Enter", "Tab", "Tab", "Enter"):
        await keyboard.press(key)
    await expect(page.get_by_test_id("project")).to_have_count(0)
    await page.get_by_test_id("shelf-archived").focus()
    await keyboard.press("Enter")
    await expect(page.get_by_role("link", name="新的名字")).to_be_visible()
    await summary.focus()
    for key in ("Enter", "Tab", "Tab", "Tab", "Enter"):
        await keyboard.press(key)
    await owner.sees_words("《新的名字》已删除，30 天内可以恢复")
    await page.get_by_test_id("shelf-deleted").focus()
    await keyboard.press("Enter")
    await expect(page.get_by_test_id("restore")).to_be_visible()
    await owner.takes_pictures("projects-shelf-deleted")
    await page.get_by_test_id("undo").focus()
    await keyboard.press("Enter")
    await page.get_by_test_id("shelf-archived").focus()
    await keyboard.press("Enter")
    await expect(page.get_by_role("link", name="新的名字")).to_be_visible()

    await owner.go(f"/projects/{project_id}/members")
    leave = page.get_by_role("button", name="退出项目")
    await leave.focus()
    await keyboard.press("Enter")
    await expect(page.get_by_role("button", name="取消")).to_be_focused()
    await keyboard.press("Escape")
    await expect(page.get_by_test_id("question")).to_have_count(0)
    await leave.focus()
    await keyboard.press("Enter")
    await expect(page.get_by_role("button", name="取消")).to_be_focused()
    for key in ("Shift+Tab", "Enter"):
        await keyboard.press(key)
    await owner.sees_words("项目至少要有一位所有者，请先让另一位成员成为所有者")


async def test_the_members_page_fits_every_screen_in_both_languages(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """In both themes; nothing scrolls sideways on a phone."""
    owner, name = await newcomer(browser, web.url)
    project_id = await catalog.create(name, "空项目")
    viewer = await colleague_of(project_id, browser, web.url)
    for person in (owner, viewer):
        await person.go(f"/projects/{project_id}/members")
        await expect(person.page.get_by_test_id("member")).to_have_count(2)

    await owner.takes_pictures("members")
    await viewer.takes_pictures("members-collaborator")
    await owner.page.get_by_test_id("switch-language").click()
    await owner.sees_words("Invite a member")
    await owner.takes_pictures("members-english")
    await owner.takes_out_the_phone()
    for path in (f"/projects/{project_id}/members", f"/projects/{project_id}/brainstorm", "/projects"):
        await owner.go(path)
        await expect(owner.page.get_by_test_id("user-name")).to_have_count(1)
        overflow = await owner.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, path
    await owner.takes_pictures("projects-english")
