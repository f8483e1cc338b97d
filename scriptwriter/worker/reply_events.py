"""Frames the bytes of a response: the JSON objects in it, one after the other.

Takes server-sent events, one JSON object or array, and JSON objects line by line. Lines may end with CR, LF
or both; a byte order mark, comments, `data: null`, a repeated `data:` and lines that are no JSON are skipped.
"""

import codecs
from collections.abc import AsyncIterator
from json import JSONDecoder
from typing import Any

import structlog

MAX_EVENT = 8_000_000
"""The most characters of one event."""

_MOST_SKIPPED = 2000
_MOST_TRIES = 100
_DECODER = JSONDecoder(strict=False)
_log = structlog.get_logger(__name__)


class Unreadable(Exception):
    """An event is longer than MAX_EVENT."""


class Events:
    """The JSON objects in a response's bytes. Raises Unreadable.

    `done` is true after `[DONE]`, and after a response that is one JSON object. `skipped` is the beginning of
    what was no JSON.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._data: list[str] = []
        self._size = 0
        self._tries = 0
        self._name = ""
        self._events = False
        self.done = False
        self.any_bytes = False
        self.any_objects = False
        self.skipped = ""

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        begun: list[str] = []
        length, after_return = 0, False
        async for chunk in self._chunks:
            text = decoder.decode(chunk)
            if not self.any_bytes:
                text = text.lstrip("\ufeff \t\r\n")
                self.any_bytes = bool(text)
            if after_return:
                text = text.removeprefix("\n")
            after_return = text.endswith("\r")
            begun.append(text)
            length += len(text)
            if length + self._size > MAX_EVENT:
                raise Unreadable
            if "\n" not in text and "\r" not in text:
                continue
            *lines, rest = "".join(begun).replace("\r\n", "\n").replace("\r", "\n").split("\n")
            begun, length = [rest], len(rest)
            for line in lines:
                for found in self._line(line):
                    yield found
                if self.done:
                    return
        for found in [*self._line("".join(begun)), *self._end()]:
            yield found
        self.done = self.done or (self.any_objects and not self._events)

    def _line(self, line: str) -> list[dict[str, Any]]:
        name, colon, value = line.strip().partition(":")
        match name.strip().lower() if colon else "":
            case "data":
                self._events = True
                while value.lstrip().lower().startswith("data:"):
                    value = value.lstrip()[len("data:") :]
                return self._payload(value.strip())
            case "event":
                self._name = value.strip().lower()
                return []
            case "id" | "retry":
                return []
        if colon and not name:
            return []
        return self._plain(line) if line.strip() else self._blank()

    def _payload(self, text: str) -> list[dict[str, Any]]:
        """What one line of data holds; one that is no JSON alone may be a part of it."""
        if text.strip('"') == "[DONE]":
            found = self._end()
            self.done = True
            return found
        found = objects(text)
        if found:
            # Some endpoints leave out the empty line between events.
            self._skip()
            return self._named(found)
        if found is None or self._data or text.startswith("["):
            self._keep(text)
        return []

    def _plain(self, line: str) -> list[dict[str, Any]]:
        """What a line without a field's name holds: an object, or a part of one."""
        if line.startswith(("{", "[")) or not self._data:
            found = objects(line.strip().lstrip("[,").rstrip(",]"))
            if found and (not self._data or any("choices" in each or "error" in each for each in found)):
                self._skip()
                return self._named(found)
        self._keep(line)
        return []

    def _blank(self) -> list[dict[str, Any]]:
        found = self._whole()
        if found or self._events:
            self._skip()
        found = self._named(found)
        if self._events:
            self._name = ""
        return found

    def _end(self) -> list[dict[str, Any]]:
        text = "\n".join(self._data)
        found = self._whole()
        for _ in range(_MOST_TRIES):
            if found or not text:
                break
            # What is before the next object is broken.
            _, _, text = text.partition("\n{")
            found = objects("{" + text) or []
        if found:
            self._data.clear()
        named = self._named(found)
        self._skip()
        return named

    def _whole(self) -> list[dict[str, Any]]:
        self._tries += 1
        if not self._data or self._tries > _MOST_TRIES:
            return []
        found = objects("\n".join(self._data)) or []
        if found:
            self._data.clear()
        return found

    def _named(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The objects of an event; those of an event that is an error say so."""
        if "error" in self._name:
            found = [each if each.get("error") else {"error": each} for each in found]
            if not found and self._data:
                found = [{"error": "\n".join(self._data)[:_MOST_SKIPPED]}]
        self.any_objects = self.any_objects or bool(found)
        return found

    def _keep(self, text: str) -> None:
        self._data.append(text)
        self._size += len(text)

    def _skip(self) -> None:
        skipped = "\n".join(self._data).strip()
        if skipped:
            _log.info("event_skipped", characters=len(skipped))
            self.skipped = (self.skipped + "\n" + skipped)[:_MOST_SKIPPED]
        self._data.clear()
        self._size = 0


def objects(text: str) -> list[dict[str, Any]] | None:
    """The JSON objects in a text, also those of an array, and several in a row; None where it is no JSON."""
    found: list[Any] = []
    at = 0
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return [each for each in found if isinstance(each, dict)] or None
        found += value if isinstance(value, list) else [value]
        while text[at : at + 1] in (" ", "\t", "\n", ",") and at < len(text):
            at += 1
    return [each for each in found if isinstance(each, dict)]
