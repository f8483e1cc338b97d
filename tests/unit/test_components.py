"""What the components and texts promise without any state: both languages, exact words, no crash."""

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
from scriptwriter.web.brief.brief_form import BriefForm, brief_form
from scriptwriter.web.kit.elements import notice
from scriptwriter.web.kit.frame import Surroundings, frame
from scriptwriter.web.kit.project_menu import ProjectDeeds, name_or_field, project_menu
from scriptwriter.web.kit.wording import LANGUAGE, t
from scriptwriter.web.members.members_parts import MemberDeeds, invite_member, member_table, open_invitations
from scriptwriter.web.room.batches import facts, newest_ideas, past_batch, status
from scriptwriter.web.room.card_vars import (
    BatchView,
    BriefMessages,
    CardView,
    ConflictView,
    InvitationView,
    MemberView,
    Notice,
    OriginView,
    PastBatchView,
    ProjectView,
)
from scriptwriter.web.room.idea_cards import blank_card, growing_card, idea_card, place_card
from scriptwriter.web.room.origin_dialog import origin
from scriptwriter.web.room.run_handlers import Deeds, IdeaDeeds

UNREACHABLE = rx.Var("unreachable").to(bool)


def logged(*_: Any) -> Any:
    """An event that stands for any."""
    return rx.console_log("a deed")


DEEDS = Deeds(
    retry=logged,
    retry_one=logged,
    skip=logged,
    rephrase=logged,
    stop=logged,
    start_again=logged,
    open_brief=rx.console_log("brief"),
    stopping=rx.Var("stopping").to(bool),
    may_act=rx.Var("may_act").to(bool),
    unreachable=UNREACHABLE,
    ideas=IdeaDeeds(
        pick=logged,
        give_reason=logged,
        give_own_reason=rx.console_log("reason"),
        close_reason=rx.console_log("close"),
        edit=logged,
        save=rx.console_log("save"),
        close_editor=rx.console_log("close"),
        show_versions=logged,
        restore=logged,
        like=logged,
        retitle=logged,
        select=logged,
        trace=logged,
        editing=rx.Var("editing").to(str),
        base=rx.Var("base").to(str),
        draft_title=rx.Var("draft_title").to(str),
        draft_body=rx.Var("draft_body").to(str),
        conflict=rx.Var("conflict").to(ConflictView),
        reasoning=rx.Var("reasoning").to(str),
        history=rx.Var("history").to(str),
        selected=rx.Var("selected").to(list[str]),
    ),
)
PROJECT_DEEDS = ProjectDeeds(
    begin_renaming=logged,
    stop_renaming=rx.console_log("a deed"),
    rename=rx.console_log("a deed"),
    archive=logged,
    unarchive=logged,
    delete=logged,
    renaming=rx.Var("renaming").to(str),
    problem=rx.Var("problem").to(Notice),
    unreachable=UNREACHABLE,
)
MEMBER_DEEDS = MemberDeeds(
    invite=rx.console_log("a deed"),
    withdraw=logged,
    change_role=logged,
    ask=logged,
    keep=rx.console_log("a deed"),
    confirm=rx.console_log("a deed"),
    asking=rx.Var("asking").to(str),
    asked_role=rx.Var("asked_role").to(str),
    adding=rx.Var("adding").to(bool),
    added=rx.Var("added").to(int),
    invited=rx.Var("invited").to(Notice),
    problem=rx.Var("problem").to(Notice),
    may_manage=rx.Var("may_manage").to(bool),
    unreachable=UNREACHABLE,
)


def _texts_in(name: str, value: Any) -> Iterator[tuple[str, Text]]:
    """The texts that a value of a module holds, in tables too, each with its name."""
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


def test_every_text_exists_in_both_languages_and_english_asks_for_no_value_of_its_own() -> None:
    """A switch of the language leaves no gap, and no placeholder that the Chinese text does not fill."""
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
def test_the_designs_words_stand_as_it_names_them(text: Text, words: str) -> None:
    """These texts are fixed, to the dot."""
    assert text.zh == words


def test_a_count_of_zero_is_written_out() -> None:
    """The live count starts at 0, and says so: the number goes through JavaScript's String()."""
    count = rx.Var("count").to(int)

    sentence = str(t(room_texts.WRITING, count=count))

    assert sentence.count("String(count)") == 2


