"""Each kind of stored JSON has one type, and any other text is unreadable, with the place of its fault."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.domain import kinds
from scriptwriter.domain.kinds import Unreadable

BRIEF = {"platform": "抖音", "genre": "爽文"}
KINDS = [*kinds.ARTIFACTS, *kinds.CONTEXTS, *kinds.RECORDS]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("brainstorm_params", kinds.Brief("抖音", "爽文", "要", 3, "female", "雨").model_dump(mode="json")),
        (
            "brainstorm_params",
            {
                **kinds.Brief("a", "b", task="like").model_dump(),
                "sources": [{"ref": "a-1#9", "title": "t", "body": "b"}],
            },
        ),
        (
            "brainstorm_ideas",
            {"ideas": [{"title": "a", "body": "b"}, {"title": "", "body": "", "status": "unfinished"}]},
        ),
        ("brainstorm_idea", {"artifactId": "a", "index": 0, "title": "a", "body": "b", "base": ""}),
        ("brainstorm_idea", {"ideas": []}),
        (
            "brainstorm_verdict",
            {"artifactId": "a", "index": 9, "name": "n", "verdict": "pass", "reason": "r", "title": ""},
        ),
        ("brainstorm_order", {"order": ["a#0", "b#10"], "userId": "u", "name": "n"}),
        ("human", {"params": {"action": "pick_idea", "index": 1, "verdict": "none"}, "startedBy": "n"}),
        ("token_usage", {"total_tokens": 7}),
        ("model_parameters", {"stream": True, "response_format": {"type": "json_schema"}}),
    ],
)
def test_written_values_are_read_and_written_unchanged(kind: str, value: dict[str, Any]) -> None:
    """With the same keys."""
    read = kinds.read(kind, json.dumps(value))

    assert not isinstance(read, Unreadable)
    assert json.loads(kinds.write(read)) == value


def test_a_context_of_an_earlier_version_is_read() -> None:
    """Its key `asked`, which is no longer used, is dropped."""
    context = {
        "params": BRIEF,
        "asked": [{"by": "u", "at": "x"}],
        "waiting": {"code": "reply_cut", "params": {}, "seconds": 5, "number": 1, "of": 2},
    }

    read = kinds.read("llm", json.dumps(context))

    assert not isinstance(read, Unreadable) and "asked" not in kinds.write(read)


@pytest.mark.parametrize(
    ("kind", "text", "unreadable"),
    [
        ("brainstorm_x", "{}", Unreadable("unknown_kind")),
        ("brainstorm_ideas", "", Unreadable("empty")),
        ("brainstorm_ideas", "[]", Unreadable("wrong")),
        ("brainstorm_ideas", '{"ideas": {}}', Unreadable("wrong", "ideas")),
        ("brainstorm_ideas", '{"ideas": [{"title": 5, "body": ""}]}', Unreadable("wrong", "ideas[0].title")),
        ("brainstorm_ideas", '{"ideas": [{"title": ""}]}', Unreadable("missing", "ideas[0].body")),
        ("brainstorm_ideas", '{"ideas": [], "x": 1}', Unreadable("unknown_key", "x")),
        (
            "brainstorm_ideas",
            json.dumps({"ideas": [{"title": "", "body": ""}] * 11}),
            Unreadable("too_many", "ideas"),
        ),
        (
            "brainstorm_ideas",
            '{"ideas": [{"title": "", "body": 1e400}]}',
            Unreadable("number", "ideas[0].body"),
        ),
        ("brainstorm_params", '{"platform": "a", "genre": "b", "count": "5"}', Unreadable("wrong", "count")),
        ("brainstorm_params", '{"platform": "a", "genre": "b", "count": true}', Unreadable("wrong", "count")),
        ("brainstorm_params", '{"platform": "a", "genre": "b", "count": 11}', Unreadable("wrong", "count")),
        ("brainstorm_order", '{"order": ["a#100"]}', Unreadable("wrong", "order[0]")),
        (
            "llm",
            '{"params": {"platform": "a", "genre": "b"}, "timestamp": "1969-12-31T00:00:00Z"}',
            Unreadable("moment", "timestamp"),
        ),
        (
            "llm",
            '{"params": {"platform": "a", "genre": "b"}, "timestamp": 5}',
            Unreadable("moment", "timestamp"),
        ),
        ("llm", "{" * 5, Unreadable("not_json", "line 1, column 2")),
        ("human", '{"params": {"action": "x"}}', Unreadable("unknown_kind", "params.action")),
        ("token_usage", '{"total_tokens": -1}', Unreadable("wrong", "total_tokens")),
        ("llm", " " * 2_000_001, Unreadable("too_long")),
    ],
)
def test_every_other_text_is_unreadable_with_its_place(kind: str, text: str, unreadable: Unreadable) -> None:
    """For wrong types, unknown keys, years, numbers and lengths."""
    assert kinds.read(kind, text) == unreadable


@given(
    st.sampled_from(KINDS),
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.sampled_from(["ideas", "params", "x"]), each),
    ).map(json.dumps),
)
def test_no_text_raises(kind: str, text: str) -> None:
    """The result is a value or an Unreadable, and a value is written back as it was read."""
    value = kinds.read(kind, text)

    if not isinstance(value, Unreadable):
        assert kinds.read(kind, kinds.write(value)) == value
