"""What the page says about a run, and what its buttons do."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from psycopg.types.json import Jsonb

from tests.support.gated_replies import TITLES, gated_reply
from tests.support.model_server import Answer, Gate, ModelServer, ideas_text, refused, spoken
from tests.support.people import Person
from tests.support.web import Web

TEXT = ideas_text(range(1, 6))
ALL = spoken(TEXT)


def cut_in(number: int, finish: str) -> Answer:
    """The ideas before that number and half of that idea; then the model stops for the reason `finish`."""
    return spoken(TEXT[: TEXT.index(f"第{number}个故事") + 12], finish=finish)


async def write_to_the_third(model: ModelServer, writer: Person) -> tuple[str, Gate]:
    """Start a run that pauses in the third idea; returns the project's id, and the gate that continues the
    run.
    """
    gate = Gate()
    model.answers(gated_reply(TEXT, {TEXT.index("第3个故事") + 20: gate}))
    project_id = await writer.create_project()
    await writer.sees_ideas(*TITLES[:2])
    return project_id, gate


@pytest_asyncio.fixture(loop_scope="session")
async def writer(web: Web, browser: Browser) -> Person:
    """A person who is signed in."""
    person = await Person.arrive(browser, web.url)
    await person.sign_in()
    return person


@pytest.mark.parametrize(
    ("answer", "sentence", "others", "button", "then", "left_out"),
    [
        pytest.param(
            refused(429, "You exceeded your current quota", code="insufficient_quota"),
            "额度已用完，请联系管理员", [], "重试", ALL, [],
            id="quota",
        ),
        pytest.param(
            refused(404, "no such model"),
            "找不到模型 test-model，请联系管理员", [], "重试", ALL, [],
            id="no model",
        ),
        pytest.param(
            spoken("<b>sorry</b>"),
            "返回格式有误，无法解析", ["查看原文"], "重试", ALL, [],
            id="unreadable",
        ),
        pytest.param(
            cut_in(5, "length"),
            "长度达到上限，第 5 个不完整", [], "续写", spoken(ideas_text([5])), [],
            id="length",
        ),
        pytest.param(
            cut_in(3, "content_filter"),
            "第 3 个被安全策略拦截，其余不受影响", ["跳过"], "换个说法", spoken(ideas_text([3, 4, 5])), [],
            id="filtered, rephrased",
        ),
        pytest.param(
            cut_in(3, "content_filter"),
            "第 3 个被安全策略拦截，其余不受影响", ["换个说法"], "跳过", spoken(ideas_text([4, 5])), [3],
            id="filtered, skipped",
        ),
        pytest.param(
            spoken(ideas_text([1, 2, 3])),
            "完成 3/5，2 个未完成", ["再来一批"], "补齐", spoken(ideas_text([4, 5])), [],
            id="short",
        ),
    ],
)  # fmt: skip
async def test_an_incomplete_run_says_why_and_offers_the_right_buttons(
    model: ModelServer,
    writer: Person,
    answer: Answer,
    sentence: str,
    others: list[str],
    button: str,
    then: Answer,
    left_out: list[int],
) -> None:
    """One sentence and its buttons, no others; the first button completes the run."""
    model.answers(answer, then)
    asked = len(model.exchanges)
    await writer.create_project()

    await expect(writer.reason).to_have_text(sentence)
    await expect(writer.buttons).to_have_count(1 + len(others))
    for name in others:
        await expect(writer.buttons.filter(has_text=name)).to_be_enabled()
    await writer.presses(button)

    await writer.sees_ideas(*[title for number, title in enumerate(TITLES, 1) if number not in left_out])
    await writer.sees_status(f"{5 - len(left_out)} 个创意")
    assert len(model.exchanges) == asked + 2


async def test_a_run_whose_model_was_withdrawn_offers_to_edit_the_brief(
    model: ModelServer, writer: Person, database: str
) -> None:
    """Another model can be chosen there. Retrying is offered as well, in case the model is back."""
    model.answers(refused(402, "no"))
    project_id = await writer.create_project()
    await expect(writer.reason).to_have_text("额度已用完，请联系管理员")
    gone = {"error": {"code": "model_withdrawn", "params": {"model": "old-model"}}}
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE transforms SET execution_context = (execution_context::jsonb || %s)::text"
            " WHERE project_id = %s AND type = 'llm'",
            (Jsonb(gone), project_id),
        )

    await expect(writer.reason).to_have_text(
        "模型 old-model 已不再提供，已写内容都在。请编辑要求后重来，换一个模型"
    )
    await expect(writer.buttons).to_have_text(["编辑要求后重来", "重试"])
    await writer.takes_pictures("model-withdrawn")
    await writer.presses("编辑要求后重来")
    await writer.page.get_by_test_id("changed-brief").locator("[name=model]").select_option("dear-model")
    model.answers(ALL)
    await writer.page.get_by_test_id("submit-brief").click()

    await writer.sees_ideas(*TITLES)
    assert model.exchanges[-1].body["model"] == "dear-model"


async def test_a_run_without_words_yet_shows_a_running_clock(model: ModelServer, writer: Person) -> None:
    """The browser counts the seconds."""
    first_word, thinking = Gate(), re.compile(r"^构思中 \d:\d\d$")
    model.answers(Answer([first_word, *ALL.steps]))
    await writer.create_project()

    await expect(writer.says).to_have_text(thinking)
    await expect(writer.says).not_to_have_text(await writer.says.inner_text())
    await expect(writer.says).to_have_text(thinking)
    await writer.takes_pictures("thinking")
    first_word.open()

    await writer.sees_ideas(*TITLES)


async def test_the_countdown_of_an_automatic_retry_is_not_announced(
    model: ModelServer, writer: Person
) -> None:
    """The browser counts, also after a reload, until the retry is about to begin."""
    model.answers(refused(429, "slow down", {"retry-after": "120"}))
    await writer.create_project()
    await writer.says_in_full(re.compile(r"^模型繁忙，1[12]\d 秒后自动重试（1/2）$"))
    await writer.takes_pictures("waiting")

    await writer.lets_time_go_by(50)
    await writer.says_in_full(re.compile(r"^模型繁忙，[567]\d 秒后自动重试（1/2）$"))
    await writer.page.reload()
    await writer.says_in_full(re.compile(r"^模型繁忙，(9|10|11)\d 秒后自动重试（1/2）$"))
    await writer.page.get_by_test_id("switch-language").click()
    await writer.says_in_full(re.compile(r"^The model is busy; trying again in \d+ s \(1/2\)$"))
    await writer.page.get_by_test_id("switch-language").click()
    await writer.lets_time_go_by(120)

    await writer.says_in_full("模型繁忙，马上自动重试（1/2）")
    live = "each => each.closest('[aria-live], [role=alert], [role=status]').ariaLive"
    assert await writer.says.locator(".left").evaluate(live) == "off"
    await writer.presses("停止")


@contextmanager
def run_locked(url: str, project_id: str) -> Iterator[None]:
    """Lock the row of the project's run during the block, so that nobody can change it."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT FROM transforms WHERE project_id = %s FOR UPDATE", (project_id,))
        yield


