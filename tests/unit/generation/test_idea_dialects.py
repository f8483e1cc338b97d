"""The ways in which models write ideas beside the form that was asked for."""

# ruff: noqa: E501

import json
from typing import Any

import pytest

from scriptwriter.domain.graph import Idea
from scriptwriter.domain.prompts import RESPONSE_SCHEMA
from scriptwriter.worker.reply_parser import GrowingReply

ONE, TWO = {"title": "甲", "body": "乙"}, {"title": "丙", "body": "丁"}
BOTH = [Idea("甲", "乙"), Idea("丙", "丁")]
DRAFT = {"title": "草稿", "body": "草稿的正文"}


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


GOOD = dumped({"ideas": [ONE, TWO]})
DRAFTS = dumped({"ideas": [DRAFT, {"title": "草稿二", "body": "另一份草稿"}]})
LONG = "她醒来时已经成了仵作，第一刀就剖出了皇后的秘密，而皇后正站在她身后，手里拿着她的卖身契。"
LONG_BOTH = [Idea("甲", LONG), Idea("丙", LONG + "。")]
LONG_THOUGHT = "先想想要求，再看看平台和观众喜欢什么。" * 30

DIALECTS = {
    "a quote in a body that ends with one": (
        '[{"title":"甲","tag":"丁","body":"乙"丙""},{"title":"丙","body":"丁"}]',
        [Idea("甲", '乙"丙"'), Idea("丙", "丁")],
    ),
    "a quote in the last body that ends with one": (
        '{"ideas":[{"title":"甲","body":"乙"},{"title":"丙","body":"丁"丁""}]}',
        [Idea("甲", "乙"), Idea("丙", '丁"丁"')],
    ),
    "English speech with a comma": (
        '[{"title":"A","body":"She said "stop", and left. "No", he said."},{"title":"丙","body":"丁"}]',
        [Idea("A", 'She said "stop", and left. "No", he said.'), Idea("丙", "丁")],
    ),
    "no bracket after the first idea": (
        '{"ideas":[{"title":"甲","body":"乙",{"title":"丙","body":"丁"}]}', BOTH,
    ),
    "no bracket and no comma after the first idea": (
        '{"ideas":[{"title":"甲","body":"乙"\n{"title":"丙","body":"丁"}]}', BOTH,
    ),
    "no brackets between two ideas": (
        '{"ideas":[{"title":"甲","body":"乙","title":"丙","body":"丁"}]}', BOTH,
    ),
    "no quote at the end of a body": (
        '{"ideas":[{"title":"甲","body":"乙},{"title":"丙","body":"丁"}]}', BOTH,
    ),
    "no bracket at the end": ('{"ideas":[{"title":"甲","body":"乙"},{"title":"丙","body":"丁"', BOTH),
    "a bracket too many": ('{"ideas":[{"title":"甲","body":"乙"}},{"title":"丙","body":"丁"}]}', BOTH),
    "no comma between fields": ('[{"title":"甲" "body":"乙"},{"title":"丙"\n"body":"丁"}]', BOTH),
    "no comma between ideas": ('[{"title":"甲","body":"乙"}{"title":"丙","body":"丁"}]', BOTH),
    "trailing commas": ('{"ideas":[{"title":"甲","body":"乙",},{"title":"丙","body":"丁",},],}', BOTH),
    "single quotes": ("{'ideas': [{'title': '甲', 'body': '乙'}, {'title': '丙', 'body': '丁'}]}", BOTH),
    "an apostrophe in single quotes": (
        "[{'title': 'A', 'body': 'It's the boys' day, isn't it'}, {'title': '丙', 'body': '丁'}]",
        [Idea("A", "It's the boys' day, isn't it"), Idea("丙", "丁")],
    ),
    "comments": (
        '{ // 两个创意\n"ideas": [ /* 第一个 */ {"title": "甲", // 标题\n"body": "乙"}, {"title":"丙","body":"丁"} // 完\n]}',
        BOTH,
    ),
    "keys without quotes": ('{ideas: [{title: "甲", body: "乙"}, {title: "丙", body: "丁"}]}', BOTH),
    "curly quotes": ("{“ideas”：[{“title”：“甲”，“body”：“乙”}，{“title”：“丙”，“body”：“丁”}]}", BOTH),
    "curly quotes with speech": (
        "[{“title”：“甲”，“body”：“她说“住手”，没人听。”}, {“title”：“丙”，“body”：“丁”}]",
        [Idea("甲", "她说“住手”，没人听。"), Idea("丙", "丁")],
    ),
    "full-width marks": ('｛"ideas"：［｛"title"："甲"，"body"："乙"｝，｛"title"："丙"，"body"："丁"｝］｝', BOTH),
    "Chinese keys": (dumped([{"标题": "甲", "内容": "乙"}, {"标题": "丙", "正文": "丁"}]), BOTH),
    "Chinese keys in a wrapper with a title": (
        dumped({"标题": "两个创意", "创意": [{"标题": "甲", "梗概": "乙"}, {"标题": "丙", "故事梗概": "丁"}]}),
        BOTH,
    ),
    "other keys": (dumped([{"Title": "甲", "Content": "乙"}, {"TITLE": "丙", "story": "丁"}]), BOTH),
    "numbered keys": (dumped([{"title1": "甲", "body1": "乙"}, {"标题2": "丙", "正文2": "丁"}]), BOTH),
    "weak keys": (dumped([{"title": "甲", "description": "乙"}, {"name": "丙", "body": "丁"}]), BOTH),
    "weak keys only": (dumped([{"name": "甲", "description": "乙"}, {"name": "丙", "summary": "丁"}]), BOTH),
    "ideas by number": (dumped({"1": ONE, "2": TWO}), BOTH),
    "a body as a list": (
        dumped([{"title": "甲", "body": ["乙", "丙"]}, {"title": "丙", "body": ["丁"]}]),
        [Idea("甲", "乙\n丙"), Idea("丙", "丁")],
    ),
    "a body in parts": (
        dumped([{"title": "甲", "body": {"设定": "乙", "结局": "丙"}}, TWO]), [Idea("甲", "乙\n丙"), Idea("丙", "丁")],
    ),
    "people with titles": (
        dumped([{"cast": [{"name": "王", "description": "反派"}], **ONE}, TWO | {"cast": [{"title": "王", "body": "老"}]}]),
        BOTH,
    ),
    "JSON in a string": (dumped({"answer": GOOD}), BOTH),
    "a string of JSON": (dumped(GOOD), BOTH),
    "a string of JSON with a fence": (dumped({"output": f"```json\n{GOOD}\n```"}), BOTH),
    "each idea in a string": (dumped({"ideas": [dumped(ONE), dumped(TWO)]}), BOTH),
    "JSON in a string twice": (dumped({"answer": dumped({"answer": GOOD})}), BOTH),
    "the schema first": (dumped(RESPONSE_SCHEMA) + "\n" + GOOD, BOTH),
    "the ideas in the schema": (dumped({"type": "object", "properties": {"ideas": [ONE, TWO]}}), BOTH),
    "a schema with titles first": (
        dumped({"title": "Ideas", "type": "object", "properties": {"body": {"title": "Body", "type": "string"}}}) + GOOD,
        BOTH,
    ),
    "the prompt's example first": ('{"ideas": [{"title": "标题", "body": "正文"}]}\n' + GOOD, BOTH),
    "dots as an example first": ('格式：{"ideas":[{"title":"...","body":"..."}]}\n' + GOOD, BOTH),
    "a list in prose": ("好的，两个创意如下：\n\n1. 《甲》\n乙\n\n2. 《丙》\n丁\n", BOTH),
    "a list in prose on one line each": ("1. 《甲》：乙\n2. **《丙》** - 丁", BOTH),
    "a list with labels": ("### 创意一\n**标题：** 甲\n**正文：** 乙\n\n### 创意二\n标题：《丙》\n内容：丁", BOTH),
    "YAML": ("ideas:\n  - title: 甲\n    body: 乙\n  - title: \"丙\"\n    body: 丁\n", BOTH),
    "a list with bold titles": (f"1. **甲**\n{LONG}\n\n2. **丙**：{LONG}。", LONG_BOTH),
    "a list with headings": (f"## 甲\n{LONG}\n\n## 丙\n\n{LONG}。", LONG_BOTH),
    "a list with plain titles": (f"1. 甲\n{LONG}\n2. 丙\n{LONG}。\n\n希望你喜欢！", LONG_BOTH),
    "a list in strings": (dumped({"ideas": ["《甲》：乙", "《丙》：丁"]}), BOTH),
    "tags": ("<ideas><idea><title>甲</title><body>乙</body></idea>\n<idea><title>丙</title>\n<body>丁</body></idea></ideas>", BOTH),
    "long quotes": ('[{"title": "甲", "body": """乙"""}, {"title": "丙", "body": """丁"""}]', BOTH),
    "escaped quotes without a string": (GOOD.replace('"', '\\"'), BOTH),
    "quotes of HTML": (GOOD.replace('"', "&quot;"), BOTH),
    "numbers and labels in titles": (
        dumped([{"title": "创意一：《甲》", "body": "乙"}, {"title": "【创意2】标题：丙", "body": "正文：丁"}]), BOTH,
    ),
    "marks around titles": (
        dumped([{"title": "《甲》", "body": "乙"}, {"title": "2. **“丙”**", "body": "丁"}]), BOTH,
    ),
    "a title with a name in it": (
        dumped([{"title": "甲《乙》", "body": "乙"}, {"title": "《丙》与《丁》", "body": "丁"}]),
        [Idea("甲《乙》", "乙"), Idea("《丙》与《丁》", "丁")],
    ),
    **{
        f"a draft in {opening or closing}": (f"{opening}先写 {DRAFTS} 再改{closing}\n{GOOD}", BOTH)
        for opening, closing in (
            ("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<thought>", "</thought>"),
            ("<seed:think>", "</seed:think>"), ("<think >", "</think >"), ("<THINK>", "</THINK>"),
            ("<reasoning>", "</reasoning>"), ('<think type="deep">', "</think>"), ("[THINK]", "[/THINK]"),
            ("◁think▷", "◁/think▷"), ("<|begin_of_thought|>", "<|end_of_thought|>"), ("<思考>", "</思考>"),
            ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
            ("<|channel>thought\n", "<channel|>"), ("analysis", "assistantfinal"), ("", "</think>"),
            ("<unused94>thought\n", "<unused95>"),
        )
    },
    "a draft that is not closed in a thought": (f'<think>{{"title": "草{{[</think>{GOOD}', BOTH),
    "a draft that is not closed in a thought without its mark": (f'先 {{"title": "草{{[</think>{GOOD}', BOTH),
    "two thoughts": (f"<think>{DRAFTS}</think>\n<think>{DRAFTS}</think>{GOOD}", BOTH),
    "a thought between ideas": (f"[{dumped(ONE)},\n]<think>{DRAFTS}</think>[{dumped(TWO)}]", BOTH),
    "a thought that never closes": (f"<think>先写 {DRAFTS}，不好，改成：\n{GOOD}", BOTH),
    "a thought that never closes, and one draft": (f"<think>想一想。\n\n{GOOD}", BOTH),
    "a thought without marks": (f"{LONG_THOUGHT}先写 {DRAFTS}，不好，改成：\n{GOOD}", BOTH),
    "an answer within a thought": (f"<think>{DRAFTS}\n{GOOD}</think>", BOTH),
}  # fmt: skip
"""For each dialect a reply, and the ideas in it."""


