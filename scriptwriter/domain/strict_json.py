"""Strict JSON reader for foreign text: refuses what the product cannot store, and names the place.

Refused, beyond RFC 8259: NUL, lone surrogates, duplicate names in an object, numbers outside of a double
(NaN, Infinity, 1e400) or integers that a double cannot hold exactly, and nesting deeper than `depth`. A byte
order mark is skipped.
"""

import json
import re
from typing import Any, Final, Literal

Reason = Literal[
    "empty",
    "not_utf8",
    "not_json",
    "too_deep",
    "too_many_values",
    "number",
    "nul",
    "surrogate",
    "twice",
]

DEPTH = 16
"""Levels of objects and arrays. The product itself writes six."""
MOST_VALUES = 2_000_000
"""Approximate number of values, by commas and brackets. Each value takes 60 bytes or more."""
_EXACT = 2**53
"""Integers up to this are exact in every JSON reader (RFC 8259, 6)."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"?+|[\[{]|[\]}]', re.DOTALL)


class Refused(ValueError):
    """A refused text; `place` is `ideas[2].body`, `line 3, column 7`, or "" for the whole text."""

    def __init__(self, reason: Reason, place: str = "") -> None:
        self.reason: Final[Reason] = reason
        self.place = place
        super().__init__(reason, place)

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" if self.place else self.reason


def read(content: str | bytes, *, depth: int = DEPTH) -> Any:
    """The value of a JSON text; bytes are UTF-8, with a byte order mark or without. Raises Refused."""
    text = _text(content).removeprefix("\ufeff")
    if not text.strip():
        raise Refused("empty")
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise Refused("too_many_values")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=lambda _: _Wrong("number"),
        )
    except json.JSONDecodeError as error:
        raise Refused("not_json", f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Refused("too_deep", _where_deeper(text, depth)) from None
    try:
        _check(value, depth)
    except Refused as refused:
        refused.place = refused.place.removeprefix(".")
        raise
    return value


def step(key: str | int) -> str:
    """One step of a place: "[3]" in an array, ".name" in an object; an unusual name is written as "?"."""
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key if _PLAIN.fullmatch(key) else '?'}"


class _Wrong:
    """Placeholder of a refused value until its place is known; `key` is a duplicate name."""

    def __init__(self, reason: Reason, key: str | None = None) -> None:
        self.reason: Reason = reason
        self.key = key


def _text(content: str | bytes) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("not_utf8", f"byte {error.start + 1}") from None


def _object(pairs: list[tuple[str, Any]]) -> Any:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    twice = next(key for key, _ in pairs if key in seen or seen.add(key))
    return _Wrong("twice", twice)


def _integer(digits: str) -> Any:
    # int() of a million digits takes seconds, so the length is checked first.
    value = int(digits) if len(digits) < 20 else _EXACT + 1
    return value if abs(value) <= _EXACT else _Wrong("number")


def _float(digits: str) -> Any:
    value = float(digits)
    return value if abs(value) < float("inf") else _Wrong("number")


def _check(value: Any, depth: int) -> None:
    """Raises Refused for the first refused value within `value`."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict | list):
        if depth == 0:
            raise Refused("too_deep")
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            try:
                if isinstance(key, str):
                    _check_text(key)
                _check(each, depth - 1)
            except Refused as refused:
                refused.place = f"{step(key)}{refused.place}"
                raise
    elif isinstance(value, _Wrong):
        raise Refused(value.reason, "" if value.key is None else step(value.key))


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise Refused("nul")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise Refused("surrogate") from None


def _where_deeper(text: str, depth: int) -> str:
    """Line and column of the first bracket beyond `depth`."""
    level = 0
    for found in _TOKENS.finditer(text):
        level += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if level > depth:
            line = text.count("\n", 0, found.start())
            return f"line {line + 1}, column {found.start() - text.rfind(chr(10), 0, found.start())}"
    return ""
