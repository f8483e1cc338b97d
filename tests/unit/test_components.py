"""Components and texts: both languages are complete, fixed texts are exact, and each component
renders alone.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
import reflex as rx

from scriptwriter import texts
from scriptwriter.settings import ModelOption, settings
from scriptwriter.texts import (
    Text,
    brief_texts,
    error_texts,
    room_texts,
    shared_texts,
)
from scriptwriter.web.brief.brief_form import brief_form
from scriptwriter.web.brief.brief_reading import BriefMessages
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import notice
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.language_state import LanguageState
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.kit.wording import t
from scriptwriter.web.members.members_parts import invite_member, member_table, open_invitations
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.projects.management_state import ManagingState
from scriptwriter.web.projects.project_menu import name_or_field, project_menu
from scriptwriter.web.projects.projects_state import ProjectView
from scriptwriter.web.room.batches import facts, newest_ideas, past_batch, status
from scriptwriter.web.room.card_vars import BatchView, CardView, PastBatchView
from scriptwriter.web.room.idea_cards import blank_card, growing_card, idea_card, place_card
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.origin_dialog import origin
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.room_state import BrainstormState, WritingState

PAGE_STATES = (
    BrainstormState,
    IdeasState,
    LanguageState,
    ManagingState,
    MembersState,
    OriginState,
    ProjectState,
    SessionState,
    WritingState,
)
"""The states whose vars the components of this test show."""


def _texts_in(name: str, value: Any) -> Iterator[tuple[str, Text]]:
    """The texts in a value of a module, also inside tables, with their names."""
    if isinstance(value, Text):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts_in(f"{name}[{key!r}]", each)
    elif isinstance(value, tuple):
        for at, each in enumerate(value):
            yield from _texts_in(f"{name}[{at}]", each)


TEXTS = {
    name: text
    for module in iter_modules(texts.__path__, f"{texts.__name__}.")
    for value_name, value in vars(import_module(module.name)).items()
    for name, text in _texts_in(f"{module.name}.{value_name}", value)
}


def test_every_text_has_both_languages_and_the_same_placeholders() -> None:
    """The English text has no placeholder that the Chinese text does not have."""
    named = {name: [set(re.findall(r"\{(\w+)\}", half)) for half in text] for name, text in TEXTS.items()}

    assert len(TEXTS) > 500
    empty = [name for name, text in TEXTS.items() if not (text.zh.strip() and text.en.strip())]
    unfilled = [name for name, (zh, en) in named.items() if not en <= zh]

    assert empty == []
    assert unfilled == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (room_texts.BRAINSTORM, "创意头脑风暴"),
        (room_texts.START_HINT, "点击开始生成创意想法"),
        (room_texts.START, "开始头脑风暴"),
        (room_texts.WRITING, "AI 正在生成创意想法... ({count} 个想法已生成)"),
        (room_texts.FAILED, "生成失败"),
        (room_texts.RETRY, "重试"),
        (room_texts.FILL_IN, "补齐"),
        (room_texts.STOPPED_BY, "{name} 已停止，已写内容保留"),
        (room_texts.RECOVERING, "服务中断，正在从第 {number} 个继续"),
        (room_texts.WAITING, "{reason}，{seconds} 秒后自动重试（{number}/{of}）"),
        (room_texts.REPHRASE, "换个说法"),
        (room_texts.SKIP, "跳过"),
        (room_texts.GO_ON, "续写"),
        (room_texts.SHOW_RAW_REPLY, "查看原文"),
        (shared_texts.OFFLINE, "网络已断开，后台仍在生成"),
        (shared_texts.RESYNCING, "正在重新同步"),
        (error_texts.ERRORS["access_removed"], "你已被移出该项目"),
        (shared_texts.UNDO, "撤销"),
        (brief_texts.NEW_PROJECT, "新建脑暴项目"),
        (brief_texts.NEW_PROJECT_WHY, "创建一个新项目并开始AI头脑风暴，生成创意故事想法。"),
        (brief_texts.PLATFORM_EXAMPLE, "例如: 抖音, 快手, YouTube Shorts"),
        (brief_texts.GENRE_EXAMPLE, "例如: 穿越, 爽文, 甜宠, 悬疑"),
        (brief_texts.OTHER_REQUIREMENTS_EXAMPLE, "描述故事核心、人物设定、情节走向等..."),
        (brief_texts.CREATE_PROJECT, "开始创建项目"),
        (brief_texts.CREATING, "创建中..."),
        (error_texts.ERRORS["platform_required"], "请输入目标平台"),
        (error_texts.ERRORS["genre_required"], "请输入故事类型"),
    ],
)
def test_fixed_texts_are_exactly_those_of_the_design(text: Text, words: str) -> None:
    """Including their punctuation."""
    assert text.zh == words


def test_a_count_of_zero_is_written_out() -> None:
    """The live count starts at 0, which JavaScript would treat as false: it goes through String()."""
    count = rx.Var("count").to(int)

    sentence = str(t(room_texts.WRITING, count=count))

    assert sentence.count("String(count)") == 2


def _components() -> Iterator[tuple[str, Any]]:
    batch = rx.Var("batch").to(BatchView)
    card = rx.Var("card").to(CardView)
    message = rx.Var("notice").to(Notice)
    messages = rx.Var("messages").to(BriefMessages)
    yield "status", lambda: status(batch)
    yield "facts", lambda: facts(batch)
    yield "ideas", newest_ideas
    yield "past", lambda: past_batch(rx.Var("past").to(PastBatchView))
    yield "card", lambda: idea_card(card, batch)
    yield "place", lambda: place_card(card, batch)
    yield "origin", origin
    yield "growing", growing_card
    yield "blank", lambda: blank_card(3)
    yield "notice", lambda: notice(message, rx.console_log("dismiss"))
    undo = rx.el.button("undo")
    yield "notice with an action", lambda: notice(message, rx.console_log("dismiss"), undo)
    project = rx.Var("project").to(ProjectView)
    yield "project menu", lambda: project_menu(project)
    yield "name", lambda: name_or_field(project, rx.el.p(project.name))
    yield "members", member_table
    yield "inviting", invite_member
    yield "invitations", open_invitations
    yield (
        "form",
        lambda: brief_form(
            submit=rx.console_log("submit"),
            messages=messages,
            busy=rx.Var("busy").to(bool),
            submit_text=brief_texts.CREATE_PROJECT,
            busy_text=brief_texts.CREATING,
            models=(ModelOption(name="a"), ModelOption(name="b", input_price=1, output_price=2)),
            currency="$",
            hidden={"seen": rx.Var("seen").to(str)},
        ),
    )
    yield "frame", lambda: page(rx.el.p("content"), name="test")


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in _components()])
def test_a_component_renders_alone(make: Any) -> None:
    """It uses no state of another page."""
    code = str(make())

    assert code.startswith("jsx(") or code.startswith("(")
    known = {state.get_full_name().replace(".", "__") for state in PAGE_STATES} | {"reflex___state____state"}
    assert {*re.findall(r"reflex___state____state\w*", code)} <= known


def test_the_form_starts_with_the_initial_values_of_the_design() -> None:
    """Platform and genres in the reader's language; the field for requirements has four rows."""
    form = dict(_components())["form"]()

    code = str(form).encode().decode("unicode_escape")

    assert re.search(r'defaultValue:[^"]*"en"[^"]*"Douyin" : "抖音"', code)
    assert re.search(r'defaultValue:[^"]*"en"[^"]*"Time travel, Power fantasy" : "穿越, 爽文"', code)
    assert "rows:4" in code or 'rows:"4"' in code


