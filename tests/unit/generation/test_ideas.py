"""Parsing ideas from a reply while it grows."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scriptwriter.domain.graph import Idea
from scriptwriter.domain.run_context import MOST_REPLY
from scriptwriter.worker.reply_parser import EXAMPLES, GrowingReply, made

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
def test_ideas_are_found_in_any_surrounding_text(text: str):
    """Prose, code fences, thoughts, wrappers and further fields do not matter."""
    ideas = read(text)

    assert ideas == BOTH


def test_the_last_idea_is_writing_until_its_object_is_closed():
    """Its title is shown before its body has a word."""
    text = '{"ideas": [{"title": "刀下留人"'

    assert read(text) == [Idea("刀下留人", "", "writing")]
    assert read(text, ', "body": "女医') == [Idea("刀下留人", "女医", "writing")]
    assert read(text, ', "body": "女医生。"') == [Idea("刀下留人", "女医生。", "writing")]
    assert read(text, ', "body": "女医生。"}') == [Idea("刀下留人", "女医生。")]


def test_an_unclosed_think_block_shows_nothing():
    """Thoughts are not ideas, even while the block is still open."""
    assert read('<think>也许 {"title": "草稿", "body": "正') == []


@pytest.mark.parametrize("poor", [{"title": "只有标题"}, {"body": "只有正文"}, {"title": "空", "body": " "}])
def test_an_idea_without_title_or_body_is_not_finished(poor: dict[str, str]):
    """It keeps its place but does not count."""
    reply = GrowingReply(5)

    reply.feed(dumped([poor, ONE]))

    assert [idea.status for idea in reply.ideas()] == ["unfinished", "finished"]
    assert reply.finished == 1


def test_ideas_beyond_the_wanted_number_are_dropped():
    """A reply may contain more ideas than were asked for."""
    reply = GrowingReply(1)

    reply.feed(dumped([ONE, TWO])[:-4])

    assert list(reply.ideas()) == BOTH[:1]
    assert reply.complete


@pytest.mark.parametrize(
    "again",
    [
        {"title": "刀下留人", "body": "另一个故事。"},
        {"title": " 刀下 留人", "body": "另一个故事。"},
        {"title": "换个名字", "body": ONE["body"]},
        ONE,
    ],
    ids=["same title", "spaces in it", "same body", "the same"],
)
@pytest.mark.parametrize("earlier", ["within the reply", "finished before"])
def test_an_idea_that_repeats_an_earlier_one_is_dropped(again: dict[str, str], earlier: str):
    """The next idea takes its place. The earlier idea may be from this reply or from an earlier attempt."""
    within = earlier == "within the reply"
    reply = GrowingReply(2 if within else 1, [] if within else BOTH[:1])

    reply.feed(dumped([ONE, again, TWO] if within else [again, TWO]))

    assert list(reply.ideas()) == (BOTH if within else BOTH[1:])
    assert reply.complete


def test_a_repeated_title_is_not_shown_while_it_grows():
    """It would have to be removed again. A title that turns out to be different is shown at once."""
    known = BOTH[:1]

    for text in ('[{"title": "', '[{"title": "刀下', '[{"title": "刀下留人", "body": "另'):
        reply = GrowingReply(2, known)
        reply.feed(text)
        assert reply.ideas() == ()

    reply = GrowingReply(2, known)
    reply.feed('[{"title": "刀下无')
    assert reply.ideas() == (Idea("刀下无", "", "writing"),)


def test_a_title_may_equal_the_body_of_another_idea():
    """Titles are compared with titles, and bodies with bodies."""
    ideas = read(dumped([{"title": "甲", "body": "乙"}, {"title": "乙", "body": "甲"}]))

    assert ideas == [Idea("甲", "乙"), Idea("乙", "甲")]


def test_a_reply_of_only_repeated_ideas_counts_as_readable():
    """It has too few ideas, but its format is right."""
    reply = GrowingReply(2, BOTH)
    reply.feed(dumped([ONE, TWO]))

    assert (reply.ideas(), reply.complete, reply.readable) == ((), False, True)


def test_unescaped_quotes_and_line_breaks_do_not_lose_an_idea():
    """The most frequent mistakes of models in JSON."""
    ideas = read(
        '[{"title": "刀下留人", "body": "她说"住手"，\n没人听。"}, ', '{"title": "假皇后", "body": "a\nb"}]'
    )

    assert ideas == [Idea("刀下留人", '她说"住手"， 没人听。'), Idea("假皇后", "a b")]


def test_characters_that_postgres_cannot_store_are_dropped():
    """NUL and lone surrogates; an emoji stays."""
    ideas = read(r'[{"title": "a\u0000b", "body": "x\ud83dy \ud83d\ude00"}]')

    assert ideas == [Idea("ab", "xy 😀")]


@pytest.mark.parametrize(
    "text", ["", "对不起，我不写。", "{}", "[[[[", '{"ideas": []}', "{{{{", '{"a":', "}]}"]
)
def test_a_reply_without_ideas_gives_none(text: str):
    """No idea is invented, and no error is raised."""
    assert read(text) == []


def test_a_reply_of_a_megabyte_is_read_up_to_the_limit():
    """Work and memory are limited for endless text in small pieces."""
    reply = GrowingReply(5)
    reply.feed('[{"title": "长", "body": "')

    for _ in range(10_000):
        reply.feed('\\"' + "水" * 100)

    assert reply.full
    assert len(reply.text) == MOST_REPLY
    assert reply.ideas()[0].status == "writing"


def visible_text(text: str) -> str:
    """The characters of a field that a person can tell apart."""
    return "".join(re.sub(r"[\x00-\x1f\x7f]", "", text).split())


def without_duplicates(ideas: list[dict[str, str]]) -> list[dict[str, str]]:
    """The ideas without those that repeat the title or the body of an earlier complete idea."""
    kept: list[dict[str, str]] = []
    for idea in ideas:
        title, body = visible_text(idea["title"]), visible_text(idea["body"])
        whole = [each for each in kept if visible_text(each["title"]) and visible_text(each["body"])]
        repeats = any(
            title == visible_text(each["title"]) or body == visible_text(each["body"]) for each in whole
        )
        if not (title and body and repeats):
            kept.append(idea)
    return kept


def plain(text: str) -> bool:
    """Whether the text is a title without markup, and not one of the prompt's example."""
    examples = {words for _, words in EXAMPLES}
    return (
        visible_text(made(text, "", "writing").title) == visible_text(text)
        and visible_text(text) not in examples
    )


