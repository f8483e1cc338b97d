"""Reading ideas from a growing reply."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scriptwriter.generation.ideas import MAX_REPLY, GrowingReply
from scriptwriter.graph import Idea

ONE = {"title": "刀下留人", "body": "女医生穿越成仵作，第一刀就剖出了皇后的秘密。"}
TWO = {"title": "假皇后", "body": "替身皇后要逃，真皇后却回来求她别走。"}
BOTH = [Idea(ONE["title"], ONE["body"]), Idea(TWO["title"], TWO["body"])]


def read(*pieces: str, count: int = 5) -> list[Idea]:
    reply = GrowingReply(count)
    for piece in pieces:
        reply.feed(piece)
    return list(reply.ideas())


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    "text",
    [
        dumped({"ideas": [ONE, TWO]}),
        dumped([ONE, TWO]),
        dumped({"data": {"ideas": [ONE, TWO]}}),
        dumped(ONE) + "\n" + dumped(TWO),
        "好的，2 个创意 [供参考]：\n```json\n" + dumped({"ideas": [ONE, TWO]}) + "\n```\n祝好 {笑}",
        '<think>先写 {"ideas": [{"title": "草稿", "body": "不要"}]} 再改</think>' + dumped([ONE, TWO]),
        '先写 {"title": "草稿", "body": "不要"} 再改</think>' + dumped([ONE, TWO]),
        dumped({"tags": [{"name": "x"}], "ideas": [{"id": 1, **ONE}, TWO | {"cast": [{"title": "王"}]}]}),
        dumped({"title": "两个创意", "ideas": [ONE, TWO]}),
        json.dumps({"ideas": [ONE, TWO]}, indent=2),
    ],
    ids=[
        "as asked", "a bare list", "wrapped twice", "one object per line", "prose and a fence", "think block",
        "think block without its opening", "further fields", "a wrapper with a title", "escaped and indented",
    ],
)  # fmt: skip
def test_ideas_are_found_in_whatever_surrounds_them(text: str):
    """Prose, fences, thoughts, wrappers and further fields do not matter."""
    ideas = read(text)

    assert ideas == BOTH


def test_the_last_idea_is_writing_until_its_object_is_closed():
    """A title on screen before the body has a word."""
    text = '{"ideas": [{"title": "刀下留人"'

    assert read(text) == [Idea("刀下留人", "", "writing")]
    assert read(text, ', "body": "女医') == [Idea("刀下留人", "女医", "writing")]
    assert read(text, ', "body": "女医生。"') == [Idea("刀下留人", "女医生。", "writing")]
    assert read(text, ', "body": "女医生。"}') == [Idea("刀下留人", "女医生。")]


def test_an_unclosed_think_block_shows_nothing():
    """Thoughts are not ideas, even while they grow."""
    assert read('<think>也许 {"title": "草稿", "body": "正') == []


@pytest.mark.parametrize("poor", [{"title": "只有标题"}, {"body": "只有正文"}, {"title": "空", "body": " "}])
def test_an_idea_without_title_or_body_is_not_finished(poor: dict[str, str]):
    """It keeps its place, but does not count."""
    reply = GrowingReply(5)

    reply.feed(dumped([poor, ONE]))

    assert [idea.status for idea in reply.ideas()] == ["unfinished", "finished"]
    assert reply.finished == 1


def test_ideas_beyond_the_wanted_number_are_dropped():
    """Six answers to a wish for five are five ideas."""
    reply = GrowingReply(1)

    reply.feed(dumped([ONE, TWO])[:-4])

    assert list(reply.ideas()) == BOTH[:1]
    assert reply.complete


def test_unescaped_quotes_and_line_breaks_do_not_lose_an_idea():
    """The commonest slips of models that write JSON by hand."""
    ideas = read(
        '[{"title": "刀下留人", "body": "她说"住手"，\n没人听。"}, ', '{"title": "假皇后", "body": "a\nb"}]'
    )

    assert ideas == [Idea("刀下留人", '她说"住手"， 没人听。'), Idea("假皇后", "a b")]


def test_what_postgres_cannot_store_is_left_out():
    """NUL and half of a surrogate pair are dropped; an emoji stays."""
    ideas = read(r'[{"title": "a\u0000b", "body": "x\ud83dy \ud83d\ude00"}]')

    assert ideas == [Idea("ab", "xy 😀")]


@pytest.mark.parametrize(
    "text", ["", "对不起，我不写。", "{}", "[[[[", '{"ideas": []}', "{{{{", '{"a":', "}]}"]
)
def test_nonsense_holds_no_ideas(text: str):
    """Nothing is made up, and nothing is raised."""
    assert read(text) == []


def test_a_reply_of_a_megabyte_is_read_up_to_the_limit():
    """Endless text in small pieces is bounded in work and memory."""
    reply = GrowingReply(5)
    reply.feed('[{"title": "长", "body": "')

    for _ in range(10_000):
        reply.feed('\\"' + "水" * 100)

    assert reply.full
    assert len(reply.text) == MAX_REPLY
    assert reply.ideas()[0].status == "writing"


words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
ideas_of_a_model = st.lists(
    st.fixed_dictionaries({"title": words, "body": words}, optional={"tags": st.lists(words)}), max_size=4
)


@settings(deadline=None)
@given(ideas_of_a_model, st.booleans(), st.data())
def test_any_prefix_of_a_reply_gives_a_prefix_of_its_ideas(ideas: list, escaped: bool, data: st.DataObject):
    """What is on screen while the reply grows is never taken back."""
    text = json.dumps({"ideas": ideas}, ensure_ascii=escaped)
    whole = read(text)

    some = read(text[: data.draw(st.integers(0, len(text)))])

    assert len(whole) == len(ideas)
    assert len(some) <= len(whole)
    assert some[:-1] == whole[: len(some)][:-1]
    for mine, final in zip(some, whole, strict=False):
        assert final.title.startswith(mine.title)
        assert final.body.startswith(mine.body)
        assert mine.status == "writing" or mine == final


@settings(deadline=None)
@given(ideas_of_a_model, st.text(max_size=10), st.data())
def test_the_boundaries_of_the_pieces_do_not_matter(ideas: list, around: str, data: st.DataObject):
    """However a network cuts the reply, the same ideas come out."""
    text = f"<think>{around}</think>```json\n{json.dumps(ideas)}\n```"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=10)) | {0, len(text)})

    pieces = [text[start:end] for start, end in pairwise(cuts)]

    assert read(*pieces) == read(text)


@settings(deadline=None)
@given(st.text(st.sampled_from('{}[]":,\\<>/think title body a\n'), max_size=60))
def test_no_text_breaks_the_reader(text: str):
    """Whatever a model babbles, character by character, nothing is raised."""
    reply = GrowingReply(3)

    for character in text:
        reply.feed(character)

        assert len(reply.ideas()) <= 3
