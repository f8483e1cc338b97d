"""Every string of the shape protocol, and the form of its messages. No state and no I/O.

Source: Electric's HTTP API (electric-api.yaml) and exchanges recorded from sync-service 1.7.12.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from .errors import ProtocolError, Unavailable

TABLE = "table"
WHERE = "where"
COLUMNS = "columns"
SECRET = "secret"
OFFSET = "offset"
HANDLE = "handle"
LIVE = "live"
LIVE_SSE = "live_sse"
EXPERIMENTAL_LIVE_SSE = "experimental_live_sse"
"""The older name of LIVE_SSE. Clients send both."""
REPLICA = "replica"
LOG = "log"
EXPIRED_HANDLE = "expired_handle"
CURSOR = "cursor"
CACHE_BUSTER = "cache-buster"
TRUE = "true"

START = "-1"

HANDLE_HEADER = "electric-handle"
OFFSET_HEADER = "electric-offset"
SCHEMA_HEADER = "electric-schema"
CURSOR_HEADER = "electric-cursor"
UP_TO_DATE_HEADER = "electric-up-to-date"
HAS_DATA_HEADER = "electric-has-data"
HEADER_PREFIX = "electric-"
RETRY_AFTER_HEADER = "retry-after"
ETAG_HEADER = "etag"
EVENT_STREAM = "text/event-stream"

UP_TO_DATE = "up-to-date"
MUST_REFETCH = "must-refetch"

LONG_POLL_SECONDS = 20.0
KEEP_ALIVE_SECONDS = 21.0

_OFFSET = re.compile(r"(\d+)_(\d+|inf)")

Operation: TypeAlias = Literal["insert", "update", "delete"]
Value: TypeAlias = dict[str, str | None]
Schema: TypeAlias = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """A row was inserted, updated or deleted. `value` holds text or None for each column that was sent."""

    operation: Operation
    key: str
    value: Value
    position: str | None = None
    """The offset of this change in the shape's log; None in a snapshot."""


@dataclass(frozen=True, slots=True)
class Control:
    """A message about the log itself: up-to-date, must-refetch, snapshot-end, …"""

    name: str


Message: TypeAlias = Change | Control

CAUGHT_UP = Control(UP_TO_DATE)
REFETCH = Control(MUST_REFETCH)


def parameter(number: int) -> str:
    """The query parameter that carries `$number` (1, 2, …) of a where clause."""
    return f"params[{number}]"


def is_before(offset: str, other: str) -> bool:
    """Whether an offset lies before another one of the same log; False when the form of one is unknown.

    -1 < 0_0 < 0_1 < … < 0_inf < 26800584_0 < 26800584_2 < …
    Source: Electric.Replication.LogOffset, of sync-service.
    """
    here, there = _place(offset), _place(other)
    return here is not None and there is not None and here < there


def _place(offset: str) -> tuple[int, float] | None:
    if offset == START:
        return -1, 0
    match = _OFFSET.fullmatch(offset)
    return (int(match[1]), math.inf if match[2] == "inf" else int(match[2])) if match else None


def asked_from(headers: Mapping[str, str]) -> str | None:
    """The offset of the request that a response answers, read from its etag, "handle:start:end".

    None if a proxy has removed or replaced the etag. `headers` are the response's; they must contain the
    headers for handle and offset.
    """
    _, _, rest = headers.get(ETAG_HEADER, "").partition(f'"{headers[HANDLE_HEADER]}:')
    start, is_electrics, _ = rest.partition(f":{headers[OFFSET_HEADER]}")
    return start if is_electrics else None


def message(data: Any) -> Message:
    """Read one decoded JSON message. Raises ProtocolError for a message that this client cannot apply."""
    try:
        headers = data["headers"]
        if "control" in headers:
            return Control(headers["control"])
        operation = headers["operation"]
        if operation not in ("insert", "update", "delete"):
            raise ProtocolError(f"the operation {operation!r} is not known")
        position = None
        if "lsn" in headers and "op_position" in headers:
            position = f"{headers['lsn']}_{headers['op_position']}"
        return Change(operation, data["key"], data.get("value") or {}, position)
    except (KeyError, TypeError) as error:
        if isinstance(data, dict) and "event" in cast("dict[str, Any]", data.get("headers") or {}):
            raise ProtocolError("shapes with subqueries are not supported (move-in, move-out)") from error
        raise ProtocolError(f"a message without its {error} was sent") from error


def decoded(data: bytes) -> Any:
    """Decode JSON. Raises Unavailable when it is not JSON: it was cut short on its way."""
    try:
        return json.loads(data)
    except ValueError as error:
        raise Unavailable(f"what came is not JSON: {error}") from error


def messages(body: bytes) -> list[Message]:
    """Read a response body, a JSON list of messages. An empty body is an empty list.

    Raises Unavailable for a body cut short, ProtocolError for a message that cannot be applied.
    """
    data = decoded(body or b"[]")
    if not isinstance(data, list):
        raise ProtocolError("the body is not a list of messages")
    return [message(item) for item in cast("list[Any]", data)]


def schema(header: str) -> Schema:
    """Read the electric-schema header: column name → {"type": …, "dims": …, "pk_index": …, …}."""
    try:
        return json.loads(header)
    except ValueError as error:
        raise ProtocolError(f"the {SCHEMA_HEADER} header is not JSON") from error


def key_values(key: str) -> tuple[str | None, ...]:
    """The primary key values in a row's key, `"schema"."table"/"value"/…`. `_` is NULL.

    Values are in quotes, and a `/` inside a value is doubled, so a single `/` separates values.
    """
    _, *values = re.split(r"(?<!/)/(?!/)", key)
    return tuple(None if value == "_" else value[1:-1].replace("//", "/") for value in values)


def refusal(body: bytes) -> tuple[str, Mapping[str, Any]]:
    """The message of a refusal, and the reasons by field. A body of another form is the message itself."""
    try:
        data = cast("Mapping[str, Any]", json.loads(body))
        fields: Mapping[str, Any] = data.get("errors") or {}
        text = str(data.get("message") or data.get("error") or data)
        details = "; ".join(f"{field}: {', '.join(map(str, why))}" for field, why in fields.items())
        return (f"{text} ({details})" if details else text), fields
    except (ValueError, AttributeError, TypeError):
        return body[:300].decode(errors="replace"), {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that the server asks to wait, or None. Electric sends a number, never a date."""
    try:
        return max(0.0, float(headers[RETRY_AFTER_HEADER]))
    except (KeyError, ValueError):
        return None
