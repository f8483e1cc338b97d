"""Parses messages from pages: the subset of Engine.IO 4 and Socket.IO 5 that Reflex's client sends.

Grammar: https://socket.io/docs/v4/engine-io-protocol and …/socket-io-protocol.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from scriptwriter.domain.typed_text import storable

NAMESPACE = "/_event"
LONGEST_TEXT = 200_000
"""Characters of one string. Form fields have lower limits with their own error messages."""
LONGEST_NAME = 500
"""Characters of a key of an object."""
LONGEST_ADDRESS = 4_000
"""Characters of a URL, and of each value in its query."""
DEEPEST = 24
MOST_VALUES = 5_000
LARGEST_NUMBER = 2**53
"""The largest exact integer of JavaScript."""

_PACKET = re.compile(rf"4([012]){NAMESPACE},(.*)", re.DOTALL)
_CONTROL = ("1", "3")  # close, pong
_CONNECT, _DISCONNECT = "0", "1"
_UNWRITTEN = re.compile(r"\\u(?:0000|d[89a-f][0-9a-f]{2})", re.IGNORECASE)


class Unreadable(ValueError):
    """The message is none that a page sends."""


@dataclass(frozen=True)
class Message:
    """One message: `text` is passed on, `event` is the event in it, {"name", "payload", "router_data"}.

    `before` and `after` enclose the event's JSON in `text`.
    """

    text: str
    event: dict[str, Any] | None = None
    before: str = ""
    after: str = ""

    def with_event(self, event: dict[str, Any]) -> "Message":
        """A copy of the message with another event."""
        return Message(self.before + _written(event) + self.after, event, self.before, self.after)


def read(text: str) -> Message:
    """Parse a message.

    NUL and lone surrogates, which Postgres cannot store, are removed. Raises Unreadable.
    """
    if text in _CONTROL:
        return Message(text)
    packet = _PACKET.fullmatch(text)
    if packet is None:
        raise Unreadable("not a packet that pages send")
    kind, body = packet.groups()
    if kind == _DISCONNECT and not body:
        return Message(text)
    value = _value(body)
    head = f"4{kind}{NAMESPACE},"
    if kind == _CONNECT:
        return _connect(head, value)
    match value:
        case ["event", dict(event)]:
            return Message("", None, f'{head}["event",', "]").with_event(_event(event))
        case ["ping"] | ["client_error", dict()]:
            return Message(head + _written(value))
    raise Unreadable("not an event that pages send")


def _connect(head: str, value: Any) -> Message:
    match value:
        case {"event": dict(event), **more} if more.keys() <= {"state_schema"}:
            schema = more.get("state_schema")
            if schema is not None and not isinstance(schema, str):
                raise Unreadable("a state schema that is no text")
            after = f', "state_schema": {_written(schema)}}}'
            return Message("", None, f'{head}{{"event":', after).with_event(_event(event))
    raise Unreadable("not a connection that pages make")


def _event(found: dict[str, Any]) -> dict[str, Any]:
    """The three fields of an event that the server reads, with their types checked."""
    name = found.get("name")
    payload, place = ({} if part is None else part for part in map(found.get, ("payload", "router_data")))
    if not isinstance(name, str) or not isinstance(payload, dict) or not isinstance(place, dict):
        raise Unreadable("not the form of an event")
    return {"name": name, "payload": payload, "router_data": _place(place)}


def _place(found: dict[str, Any]) -> dict[str, Any]:
    """The location of the page: its route, its path, and its query."""
    path, shown = found.get("pathname", "/"), found.get("asPath", "/")
    query = found.get("query", {})
    if not isinstance(query, dict):
        raise Unreadable("an address that is no address")
    # The query of a catch-all route contains a list of path segments.
    parts = [part for value in query.values() for part in (value if isinstance(value, list) else [value])]
    if any(not isinstance(part, str) or len(part) > LONGEST_ADDRESS for part in (path, shown, *parts)):
        raise Unreadable("an address that is no address")
    if not path.startswith("/") or not shown.startswith("/"):
        raise Unreadable("an address that is no address")
    place: dict[str, Any] = {"pathname": path, "asPath": shown}
    return place | ({"query": query} if query else {})


def _value(body: str) -> Any:
    try:
        value = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    _measure(value)
    return _stored(value) if _UNWRITTEN.search(body) else value


def _refuse(constant: str) -> NoReturn:
    raise Unreadable(f"{constant} is not JSON")


def _measure(value: Any) -> None:
    """Raises Unreadable if a value exceeds the limits of depth, length, size or number."""
    open_values, seen = [(value, 0)], 0
    while open_values:
        each, depth = open_values.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_VALUES:
            raise Unreadable("too deep, or of too many parts")
        if isinstance(each, str):
            if len(each) > LONGEST_TEXT:
                raise Unreadable("too long a text")
        elif isinstance(each, dict):
            if any(len(key) > LONGEST_NAME for key in each):
                raise Unreadable("too long a name")
            open_values += [(part, depth + 1) for part in each.values()]
        elif isinstance(each, list):
            open_values += [(part, depth + 1) for part in each]
        elif isinstance(each, (int, float)) and not (abs(each) <= LARGEST_NUMBER and math.isfinite(each)):
            raise Unreadable("too large a number")


def _stored(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_stored(part) for part in value]
    if isinstance(value, dict):
        return {_stored(name): _stored(part) for name, part in value.items()}
    return value


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
