"""Parsing Postgres text values as Python values."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from scriptwriter.electric import protocol
from scriptwriter.electric.errors import ProtocolError
from scriptwriter.electric.protocol import Change
from scriptwriter.electric.types import RowReader
from tests.unit.electric.recordings import exchanges

TYPED = {
    "id": 1,
    "i2": 2,
    "i8": 9007199254740993,
    "n": Decimal("12.50"),
    "n0": Decimal("1000"),
    "f4": 1.1,
    "f8": 0.1,
    "b": True,
    "t": 'tab\there "q" \\ ü \n',
    "vc": "vc",
    "ch": "ch   ",
    "d": date(2024, 2, 29),
    "ts": datetime(2024, 1, 2, 3, 4, 5, 600000),
    "tz": datetime(2024, 1, 1, 22, 4, 5, 600000, UTC),
    "j": {"a": 1},
    "jb": {"b": [1, 2, None]},
    "ia": [1, None, 3],
    "ta": ["a", "b c", None, ""],
    "ba2": [True, False],
    "ma": ["sad", "ok"],
    "h": None,
}
TEXTS = {
    "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "iv": "P1DT2H3M4.5S",
    "m": "ok",
    "dm": "5",
    "mo": "$12.34",
    "c": '(1,"z q")',
    "ti": "03:04:05",
    "ba": "\\xdeadbeef",
}


@pytest.mark.parametrize(("nth", "key"), [(0, 1), (2, 2)])
def test_a_recorded_row_of_many_types_is_equal_in_snapshot_and_log(nth: int, key: int) -> None:
    """Recording 11: a snapshot spells booleans out, and the log has t and f."""
    recorded = exchanges("11")
    reader = RowReader(protocol.schema(recorded[0].headers["electric-schema"]))
    change = protocol.messages(recorded[nth].body)[0]
    assert isinstance(change, Change)

    row = reader(change.value)

    assert {column: row[column] for column in TYPED} == TYPED | {"id": key}
    assert {column: row[column] for column in TEXTS} == TEXTS
    assert row["tz"].tzinfo is UTC


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("timestamptz", "infinity", "infinity"),
        ("timestamptz", "10000-01-01 00:00:00+00", "10000-01-01 00:00:00+00"),
        ("date", "0044-03-15 BC", "0044-03-15 BC"),
        ("float8", "-Infinity", float("-inf")),
        ("bool", "f", False),
        ("bool", "false", False),
        ("jsonb", "null", None),
        ("jsonb", f"[1{'0' * 4999}, 1e400, 7]", [float("inf"), float("inf"), 7]),
        ("jsonb", "[" * 6000 + "]" * 6000, "[" * 6000 + "]" * 6000),
        ("jsonb", '"{1}"', "{1}"),
        ("citext", "as it is", "as it is"),
    ],
)
def test_values_at_the_edge_of_their_type(kind: str, text: str, value: Any) -> None:
    """A value that Python cannot express stays text, and never ends a shape."""
    assert RowReader({"x": {"type": kind}})({"x": text}) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int4", "{}", []),
        ("int4", "{{1,2},{3,NULL}}", [[1, 2], [3, None]]),
        ("int4", "[0:1]={7,8}", [7, 8]),
        ("text", r'{"a,b","{c}","say \"hi\"","NULL"}', ["a,b", "{c}", 'say "hi"', "NULL"]),
        ("text", r'{"back\\slash",plain}', ["back\\slash", "plain"]),
        ("text", '{"line\nbreak","é中"}', ["line\nbreak", "é中"]),
        ("jsonb", r'{"{\"a\": [1]}"}', [{"a": [1]}]),
        ("bool", "{t,f,NULL}", [True, False, None]),
    ],
)  # fmt: skip
def test_arrays_are_read_with_their_quotes_and_depths(kind: str, text: str, value: Any) -> None:
    """As PostgreSQL writes them, chapter 8.15.6."""
    assert RowReader({"x": {"type": kind, "dims": 1}})({"x": text}) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "text"), [("int4", "x"), ("bool", "maybe"), ("jsonb", "{"), ("numeric", "1,0")]
)
def test_text_that_is_not_of_its_type_is_an_error_without_the_value(kind: str, text: str) -> None:
    """Rows contain texts of people, which must not be logged."""
    with pytest.raises(ProtocolError, match="column x") as caught:
        RowReader({"x": {"type": kind}})({"x": text})

    assert json.dumps(text) not in str(caught.value)


def test_a_column_without_a_type_stays_text() -> None:
    """A new column may arrive before its schema."""
    assert RowReader({})({"new": "1", "none": None}) == {"new": "1", "none": None}
