"""A request for a shape, read from the query string."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl


class BadRequest(Exception):
    """The client has to change the request. `errors` maps a field to its reasons."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.errors = {field: [reason]}


@dataclass(frozen=True)
class Definition:
    """The parameters that define a shape, exactly as the client sent them."""

    table: str
    where: str
    params: tuple[tuple[int, str], ...]
    columns: str
    replica: Literal["default", "full"]
    log: Literal["full", "changes_only"]


@dataclass(frozen=True)
class ShapeRequest:
    """One request: which shape, from which offset, and how to wait for changes."""

    definition: Definition
    offset: str
    handle: str
    live: bool
    sse: bool
    cursor: str


NO_SUBSETS = "subset snapshots are not supported by this server: leave out subset__*, or use Electric"

_OFFSET = re.compile(r"-1|now|\d{1,19}_(\d{1,19}|inf)")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_PARAM_KEY = re.compile(r"params\[([^\]]*)\]")


def read_query(query: bytes) -> dict[str, str]:
    """The parameters of a query string. The last one counts when one is given twice."""
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


def read_request(query: Mapping[str, str]) -> ShapeRequest:
    """Read one request for a shape.

    Raises BadRequest with Electric's field and reason (recordings 03, 06, 07). As in Electric, an invalid
    value comes before a missing one.
    """
    replica = query.get("replica") or "default"
    if replica not in ("default", "full"):
        raise BadRequest("replica", "is invalid")
    log = query.get("log") or "full"
    if log not in ("full", "changes_only"):
        raise BadRequest("log", "is invalid")
    if "params" in query:
        raise BadRequest("params", "is invalid")
    offset = query.get("offset", "")
    if not offset:
        raise BadRequest("offset", "can't be blank")
    if not _OFFSET.fullmatch(offset):
        raise BadRequest("offset", "has invalid format")
    table = query.get("table", "")
    if not table:
        raise BadRequest("table", "can't be blank")
    handle, live = query.get("handle", ""), _truth(query, "live")
    sse = _truth(query, "live_sse") or _truth(query, "experimental_live_sse")
    if offset not in ("-1", "now") and not handle:
        raise BadRequest("handle", "can't be blank when offset != -1")
    if offset == "-1" and live:
        raise BadRequest("live", "can't be true when offset == -1")
    if sse and not live:
        raise BadRequest("live_sse", "can't be true unless live is also true")
    if any(name.startswith("subset__") for name in query):
        raise BadRequest("subset", NO_SUBSETS)
    where, columns = query.get("where", ""), query.get("columns", "")
    definition = Definition(table, where, _params(query), columns, replica, log)
    return ShapeRequest(definition, offset, handle, live, sse, query.get("cursor", ""))


def read_table(text: str) -> tuple[str, str]:
    """Read `table` or `schema.table`.

    Returns schema and name as Postgres stores them. Raises BadRequest.
    """
    parts = _split_outside_quotes(text, ".")
    if len(parts) > 2:
        raise BadRequest("table", f"Invalid relation identifier, too many delimiters: {text}")
    names = [_identifier("table", part) for part in parts]
    return (names[0], names[1]) if len(names) == 2 else ("public", names[0])


def read_columns(text: str) -> list[str]:
    """Read a comma-separated list of columns.

    Returns the names as Postgres stores them. Raises BadRequest.
    """
    return [_identifier("columns", part) for part in _split_outside_quotes(text, ",")]


def _truth(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "") not in ("", "false", "0")


def _params(query: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
    keys = {match[1]: value for name, value in query.items() if (match := _PARAM_KEY.fullmatch(name))}
    if not all(key.isascii() and key.isdigit() for key in keys):
        raise BadRequest("params", "Parameters can only use numbers as keys")
    numbered = sorted((int(key), value) for key, value in keys.items())
    if [number for number, _ in numbered] != list(range(1, len(numbered) + 1)):
        raise BadRequest("params", "Parameters must be numbered sequentially, starting from 1")
    return tuple(numbered)


def _split_outside_quotes(text: str, mark: str) -> list[str]:
    parts, is_quoted = [""], False
    for character in text:
        is_quoted ^= character == '"'
        if character == mark and not is_quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _identifier(field: str, text: str) -> str:
    if len(text) > 2 and text[0] == text[-1] == '"' and '"' not in text[1:-1].replace('""', ""):
        return text[1:-1].replace('""', '"')
    if not _PLAIN_NAME.fullmatch(text):
        raise BadRequest(field, f"Invalid unquoted identifier contains special characters: {text}")
    return text.lower()