async def test_a_slow_stop_says_so_and_disables_its_button(
    model: ModelServer, writer: Person, database: str
) -> None:
    """Until the stop is committed."""
    project_id, _ = await write_to_the_third(model, writer)
    stop = writer.page.get_by_test_id("stop")
    with run_locked(database, project_id):
        await writer.presses("停止")

        await expect(stop).to_have_text("正在停止…")
        await expect(stop).to_be_disabled()
        await writer.takes_pictures("stopping")

    await expect(writer.says).to_have_text("测试用户 已停止，已写内容保留")
    await writer.sees_ideas(*TITLES[:2])


async def test_ideas_stay_on_screen_while_a_killed_shape_server_restarts(
    web: Web, model: ModelServer, writer: Person
) -> None:
    """The page says that it synchronizes again, and then shows the newest words without a reload."""
    _, gate = await write_to_the_third(model, writer)
    resyncing = writer.page.get_by_text("正在重新同步", exact=True)
    await writer.page.evaluate("window.neverReloaded = true")
    # The message may be shown for less than a second, so begin to wait before the kill.
    seen = asyncio.create_task(resyncing.wait_for(state="visible"))
    [server] = [
        process
        for process in psutil.Process(web.process.pid).children(recursive=True)
        if "scriptwriter.embedded.shapes.shape_server" in process.cmdline()
    ]

    server.kill()

    await seen
    await writer.sees_ideas(*TITLES[:2])
    gate.open()
    await writer.sees_ideas(*TITLES)
    await expect(resyncing).to_have_count(0)
    assert await writer.page.evaluate("window.neverReloaded") is True
