"""Reads ideas from a reply that is still growing.

An idea is the outermost JSON object with a direct key "title" or "body". Whatever surrounds it (prose, code
fences, a wrapping object or list, further fields) is ignored. Every character is scanned once and every
closed idea is parsed once, so the work is proportional to the length of the reply.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jiter

from scriptwriter.domain.base_values import BODY, TITLE
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.run_context import MOST_REPLY

_START = re.compile(r'<think(?:ing)?>|</think(?:ing)?>|[{\[](?=\s{0,99}["{\[\]}])', re.IGNORECASE)
_PERHAPS_START = re.compile(r"(?:</?\w{0,8}|[{\[]\s{0,99})\Z")
_STRUCTURE = re.compile(r'["{}\[\]:]')
_TITLE_BEGINS = re.compile(r'"title"\s*:\s*"')
_BODY_BEGINS = re.compile(r'"\s*,\s*"body"\s*:\s*"')
_IN_STRING = re.compile(r'["\\]')
_CONTROL = {code: " " for code in range(0x20)}
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(slots=True)
class _Open:
    """A bracket that is not closed yet."""

    bracket: str
    start: int


class GrowingReply:
    """The first `count` ideas of a growing reply.

    An idea with the title or the body of one of `known`, or of an earlier idea of the reply, is left out.
    """

    def __init__(self, count: int, known: Sequence[Idea] = ()) -> None:
        self._count = count
        self._known = {mark for idea in known for mark in _identity(idea)}
        self._text = ""
        self._at = 0
        self._stack: list[_Open] = []
        self._in_string = False
        self._string = (0, 0)
        self._thinking = False
        self._readable = False
        self._candidate: _Open | None = None
        self._closed: list[Idea] = []
        self._draft = Idea("", "", "writing")

    @property
    def finished(self) -> int:
        """How many ideas are written to their end."""
        return sum(idea.status == "finished" for idea in self._closed)

    @property
    def complete(self) -> bool:
        """Whether all wanted ideas are finished."""
        return self.finished >= self._count

    @property
    def readable(self) -> bool:
        """Whether the reply held any idea, even one that was left out."""
        return self._readable

    @property
    def full(self) -> bool:
        """Whether the reply has reached MOST_REPLY characters; the rest is not read."""
        return len(self._text) >= MOST_REPLY

    @property
    def text(self) -> str:
        """The reply so far, as it came."""
        return self._text

    def feed(self, text: str) -> None:
        """Append the next piece of the reply, of any length."""
        self._text += text[: MOST_REPLY - len(self._text)]
        while self._step():
            pass

    def ideas(self) -> tuple[Idea, ...]:
        """The ideas so far, in order; the last one may be `writing`.

        An idea that was closed without a title or a body is `unfinished`. An idea is withheld while its
        growing title could still become the title of an earlier idea.
        """
        if self._candidate is None or len(self._closed) >= self._count:
            return tuple(self._closed)
        parsed = _parse(self._text[self._candidate.start :], partial=True)
        if parsed is not None:
            self._draft = _idea(parsed, "writing")
        return tuple(self._closed) if self._repeats(self._draft) else (*self._closed, self._draft)

    def _step(self) -> bool:
        """Read on to the next structural character; False where the text so far has none."""
        if self._in_string:
            return self._read_string()
        return self._read_structure() if self._stack else self._search()

    def _search(self) -> bool:
        found = _START.search(self._text, self._at)
        if found is None:
            perhaps = _PERHAPS_START.search(self._text, self._at)
            self._at = perhaps.start() if perhaps else len(self._text)
            return False
        mark = found[0].lower()
        if mark.startswith("</"):
            if not self._thinking:
                # Some servers leave out the opening tag: everything before was thinking.
                self._known.difference_update(mark for idea in self._closed for mark in _identity(idea))
                self._closed.clear()
            self._thinking = False
        elif mark.startswith("<"):
            self._thinking = True
        elif not self._thinking:
            self._stack.append(_Open(mark, found.start()))
        self._at = found.end()
        return True

    def _read_structure(self) -> bool:
        found = _STRUCTURE.search(self._text, self._at)
        if found is None:
            self._at = len(self._text)
            return False
        self._at = found.end()
        match found[0]:
            case '"':
                self._in_string = True
                self._string = (found.end(), found.end())
            case ":":
                self._key(self._text[slice(*self._string)])
            case "{" | "[" as bracket:
                self._stack.append(_Open(bracket, found.start()))
            case _:
                self._close(found.end())
        return True

    def _read_string(self) -> bool:
        found = _IN_STRING.search(self._text, self._at)
        if found is None:
            self._at = len(self._text)
            return False
        if found[0] == "\\":
            if found.end() == len(self._text):
                self._at = found.start()
                return False
            self._at = found.end() + 1
            return True
        self._in_string = False
        self._string = (self._string[0], found.start())
        self._at = found.end()
        return True

    def _key(self, key: str) -> None:
        innermost = self._stack[-1]
        if innermost.bracket != "{":
            return
        if self._candidate is None and key in ("title", "body"):
            self._candidate = innermost
            self._draft = Idea("", "", "writing")
        elif self._candidate is innermost and key == "ideas":
            # An object with a list of ideas is a wrapper, even with a title of its own.
            self._candidate = None

    def _close(self, end: int) -> None:
        closed = self._stack.pop()
        if closed is not self._candidate:
            return
        self._candidate = None
        self._readable = True
        parsed = _parse(self._text[closed.start : end])
        idea = self._draft if parsed is None else _idea(parsed, "finished")
        if parsed is None or not (idea.title and idea.body):
            idea = Idea(idea.title, idea.body, "unfinished")
        if self._known.isdisjoint(_identity(idea)) and len(self._closed) < self._count:
            self._closed.append(idea)
            self._known.update(_identity(idea))

    def _repeats(self, draft: Idea) -> bool:
        title = "".join(draft.title.split())
        if draft.body:
            return ("title", title) in self._known
        return any(field == "title" and words.startswith(title) for field, words in self._known)


def _parse(text: str, *, partial: bool = False) -> Any:
    """The JSON object at the start of `text`, or None where it is broken."""
    text = text.translate(_CONTROL)
    try:
        if partial:
            return jiter.from_json(text.encode("utf-8", "ignore"), partial_mode="trailing-strings")
        # The standard parser also takes half of a surrogate pair, which some models write.
        return json.loads(text)
    except ValueError:
        # Models forget to escape the quotes of what somebody says.
        return None if partial else _loosely(text)


def _loosely(text: str) -> dict[str, str] | None:
    """Title and body of an object with unescaped quotes, by the keys around them."""
    title = _TITLE_BEGINS.search(text)
    body = _BODY_BEGINS.search(text, title.end()) if title else None
    if title is None or body is None or (end := text.rfind('"', body.end())) < 0:
        return None
    return {"title": text[title.end() : body.start()], "body": text[body.end() : end]}


def _idea(value: Any, status: Any) -> Idea:
    fields = value if isinstance(value, dict) else {}
    title = " ".join(_words(fields.get("title")).split())
    return Idea(title[:TITLE].rstrip(), _words(fields.get("body"))[:BODY].rstrip(), status)


def _identity(idea: Idea) -> list[tuple[str, str]]:
    """The (field, text without spaces) pairs that make another idea a repetition of a finished one."""
    if idea.status != "finished":
        return []
    return [(field, "".join(words.split())) for field, words in (("title", idea.title), ("body", idea.body))]


def _words(value: Any) -> str:
    """The text of a field, without control characters and lone surrogates."""
    return _UNPRINTABLE.sub("", value).strip() if isinstance(value, str) else ""
