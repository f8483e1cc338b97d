"""Reads the JSON objects of a stream of server-sent events.

More tolerant than the openai client's decoder: bytes that are not UTF-8 do not end the reply, and one plain
JSON object is read as well, for endpoints that ignore `stream`.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

MAX_EVENT = 8_000_000
"""The most bytes of one event."""


class Unreadable(Exception):
    """The bytes are neither events nor JSON."""


class Events:
    """The JSON objects in a response's bytes; `done` is true after `[DONE]`. Raises Unreadable."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._data: list[str] = []
        self.done = False
        self.any_bytes = False
        self.any_events = False

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        buffer = bytearray()
        whole = False
        async for chunk in self._chunks:
            if not self.any_bytes and chunk.strip():
                self.any_bytes = True
                whole = chunk.lstrip().startswith(b"{")
            buffer += chunk
            if len(buffer) > MAX_EVENT:
                raise Unreadable
            if not whole and b"\n" in chunk:
                *lines, rest = bytes(buffer).split(b"\n")
                buffer = bytearray(rest)
                for line in lines:
                    for event in self._line(line):
                        yield event
                    if self.done:
                        return
        if whole:
            event = _object(buffer.decode("utf-8", "replace"))
            self.any_events = self.done = True
            yield event
            return
        for event in [*self._line(bytes(buffer)), *self._line(b"")]:
            yield event

    def _line(self, line: bytes) -> list[dict[str, Any]]:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if text.startswith("data:"):
            data = text[5:].strip()
            if data == "[DONE]":
                self.done = True
                return []
            self._data.append(data)
            # Some endpoints leave out the empty line between events.
            try:
                event = _object("\n".join(self._data))
            except Unreadable:
                return []
            self._data.clear()
            self.any_events = True
            return [event]
        if text == "" and any(self._data):
            raise Unreadable
        return []


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise Unreadable from None
    if not isinstance(value, dict):
        raise Unreadable
    return value
