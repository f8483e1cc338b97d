"""The cost estimate of a brief, which its form updates in the browser."""

import pytest_asyncio
from playwright.async_api import Browser, expect

from scriptwriter.domain import pricing
from scriptwriter.domain.pricing import Cost
from scriptwriter.texts import brief_texts
from tests.e2e.conftest import MODELS
from tests.support.gated_replies import TITLES
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.people import Person
from tests.support.web import Web

COUNTED_FIELDS = ("platform", "genre", "other_requirements", "avoid")


@pytest_asyncio.fixture(loop_scope="session")
async def writer(web: Web, browser: Browser) -> Person:
    """A person who is signed in."""
    person = await Person.arrive(browser, web.url)
    await person.sign_in()
    return person


async def chooses_model(person: Person, name: str) -> None:
    """Choose a model in the open form."""
    await person.page.locator("[name=model]").select_option(name)


async def reads_estimate(person: Person, count: int, *words: str) -> None:
    """Check the estimate of the model with prices, for `count` ideas and a brief with these words."""
    price = pricing.estimate(MODELS[1])
    assert price is not None
    cost = Cost(price.run + price.character * len("".join(words)) + price.idea * count, "$")
    await expect(person.page.get_by_test_id("estimate")).to_have_text(f"预计约 {cost}")


async def test_the_estimate_follows_every_change_of_the_form(writer: Person) -> None:
    """By typing, by an example, by a picker. A model without prices shows no estimate."""
    page, estimate = writer.page, writer.page.get_by_test_id("estimate")
    name, example, _ = brief_texts.EXAMPLES[0]
    await writer.open_new_project()
    await expect(estimate).to_be_hidden()

    await chooses_model(writer, "dear-model")
    await reads_estimate(writer, 5, "抖音", "穿越, 爽文")
    await page.locator("[name=count]").select_option("10")
    await page.locator("[name=other_requirements]").press_sequentially("一个锁匠的故事")
    await reads_estimate(writer, 10, "抖音", "穿越, 爽文", "一个锁匠的故事")
    await page.get_by_role("button", name=name.zh).click()
    await reads_estimate(writer, 10, *(str(example[field]) for field in COUNTED_FIELDS))
    await page.get_by_test_id("open-platform").click()
    await page.get_by_test_id("picker-platform").get_by_role("button", name="快手", exact=True).click()
    await reads_estimate(writer, 10, "快手", *(str(example[field]) for field in COUNTED_FIELDS[1:]))

    await chooses_model(writer, "test-model")
    await expect(estimate).to_be_hidden()


async def test_a_brief_that_is_edited_again_starts_with_its_own_estimate(
    writer: Person, model: ModelServer
) -> None:
    """From its model, its number of ideas and its words, before anything is changed."""
    model.answers(spoken(ideas_text([1, 2])))
    await writer.open_new_project()
    await chooses_model(writer, "dear-model")
    await writer.page.locator("[name=count]").select_option("2")
    await writer.page.get_by_label("其他要求").fill("修锁" * 300)
    await writer.page.get_by_test_id("submit-brief").click()
    await writer.sees_ideas(*TITLES[:2])

    await writer.page.get_by_test_id("edit-brief").click()

    await reads_estimate(writer, 2, "抖音", "穿越, 爽文", "修锁" * 300)