def _components() -> Iterator[tuple[str, Any]]:
    batch = rx.Var("batch").to(BatchView)
    card = rx.Var("card").to(CardView)
    message = rx.Var("notice").to(Notice)
    messages = rx.Var("messages").to(BriefMessages)
    cards = rx.Var("cards").to(list[CardView])
    around = Surroundings(
        rx.Var("name").to(str),
        rx.console_log("language"),
        demo=True,
        offline=UNREACHABLE,
        person_key=rx.Var("key").to(str),
        settled=rx.Var("settled").to(str),
        ask_for_sent=rx.console_log("ask"),
    )
    yield "status", lambda: status(batch, DEEDS)
    yield "facts", lambda: facts(batch)
    yield "ideas", lambda: newest_ideas(cards, card, cards, batch, DEEDS)
    yield "past", lambda: past_batch(rx.Var("past").to(PastBatchView), DEEDS)
    yield "card", lambda: idea_card(card, batch, DEEDS)
    yield "place", lambda: place_card(card, batch, DEEDS)
    told = rx.Var("told").to(OriginView)
    yield "origin", lambda: origin(told, rx.console_log("away"), shown=rx.Var("shown").to(int))
    yield "growing", lambda: growing_card(card.number, card.title, card.body)
    yield "blank", lambda: blank_card(3)
    yield "notice", lambda: notice(message, rx.console_log("dismiss"))
    undo = rx.el.button("undo")
    yield "notice with an action", lambda: notice(message, rx.console_log("dismiss"), undo)
    project, members = rx.Var("project").to(ProjectView), rx.Var("members").to(list[MemberView])
    yield "project menu", lambda: project_menu(project, PROJECT_DEEDS)
    yield "name", lambda: name_or_field(project, rx.el.p(project.name), PROJECT_DEEDS)
    yield "members", lambda: member_table(members, MEMBER_DEEDS)
    yield "inviting", lambda: invite_member(MEMBER_DEEDS)
    asked = rx.Var("asked").to(list[InvitationView])
    yield "invitations", lambda: open_invitations(asked, MEMBER_DEEDS)
    yield (
        "form",
        lambda: brief_form(
            BriefForm(
                submit=rx.console_log("submit"),
                messages=messages,
                busy=rx.Var("busy").to(bool),
                submit_text=brief_texts.CREATE_PROJECT,
                busy_text=brief_texts.CREATING,
                unreachable=UNREACHABLE,
                models=(ModelOption(name="a"), ModelOption(name="b", input_price=1, output_price=2)),
                currency="$",
                hidden={"seen": rx.Var("seen").to(str)},
            ),
        ),
    )
    yield "frame", lambda: frame(around, rx.el.p("content"), name="test")


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in _components()])
def test_a_component_can_be_shown_without_any_state(make: Any) -> None:
    """Components take Vars only: each renders alone, and reads the state of the language only."""
    code = str(make())

    assert code.startswith("jsx(") or code.startswith("(")
    assert "reflex___state____state" not in code.replace(str(LANGUAGE), "")


def test_the_form_starts_with_the_designs_values() -> None:
    """A writer who changes nothing gets 抖音 and 穿越, 爽文, in their language; wishes have four rows."""
    form = dict(_components())["form"]()

    code = str(form).encode().decode("unicode_escape")

    assert re.search(r'defaultValue:[^"]*"en"[^"]*"Douyin" : "抖音"', code)
    assert re.search(r'defaultValue:[^"]*"en"[^"]*"Time travel, Power fantasy" : "穿越, 爽文"', code)
    assert "rows:4" in code or 'rows:"4"' in code


@pytest.mark.parametrize("name", ["status", "place", "form", "project menu", "inviting", "invitations"])
def test_what_acts_is_disabled_offline_and_never_queued(name: str) -> None:
    """A press while the connection is lost happens at once or never, not by surprise afterwards."""
    component = dict(_components())[name]()

    # A form's handler is among the hooks, a button's in its own code.
    code = "".join([str(component), *component._get_all_hooks()])
    assert "unreachable" in code
    assert code.count('["temporal"] : true') == code.count("addEvents(") > 0


def test_the_raw_reply_is_text_and_never_markup() -> None:
    """React writes a child as text; nothing here sets HTML."""
    code = str(dict(_components())["origin"]())

    assert "dangerouslySetInnerHTML" not in code


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of production, while a test runs."""
    monkeypatch.setenv("SCRIPTWRITER_ENV", "production")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("production")
def test_production_has_no_button_for_the_test_user() -> None:
    """The compiled page does not know the way in that exists in development only."""
    from scriptwriter.web.sign_in.sign_in_page import sign_in

    code = str(sign_in())

    assert "test-user" not in code


def test_no_field_cuts_what_is_pasted_into_it() -> None:
    """A browser cuts silently at `maxlength`; `limited` counts and says it."""
    root = Path(__file__).parents[2]
    sources = [*root.glob("scriptwriter/**/*.py"), *root.glob("assets/*.js")]
    shown = [path for path in sources if {"web", "assets"} & {*path.relative_to(root).parts}]

    assert len(shown) > 50
    cutting = re.compile(r"\bmax_length=(?!.*Field)|maxlength", re.IGNORECASE)
    assert [path.name for path in shown if cutting.search(path.read_text(encoding="utf-8"))] == []
