"""References to ideas, and which verdicts, orders and texts of people are valid and current."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.domain import idea_acts, kinds
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import Act, IdeaRef
from scriptwriter.texts import room_texts

A, B, C = (IdeaRef("artifact", index) for index in range(3))


def at(number: int) -> datetime:
    """A time; a higher number gives a later one."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)


def said(
    number: int, ref: IdeaRef, verdict: str, user_id: str = "wang", reason: str = "", name: str = ""
) -> Act:
    """A verdict of a person."""
    value = kinds.Verdict.model_validate(
        {
            "artifactId": ref.artifact_id,
            "index": ref.index,
            "userId": user_id or None,
            "name": name or user_id.title(),
            "verdict": verdict,
            "reason": reason,
        }
    )
    return Act(f"v{number}", value, at(number))


def ordered(number: int, *refs: Any) -> Act:
    """An order of the kept ideas."""
    return Act(f"o{number}", kinds.Order(order=tuple(map(str, refs))), at(number))


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), st.integers(0, 99))
def test_a_ref_is_read_back_from_its_text(artifact_id: str, index: int) -> None:
    """For every valid artifact id and index."""
    ref = IdeaRef(artifact_id, index)

    assert IdeaRef.parse(str(ref)) == ref


@pytest.mark.parametrize(
    "text",
    ["", "#", "a#", "#1", "a#-1", "a#01", "a#+1", "a# 1", " a#1", "a#1\n", "a#１", "a##1", "a#1#2", "a\x00#1",
     "a#100", "é#1", "a" * 65 + "#1", None, 7, ["a#1"]],
)  # fmt: skip
def test_a_text_of_another_form_is_no_ref(text: Any) -> None:
    """Clients send references, so every other text is refused."""
    with pytest.raises(UserError, match="idea_not_found"):
        IdeaRef.parse(text)


def test_the_newest_verdict_of_each_person_counts() -> None:
    """Verdicts are personal: one keeps what another passes on."""
    acts = [said(3, A, "pass", reason="formulaic"), said(1, A, "keep"), said(2, A, "keep", "li")]

    picks = idea_acts.valid_picks(acts)

    assert [(each.user_id, each.verdict, each.reason) for each in picks.by_idea[A]] == [
        ("li", "keep", ""),
        ("wang", "pass", "formulaic"),
    ]
    assert picks.kept == (A,)


def test_a_withdrawn_verdict_does_not_count() -> None:
    """As if it had never been given."""
    picks = idea_acts.valid_picks([said(1, A, "keep"), said(2, A, "none")])

    assert (picks.by_idea, picks.kept) == ({}, ())


def test_an_idea_stays_kept_while_one_person_keeps_it() -> None:
    """It keeps its place. An idea that nobody keeps any more is added at the end when it is kept again."""
    both = [said(1, A, "keep"), said(2, B, "keep"), said(3, A, "keep", "li"), said(4, A, "pass")]
    gone = [*both, said(5, A, "none", "li")]
    again = [*gone, said(6, A, "keep", "li")]

    assert [idea_acts.valid_picks(acts).kept for acts in (both, gone, again)] == [(A, B), (B,), (B, A)]


def test_kept_ideas_that_an_order_does_not_name_follow_it() -> None:
    """Ideas that nobody keeps any more are omitted."""
    assert idea_acts.arranged([A, B, C], ordered(2, C, A)) == (C, A, B)
    assert idea_acts.arranged([A, B], ordered(1, C, B, B)) == (B, A)
    assert idea_acts.arranged([A, B], None) == (A, B)


def test_the_newest_readable_act_is_found_without_parsing_older_ones() -> None:
    """Of two acts with the same time, the one with the greater id is newer."""
    acts = [ordered(2, C, A), ordered(1, A, B)]
    rows = [(act.id, act.value.model_dump_json(by_alias=True), act.at) for act in acts]
    unread = [("old", None, at(0)), ("broken", "", at(3))]

    assert idea_acts.newest_in([*unread, *rows], "brainstorm_order") == acts[0]  # pyright: ignore[reportArgumentType]
    assert idea_acts.newest_in([], "brainstorm_order") is None