def read(text: str, *, whole: bool = True, count: int = 2, size: int = 0) -> GrowingReply:
    """The reply in pieces of `size` characters (0: at once), after its end."""
    reply = GrowingReply(count)
    size = size or len(text) or 1
    for at in range(0, len(text), size):
        reply.feed(text[at : at + size])
        reply.ideas()
    reply.end(whole=whole)
    return reply


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize("name", DIALECTS)
def test_ideas_are_read_in_every_dialect(name: str, size: int) -> None:
    """At once, or in pieces."""
    text, ideas = DIALECTS[name]

    assert list(read(text, size=size).ideas()) == ideas


@pytest.mark.parametrize("name", DIALECTS)
def test_no_part_of_a_reply_shows_a_draft_or_json_as_finished(name: str) -> None:
    """Wherever the connection breaks: what is finished then is one of the ideas."""
    text, ideas = DIALECTS[name]
    if any(mark in name for mark in ("without its mark", "draft in </think>", "draft in analysis")):
        return

    for end in range(0, len(text), 3):
        reply = read(text[:end], whole=False)

        assert {idea.body for idea in reply.ideas() if idea.finished} <= {idea.body for idea in ideas}


@pytest.mark.parametrize(
    "text",
    [
        '[{"title":"甲","body":"乙","note":"丙"丁":"戊"}]',
        '[{"title":"甲","body":"{\\"title\\": \\"乙\\", \\"body\\": \\"丙\\"}"',
        '[{"title":"甲\\",\\"body\\":\\"乙","body":"丙"}]',
        '[{"title":"甲","body":"乙\\",\\"结局\\":\\"丙"}]',
    ],
)
def test_an_idea_that_holds_json_is_never_finished(text: str) -> None:
    """Rather short of an idea than the wrong text."""
    for whole in (True, False):
        for idea in read(text, whole=whole).ideas():
            assert not idea.finished or '":' not in idea.title + idea.body


