"""The lineage page in browsers: where each idea comes from."""

from collections.abc import Awaitable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, ViewportSize, expect

from scriptwriter.domain.graph import Brief
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits, verdicts
from scriptwriter.services.projects import catalog
from scriptwriter.services.runs import starting
from scriptwriter.services.runs.records import ideas_of
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Transform
from scriptwriter.web.lineage.graph_drawing import READABLE
from scriptwriter.web.lineage.lineage_parts import WIDTH
from tests.support.gated_replies import TITLES
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.people import DESKTOP, PHONE, Person, colleague_of, newcomer
from tests.support.waiting import becomes_true
from tests.support.web import Web


def node(person: Person, words: str) -> Locator:
    """The node of the graph with these words."""
    return person.page.locator(".react-flow__node", has_text=words)


def line(person: Person, words: str) -> Locator:
    """The line of the list with these words."""
    return person.page.get_by_test_id("step").filter(has_text=words)


@pytest_asyncio.fixture(loop_scope="session")
async def writer(web: Web, model: ModelServer, browser: Browser, database: str) -> Person:
    """A person with a project of five ideas, who has kept the second and edited the first."""
    model.answers(spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    await writer.create_project()
    await writer.sees_ideas(*TITLES)
    await writer.ideas.nth(1).get_by_test_id("keep").click()
    await expect(writer.page.get_by_test_id("keepers")).to_contain_text(TITLES[1])
    first = writer.ideas.nth(0)
    await first.locator('[data-action="edit"]').click()
    await first.get_by_label("标题").fill("换了名字")
    await first.get_by_role("button", name="保存").click()
    await expect(first.get_by_role("heading")).to_have_text("换了名字")
    return writer


async def test_the_lineage_shows_who_did_what_and_updates_live(
    writer: Person, web: Web, browser: Browser
) -> None:
    """In the graph and in the list, without a reload and without requests to other sites."""
    asked: list[str] = []
    failures: list[str] = []
    writer.page.on("request", lambda request: asked.append(request.url))
    writer.page.on("pageerror", lambda error: failures.append(str(error)))
    project_id = writer.page.url.split("/")[-2]

    await writer.page.get_by_test_id("to-lineage").click()

    for words in ("抖音 · 穿越, 爽文", "test-model", "5 个创意", "测试用户 改写《换了名字》"):
        await expect(node(writer, words)).to_be_visible()
        await expect(line(writer, words).first).to_be_visible()
    await expect(node(writer, f"测试用户 留下《{TITLES[1]}》")).to_be_visible()
    await expect(line(writer, "改写《换了名字》")).to_contain_text(f"来自 《{TITLES[0]}》")
    await expect(writer.page.locator(".react-flow__edge")).to_have_count(4)
    await writer.takes_pictures("lineage")

    colleague = await colleague_of(project_id, browser, web.url)
    await colleague.visit(project_id)
    await colleague.sees_ideas("换了名字", *TITLES[1:])
    await colleague.ideas.nth(2).get_by_test_id("pass").click()

    await expect(node(writer, f"小李 不要《{TITLES[2]}》")).to_be_visible()
    await expect(line(writer, f"小李 不要《{TITLES[2]}》")).to_be_visible()
    elsewhere = [url for url in asked if not url.startswith((web.url, "ws://localhost", "data:", "blob:"))]
    assert (elsewhere, failures) == ([], [])


async def test_a_click_on_a_step_opens_its_details(writer: Person) -> None:
    """A run opens its prompt and its raw reply; an act opens its idea on the project page."""
    await writer.page.get_by_test_id("to-lineage").click()

    await node(writer, "test-model").click()

    dialog = writer.page.get_by_test_id("origin")
    await expect(dialog).to_be_visible()
    await expect(dialog).to_contain_text("模型 test-model")
    await expect(dialog).to_contain_text(TITLES[0])
    await writer.takes_picture("lineage-origin")
    await dialog.get_by_role("button", name="关闭").click()
    await expect(dialog).to_be_hidden()

    await node(writer, "留下").click()
    await writer.page.wait_for_url("**/brainstorm#idea-*-2")
    await expect(writer.ideas.nth(1)).to_be_focused()
    await writer.page.go_back()
    await line(writer, "改写《换了名字》").get_by_role("link").click()
    await writer.page.wait_for_url("**/brainstorm#idea-*-1")
    await expect(writer.ideas.nth(0)).to_be_in_viewport()


async def test_a_phone_gets_the_list_first_and_the_graph_on_demand(
    writer: Person, web: Web, browser: Browser
) -> None:
    """Also in English; nothing scrolls sideways."""
    project_id = writer.page.url.split("/")[-2]
    reader = await Person.arrive(browser, web.url, viewport=PHONE, color_scheme="dark")
    await reader.sign_in()
    await reader.go(f"/projects/{project_id}/lineage")
    await expect(line(reader, "5 个创意").first).to_be_visible()
    await expect(reader.page.get_by_test_id("view-list")).to_have_attribute("aria-pressed", "true")
    await expect(reader.page.get_by_test_id("lineage-graph")).to_have_count(0)
    await reader.takes_picture("lineage-list-phone-dark")

    await reader.page.get_by_test_id("view-graph").click()
    await reader.page.get_by_test_id("switch-language").click()

    await expect(node(reader, "5 ideas")).to_be_visible()
    await expect(node(reader, "测试用户 rewrote “换了名字”")).to_be_visible()
    await reader.takes_picture("lineage-graph-phone-dark-english")
    overflow = await reader.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0


async def test_the_view_follows_the_width_until_the_person_chooses_one(writer: Person) -> None:
    """A wide window shows the graph and a narrow one the list, also after the phone is turned."""
    page = writer.page
    graph, chosen = page.get_by_test_id("lineage-graph"), page.locator('[aria-pressed="true"]')
    await page.get_by_test_id("to-lineage").click()
    await expect(node(writer, "5 个创意")).to_be_visible()
    await expect(chosen).to_have_text("图")

    await page.set_viewport_size(PHONE)
    await expect(graph).to_have_count(0)
    await expect(chosen).to_have_text("列表")
    await page.set_viewport_size(ViewportSize(width=PHONE["height"], height=PHONE["width"]))
    await expect(node(writer, "5 个创意")).to_be_in_viewport()
    await expect(chosen).to_have_text("图")

    await page.get_by_test_id("view-list").click()
    await expect(graph).to_have_count(0)
    await page.set_viewport_size(PHONE)
    await page.get_by_test_id("view-graph").click()
    await expect(graph).to_be_visible()
    await page.set_viewport_size(DESKTOP)
    await page.set_viewport_size(PHONE)
    await expect(graph).to_be_visible()
    await expect(chosen).to_have_text("图")


async def complete_run(model: ModelServer, start: Awaitable[str], *numbers: int) -> list[IdeaRef]:
    """Wait for a run that the model completes with these stories; returns its ideas."""
    model.answers(spoken(ideas_text(numbers)))
    transform_id = await start

    async def ended() -> bool:
        async with transaction() as session:
            transform = await session.get(Transform, transform_id)
            return transform is not None and transform.streaming_status == "completed"

    await becomes_true(ended)
    async with transaction() as session:
        artifact = await ideas_of(session, transform_id)
    return [IdeaRef(artifact.id, place) for place in range(len(numbers))]


async def large_project(model: ModelServer, user: str) -> tuple[str, str]:
    """A project of five batches with a merge, edits and verdicts: its id, and the id of its newest ideas
    artifact.
    """
    project_id = await catalog.create(user, "大项目")
    first = await complete_run(
        model, starting.start(project_id, Brief("抖音", "穿越, 爽文"), user), 1, 2, 3, 4, 5
    )
    for ref, verdict in zip(first, ("keep", "keep", "pass"), strict=False):
        await verdicts.pick(project_id, ref, verdict, user)
    await edits.edit(project_id, first[0], "换了名字", "正文改了。", "", user)
    second = await complete_run(model, starting.start_again(project_id, user), 2, 3, 4, 5, 6)
    await verdicts.pick(project_id, second[0], "keep", user)
    [merged] = await complete_run(model, starting.merge(project_id, [first[0], second[0]], user), 7)
    await edits.edit(project_id, merged, "合成之后", "正文改了。", "", user)
    like = await complete_run(model, starting.like(project_id, second[2], 3, user), 8, 9, 10)
    await verdicts.pick(project_id, like[0], "keep", user)
    newest = await complete_run(model, starting.start_again(project_id, user), 1, 2, 3, 4, 5)
    await verdicts.pick(project_id, newest[0], "keep", user)
    return project_id, newest[0].artifact_id


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_large_graph_opens_at_its_newest_batch_in_a_readable_size(
    web: Web, model: ModelServer, browser: Browser, database: str, screen: ViewportSize
) -> None:
    """The newest run and its ideas are in the frame; "Fit View" shows the whole graph."""
    reader, user = await newcomer(browser, web.url)
    project_id, newest = await large_project(model, user)
    await reader.page.set_viewport_size(screen)
    await reader.go(f"/projects/{project_id}/lineage")
    await reader.page.get_by_test_id("view-graph").click()
    frame = reader.page.get_by_test_id("lineage-graph")
    ideas = frame.locator(f'[data-id="{newest}"]')
    await expect(ideas).to_be_in_viewport(ratio=0.99)
    for theme in ("light", "dark"):
        await reader.page.emulate_media(color_scheme=theme)
        await reader.takes_picture(f"lineage-large-{screen['width']}-{theme}")

    around, inside = await frame.bounding_box(), await ideas.bounding_box()
    assert around and inside
    assert inside["width"] >= WIDTH * READABLE
    assert around["x"] <= inside["x"] and inside["x"] + inside["width"] <= around["x"] + around["width"]
    await expect(node(reader, "抖音").first).not_to_be_in_viewport()
    await frame.get_by_role("button", name="Fit View").click()
    await expect(node(reader, "抖音").first).to_be_in_viewport(ratio=0.99)


async def test_the_lineage_of_an_empty_project_explains_itself(
    web: Web, browser: Browser, database: str
) -> None:
    """Somebody who is no member reads that the project cannot be opened."""
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()

    await writer.go(f"/projects/{await catalog.create('test-user-1', '空项目')}/lineage")
    await writer.sees_words("还没有可以追溯的内容")
    await writer.takes_picture("lineage-empty")

    await writer.go("/projects/no-such-project/lineage")
    await expect(writer.page.get_by_test_id("denied")).to_be_visible()
