"""What pages show when a worker dies, the network stalls, the model stalls, or the server restarts."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import pytest_asyncio
from playwright.async_api import expect

from scriptwriter.operations.backing import database_server
from scriptwriter.settings import Settings
from tests.support.browser_proxy import BrowserProxy
from tests.support.browsers import browser as open_browser
from tests.support.chaos_checks import newest_titles
from tests.support.gated_replies import TITLES, reply_in_parts
from tests.support.model_server import Answer, Gate, ModelServer, broken_off, ideas_text, spoken
from tests.support.people import Person
from tests.support.rows import rows
from tests.support.waiting import eventually
from tests.support.web import Web, same_pages
from tests.support.workers import worker_process


@pytest.fixture(scope="module")
def separate(web: Web, model: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A web process without a worker and with its own data, which detects a stalled connection within
    seconds.
    """
    folder = tmp_path_factory.mktemp("separate")
    settings = {
        **web.settings,
        "SCRIPTWRITER_DATA_DIR": str(folder / "data"),
        "EMBEDDED_WORKER": "false",
        "REFLEX_SOCKET_INTERVAL": "1s",
        "REFLEX_SOCKET_TIMEOUT": "2s",
    }
    with same_pages(web, folder, settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def database(separate: Web, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The URL of that process's database."""
    monkeypatch.setenv("SCRIPTWRITER_DATA_DIR", separate.settings["SCRIPTWRITER_DATA_DIR"])
    async with database_server(Settings()) as url:  # pyright: ignore[reportCallIssue]
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(separate: Web) -> AsyncIterator[BrowserProxy]:
    """A proxy between the browser and that process."""
    async with BrowserProxy(separate.port) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def writer(separate: Web, proxy: BrowserProxy) -> AsyncIterator[Person]:
    """A person who is signed in at that process."""
    async with open_browser({urlsplit(separate.url).netloc: f"127.0.0.1:{proxy.port}"}) as browser:
        person = await Person.arrive(browser, separate.url)
        await person.sign_in_by_click()
        yield person


def _followers(separate: Web) -> float:
    """The number of tabs to which that process sends the rows of a project."""
    with urlopen(f"http://127.0.0.1:{separate.port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(each.split()[1]) for each in lines if each.startswith("scriptwriter_followers "))


async def test_a_killed_worker_is_replaced_and_the_page_says_where_it_continues(
    separate: Web, model: ModelServer, writer: Person, database: str
) -> None:
    """It dies after three ideas: the page keeps them, and the next worker writes the other two."""
    text, first_word = ideas_text(range(1, 6)), Gate()
    dying = broken_off(text[: text.index("第4个故事") + 12], Gate())
    model.answers(dying, Answer([first_word, *spoken(ideas_text([4, 5])).steps]))
    asked = len(model.exchanges)
    await writer.create_project()
    await writer.sees_status("排队中")
    await writer.takes_pictures("queued")
    await writer.page.evaluate("window.neverReloaded = true")
    with worker_process(separate.settings) as worker:
        await writer.sees_ideas(*TITLES[:3])
        await writer.sees_words("第4个故事：有人来了")
        worker.kill()

    with worker_process(separate.settings):
        await writer.sees_ideas(*TITLES[:3])
        await eventually(lambda: len(model.exchanges) == asked + 2, 90)
        await writer.sees_status("服务中断，正在从第 4 个继续")
        await writer.sees_ideas(*TITLES[:3])
        await writer.takes_pictures("recovering")
        first_word.open()
        await writer.sees_ideas(*TITLES)
        await writer.sees_status("5 个创意")

    assert await writer.page.evaluate("window.neverReloaded") is True
    assert len(model.exchanges) == asked + 2
    prompt = model.exchanges[asked + 1].prompt
    assert "写出 2 个" in prompt
    assert [title in prompt for title in TITLES] == [True, True, True, False, False]


async def test_a_page_shows_the_database_again_after_its_network_stalled(
    separate: Web, model: ModelServer, writer: Person, proxy: BrowserProxy, database: str
) -> None:
    """Browser and server each detect the stall by their pings, and close the connection."""
    half_a_sentence, two_ideas = Gate(), Gate()
    half_a_sentence.open()
    model.answers(reply_in_parts(half_a_sentence, two_ideas))
    with worker_process(separate.settings):
        project_id = await writer.create_project()
        await writer.sees_ideas(*TITLES[:2])
        await writer.page.evaluate("window.neverReloaded = true")
        connections = proxy.connections

        proxy.stall()
        two_ideas.open()
        await eventually(lambda: newest_titles(database, project_id) == TITLES)
        await eventually(lambda: proxy.connections > connections and _followers(separate) == 0)
        await writer.sees_ideas(*TITLES[:2])
        proxy.resume()

        await writer.sees_ideas(*TITLES)
        await writer.sees_status("5 个创意")
        await eventually(lambda: _followers(separate) == 1)
    assert await writer.page.evaluate("window.neverReloaded") is True
    assert rows(database, "SELECT count(*) AS runs FROM transforms WHERE project_id = %s", project_id) == [
        {"runs": 1}
    ]


async def test_finished_ideas_stay_when_the_model_stalls(
    separate: Web, model: ModelServer, writer: Person
) -> None:
    """The message names the seconds that were waited for, and the missing ideas can be filled in."""
    text = ideas_text(range(1, 6))
    model.answers(broken_off(text[: text.index("第3个故事") + 12], Gate()), spoken(ideas_text([3, 4, 5])))
    with worker_process({**separate.settings, "MODEL_SILENCE_SECONDS": "2"}):
        await writer.create_project()

        await expect(writer.says).to_have_text("模型 2 秒无响应，已保留 2 个")
        await writer.sees_ideas(*TITLES[:2])
        await writer.presses("补齐")

        await writer.sees_ideas(*TITLES)
        await writer.sees_status("5 个创意")


async def test_unsaved_words_are_restored_after_a_restart_of_the_server(
    web: Web, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The new process does not know the tab. The open editor and form open again with their words."""
    model.answers(spoken(ideas_text(range(1, 6))))
    folder = tmp_path_factory.mktemp("restarted")
    settings = {**web.settings, "SCRIPTWRITER_DATA_DIR": str(folder / "data")}
    with same_pages(web, folder, settings) as before:
        async with (
            BrowserProxy(before.port) as proxy,
            open_browser({urlsplit(before.url).netloc: f"127.0.0.1:{proxy.port}"}) as browser,
        ):
            writer = await Person.arrive(browser, before.url)
            await writer.sign_in_by_click()
            await writer.create_project()
            await writer.sees_ideas(*TITLES)
            form = await writer.open_second_tab()
            await form.open_new_project()
            await form.page.locator("#other_requirements").fill("重启前的要求")
            await writer.does("edit", 0)
            await writer.page.get_by_test_id("edit-body").fill("重启前的一句。")

            before.stop()
            with same_pages(web, folder, settings) as after:
                proxy.forward_to(after.port)

                await expect(writer.page.get_by_test_id("draft-note")).to_be_visible()
                await expect(writer.page.get_by_test_id("edit-body")).to_have_value("重启前的一句。")
                await writer.saves()
                await expect(writer.card(0)).to_contain_text("重启前的一句。")
                await expect(form.page.locator("#other_requirements")).to_have_value("重启前的要求")
                await form.page.reload()
                await expect(form.page.locator("#other_requirements")).to_have_value("重启前的要求")