words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20).filter(plain)
ideas_of_a_model = st.lists(
    st.fixed_dictionaries({"title": words, "body": words}, optional={"tags": st.lists(words)}), max_size=4
)


@settings(deadline=None)
@given(ideas_of_a_model, st.booleans(), st.data())
def test_any_prefix_of_a_reply_gives_a_prefix_of_its_ideas(ideas: list, escaped: bool, data: st.DataObject):
    """What is shown while the reply grows is never removed, unless its body repeats an earlier one.

    The title comes first, as the prompt asks: a title that comes last could repeat an earlier one, too.
    """
    ideas = [{"title": idea["title"], "body": idea["body"]} | idea for idea in ideas]
    words = [visible_text(idea["body"]) for idea in ideas]
    assume(all(len([each for each in words if each == body]) == 1 for body in words if body))
    text = json.dumps({"ideas": ideas}, ensure_ascii=escaped)
    whole = read(text)

    some = read(text[: data.draw(st.integers(0, len(text)))])

    assert len(whole) == len(without_duplicates(ideas))
    assert len(some) <= len(whole)
    assert some[:-1] == whole[: len(some)][:-1]
    for mine, final in zip(some, whole, strict=False):
        assert final.title.startswith(mine.title)
        assert final.body.startswith(mine.body)
        assert mine.status == "writing" or mine == final


@settings(deadline=None)
@given(ideas_of_a_model, st.text(max_size=10), st.data())
def test_the_boundaries_of_the_pieces_do_not_matter(ideas: list, around: str, data: st.DataObject):
    """The same ideas are found, wherever the network splits the reply."""
    text = f"<think>{around}</think>```json\n{json.dumps(ideas)}\n```"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=10)) | {0, len(text)})

    pieces = [text[start:end] for start, end in pairwise(cuts)]

    assert read(*pieces) == read(text)


@settings(deadline=None)
@given(st.text(st.sampled_from('{}[]":,\\<>/think title body a\n'), max_size=60))
def test_no_text_raises_an_error_in_the_parser(text: str):
    """Fed character by character."""
    reply = GrowingReply(3)

    for character in text:
        reply.feed(character)

        assert len(reply.ideas()) <= 3
