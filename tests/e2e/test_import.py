"""A person imports a file, and the page explains what is wrong with it."""

import json

from playwright.async_api import Browser, expect

from scriptwriter.services.accounts.test_user import TEST_USER
from scriptwriter.services.transfer.storage import export
from tests.support.gated_replies import TITLES
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.people import Person
from tests.support.web import Web


async def test_a_bad_file_is_explained_and_a_good_one_opens(
    web: Web, model: ModelServer, browser: Browser, database: str
) -> None:
    """In the person's language, with the place in the file. The page keeps what was typed in it."""
    model.answers(spoken(ideas_text(range(1, 6))))
    writer = await Person.arrive(browser, web.url)
    await writer.sign_in()
    project_id = await writer.create_project()
    await writer.sees_ideas(*TITLES)
    await writer.create_project()
    _, good = await export(project_id, TEST_USER["id"])
    broken = json.loads(good)
    broken["artifacts"][0]["created_at"] = "1200-01-01T00:00:00Z"
    await writer.go("/projects")
    await writer.page.get_by_test_id("search-projects").fill("抖音")
    loads: list[object] = []
    writer.page.on("load", lambda page: loads.append(page))
    picked = writer.page.get_by_test_id("import-file")
    problem = writer.page.get_by_test_id("import-problem")

    await picked.set_input_files(
        {"name": "x.json", "mimeType": "application/json", "buffer": json.dumps(broken).encode()}
    )

    await expect(problem).to_contain_text("artifacts[0].created_at")
    await expect(problem).to_contain_text("什么都没有改变")
    await picked.set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": b"{"})
    await expect(problem).to_contain_text("第 1 行第 2 列")
    await expect(writer.page.get_by_test_id("search-projects")).to_have_value("抖音")
    assert loads == []
    await picked.set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": good})
    await writer.page.wait_for_url("**/brainstorm")
    await writer.sees_ideas(*TITLES)