@pytest.mark.parametrize("name", ["status", "place", "form", "project menu", "inviting", "invitations"])
def test_buttons_are_disabled_offline_and_their_events_are_not_queued(name: str) -> None:
    """A click without a connection never takes effect later."""
    component = dict(_components())[name]()

    # The handler of a form is among the hooks, that of a button in its own code.
    code = "".join([str(component), *component._get_all_hooks()])
    assert str(UNREACHABLE) in code
    assert code.count('["temporal"] : true') == code.count("addEvents(") > 0


def test_the_raw_reply_is_text_and_never_markup() -> None:
    """React writes a child as text, and nothing here sets HTML."""
    code = str(dict(_components())["origin"]())

    assert "dangerouslySetInnerHTML" not in code


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of production during a test."""
    monkeypatch.setenv("SCRIPTWRITER_ENV", "production")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("production")
def test_production_has_no_button_for_the_test_user() -> None:
    """The compiled page does not contain the sign-in of development."""
    from scriptwriter.web.sign_in.sign_in_page import sign_in

    code = str(sign_in())

    assert "test-user" not in code


def test_no_field_has_a_maxlength() -> None:
    """A browser would cut pasted text silently; `limited` counts it and says what is too long."""
    root = Path(__file__).parents[2]
    sources = [*root.glob("scriptwriter/**/*.py"), *root.glob("assets/*.js")]
    shown = [path for path in sources if {"web", "assets"} & {*path.relative_to(root).parts}]

    assert len(shown) > 50
    cutting = re.compile(r"\bmax_length=(?!.*Field)|maxlength", re.IGNORECASE)
    assert [path.name for path in shown if cutting.search(path.read_text(encoding="utf-8"))] == []
