"""Foreign JSON is parsed strictly, and a refusal names the place of the fault."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.domain.strict_json import DEPTH, Refused, read

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda children: st.lists(children) | st.dictionaries(TEXTS, children),
    max_leaves=20,
)


def refusal(content: str | bytes) -> tuple[str, str]:
    """The reason and the place of the refusal."""
    with pytest.raises(Refused) as refused:
        read(content)
    return refused.value.reason, refused.value.place


@given(VALUES)
def test_valid_json_is_read_unchanged(value: Any) -> None:
    """Escaped or not, as text or as bytes, with or without a byte order mark."""
    plain, escaped = json.dumps(value, ensure_ascii=False), json.dumps(value)

    assert read(plain) == read(escaped) == read(b"\xef\xbb\xbf" + plain.encode()) == value


@pytest.mark.parametrize(
    ("content", "reason", "place"),
    [
        (b"", "empty", ""),
        (" \r\n ", "empty", ""),
        (b"\xef\xbb\xbf", "empty", ""),
        (b"\xff\xfe{\x00}\x00", "not_utf8", "byte 1"),
        (b"\x1f\x8b\x08\x00", "not_utf8", "byte 2"),
        ('{"a":\n  tru}', "not_json", "line 2, column 3"),
        ('{"a": "line\nbreak"}', "not_json", "line 1, column 12"),
        ('{"ideas": [{}, {"body": "a\\u0000b"}]}', "nul", "ideas[1].body"),
        ('[{"\\u0000": 1}]', "nul", "[0].?"),
        ('{"a": ["\\ud800"]}', "surrogate", "a[0]"),
        ('{"a": {"b": NaN}}', "number", "a.b"),
        ("[-Infinity]", "number", "[0]"),
        ('{"a": 1e400}', "number", "a"),
        ('{"a": 1' + "0" * 5000 + "}", "number", "a"),
        ('{"a": 9007199254740993}', "number", "a"),
        ('{"a": [{"b": 1, "c": 2, "b": 1}]}', "twice", "a[0].b"),
        ("[" * 100_000, "too_deep", f"line 1, column {DEPTH + 1}"),
        ('{"a":' * 100_000, "too_deep", f"line 1, column {5 * DEPTH + 1}"),
        ("[" * (DEPTH + 1) + "]" * (DEPTH + 1), "too_deep", "[0]" * DEPTH),
        ("[" + "1," * 2_000_001 + "1]", "too_many_values", ""),
    ],
)  # fmt: skip
def test_a_refusal_names_reason_and_place(content: str | bytes, reason: str, place: str) -> None:
    """Also for deep and long texts."""
    assert refusal(content) == (reason, place)


@given(st.binary() | st.text())
def test_no_other_error_is_raised(content: str | bytes) -> None:
    """For any bytes and any text."""
    try:
        read(content)
    except Refused as refused:
        assert refused.reason