@given(st.lists(st.sampled_from([A, B, C]), unique=True), st.lists(st.sampled_from([A, B, C])))
def test_an_order_neither_adds_nor_loses_a_keeper(kept: list[IdeaRef], named: list[IdeaRef]) -> None:
    """Whatever ideas the order names."""
    arranged = idea_acts.arranged(kept, ordered(1, *named))

    assert sorted(arranged) == sorted(kept)


@pytest.mark.parametrize("kind", ["brainstorm_idea", "brainstorm_verdict", "brainstorm_order"])
@pytest.mark.parametrize(
    "data", ["", "{}", "[]", '{"artifactId": "a", "index": "1"}', '{"order": ["nonsense"]}', "\\u0000"]
)
def test_an_unreadable_act_is_ignored(kind: str, data: str) -> None:
    """Another program may have stored anything."""
    assert idea_acts.acts_in([("a", data, at(1))], kind) == []


def test_people_without_an_account_are_told_apart_by_name() -> None:
    """They come from an imported file."""
    acts = [
        said(1, A, "keep", "", name="小王"),
        said(2, A, "pass", "", name="小李"),
        said(3, A, "pass", "", name="小王"),
        said(4, A, "keep", name="小王"),
    ]

    [*picks] = idea_acts.valid_picks(acts).by_idea[A]

    assert [(each.user_id, each.name, each.verdict) for each in picks] == [
        ("", "小李", "pass"),
        ("", "小王", "pass"),
        ("wang", "小王", "keep"),
    ]


@pytest.mark.parametrize("reason", [*room_texts.PASS_REASONS, "", "  结局太仓促 \n", "长" * 100])
def test_a_reason_is_a_code_or_a_few_words(reason: str) -> None:
    """On one line."""
    assert idea_acts.checked_verdict("pass", reason) == ("pass", reason.strip())


def test_the_reason_of_a_withdrawn_verdict_is_dropped() -> None:
    """Withdrawing needs no reason."""
    assert idea_acts.checked_verdict("none", "雷同") == ("none", "")


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [("maybe", "", "verdict_unknown"), ("", "", "verdict_unknown"), ("pass", "长" * 101, "reason_too_long")],
)
def test_another_verdict_or_a_long_reason_is_refused(verdict: str, reason: str, code: str) -> None:
    """Before anything is written."""
    with pytest.raises(UserError, match=code):
        idea_acts.checked_verdict(verdict, reason)


def test_a_text_is_trimmed_and_otherwise_left_as_it_is() -> None:
    """Only what Postgres cannot store and the line breaks of a title are removed."""
    title, body = idea_acts.checked_text(" 半\x00夜  敲门\n声 ", "\n　第一段。\n\n  第二段\ud800。 \n")

    assert (title, body) == ("半夜  敲门 声", "第一段。\n\n  第二段。")


@pytest.mark.parametrize(
    ("title", "body", "code"),
    [
        (" \n", "正文", "title_required"),
        ("字" * 61, "正文", "title_too_long"),
        ("标题", "\x00 ", "body_required"),
        ("标题", "字" * 5001, "body_too_long"),
    ],
)
def test_a_text_without_title_or_body_or_a_long_one_is_refused(title: str, body: str, code: str) -> None:
    """A title has 1 to 60 characters, a body 1 to 5,000."""
    with pytest.raises(UserError, match=code):
        idea_acts.checked_text(title, body)


def test_the_longest_text_is_accepted() -> None:
    """The length is counted in characters, after trimming."""
    assert idea_acts.checked_text("字" * 60 + " ", "字" * 5000 + "\n") == ("字" * 60, "字" * 5000)