@pytest.mark.parametrize(
    "text",
    [
        "",
        "我想想。",
        "1. 先看要求：写两个。\n2. 再写。",
        "1. **要求**：两个\n2. **写**：再写",
        "<think>1. 《甲》\n乙",
        LONG_THOUGHT,
    ],
)
def test_prose_holds_no_ideas(text: str) -> None:
    """Plans and thoughts are no ideas, though they have numbers."""
    assert read(text, whole=False).ideas() == ()


def test_a_reply_that_was_cut_ends_inside_of_an_idea() -> None:
    """Whatever reason the endpoint invents for its end."""
    assert read('[{"title":"甲","body":"乙').inside
    assert not read(GOOD).inside
    assert not read('[{"title":"甲","body":"乙"},').inside


def test_the_last_idea_of_a_list_in_prose_that_was_cut_is_unfinished() -> None:
    """Only the endpoint knows whether its last word has come."""
    assert list(read("1. 《甲》\n乙\n2. 《丙》\n丁", whole=False).ideas()) == [
        Idea("甲", "乙"),
        Idea("丙", "丁", "unfinished"),
    ]


def test_an_idea_in_another_encoding_is_not_finished() -> None:
    """Its characters are lost."""
    text = GOOD.encode("gbk").decode("utf-8", "replace")

    assert not any(idea.finished for idea in read(text).ideas())
