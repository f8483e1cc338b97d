"""Reads the text output of Postgres as Python values, by a shape's schema.

Values of other types than these (uuid, interval, enums, domains, ranges, …) stay text.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from .errors import ProtocolError
from .protocol import Schema, Value

Row: TypeAlias = dict[str, Any]
_Read: TypeAlias = Callable[[str], Any]

_ARRAY_PART = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"|\Z)|([{},])|([^{},"]+)', re.DOTALL)
_MOST_DIGITS = 4_000
"""Of an integer. Python refuses more than 4,300."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _boolean(text: str) -> bool:
    if text in ("t", "true"):  # a snapshot has "true", the log has "t"
        return True
    if text in ("f", "false"):
        return False
    raise ValueError(f"{text!r} is not a boolean")


def _moment(read: Callable[[str], date]) -> _Read:
    def moment(text: str) -> date | str:
        try:
            return read(text)
        except ValueError:  # infinity, BC and years past 9999 have no Python value
            return text

    return moment


def json_value(text: str | bytes) -> Any:
    """The value of a JSON text of Postgres. A text that is nested too deep for Python stays text.

    An integer with too many digits for Python becomes a float, which may be infinite.
    """
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        return text


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


_READERS: Mapping[str, _Read] = {
    **dict.fromkeys(("int2", "int4", "int8"), int),
    **dict.fromkeys(("float4", "float8"), float),
    "numeric": Decimal,
    "bool": _boolean,
    **dict.fromkeys(("json", "jsonb"), json_value),
    **dict.fromkeys(("timestamp", "timestamptz"), _moment(datetime.fromisoformat)),
    "date": _moment(date.fromisoformat),
}


class RowReader:
    """Reads the values of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._readers: dict[str, _Read] = {}
        for column, info in schema.items():
            read = _READERS.get(str(info.get("type")))
            if info.get("dims"):
                self._readers[column] = lambda text, read=read: _array(text, read or str)
            elif read is not None:
                self._readers[column] = read

    def __call__(self, value: Value) -> Row:
        """Read the value of a message, which may hold some of the columns only.

        A timestamptz becomes an aware datetime in UTC, a timestamp a naive one. Raises ProtocolError for text
        that is not of the column's type.
        """
        readers = self._readers
        row: Row = {}
        for column, text in value.items():
            read = readers.get(column)
            try:
                row[column] = text if text is None or read is None else read(text)
            except (ValueError, ArithmeticError) as error:
                raise ProtocolError(f"the value of column {column} is not of its type") from error
        return row


def _array(text: str, read: _Read) -> list[Any]:
    """Read an array literal of any depth: `{1,NULL}`, `{{a},{"b c"}}`, `[0:1]={1,2}`."""
    opened: list[list[Any]] = [[]]
    for quoted, mark, plain in _ARRAY_PART.findall(text[text.index("{") :]):
        if mark == "{":
            opened.append([])
        elif mark == "}":
            done = opened.pop()
            opened[-1].append(done)
        elif plain:
            opened[-1].append(None if plain == "NULL" else read(plain))
        elif not mark:
            opened[-1].append(read(_ESCAPE.sub(r"\1", quoted)))
    return opened[0][0]
