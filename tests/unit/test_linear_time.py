"""Parsing foreign text takes time proportional to its length, whatever the text contains."""

import ast
import gc
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from starlette.requests import Request

from scriptwriter.api.auth.request_language import language_of
from scriptwriter.api.auth.session_cookie import COOKIE, token_in
from scriptwriter.api.middleware import websocket_messages
from scriptwriter.api.middleware.client_address import counted
from scriptwriter.domain import prompts, strict_json
from scriptwriter.domain.graph import Brief, written
from scriptwriter.domain.idea_acts import IdeaRef, Pick, checked_text, checked_verdict
from scriptwriter.domain.kinds.brief import WISHES
from scriptwriter.domain.similarity import sketch
from scriptwriter.domain.steering import Judged, steer
from scriptwriter.domain.taxonomy import named
from scriptwriter.electric.sse import EventReader
from scriptwriter.exports.plain_text import escaped
from scriptwriter.services.accounts import usernames
from scriptwriter.worker.demo_stories import compose
from scriptwriter.worker.model_faults import complaint_of, fault_of_complaint
from scriptwriter.worker.reply_parser import GrowingReply

SOURCES = Path(__file__).parents[2] / "scriptwriter"
MOST_SECONDS = 0.2
"""The longest CPU time in seconds at the length limit: so long may the event loop be blocked."""
LEAST_SECONDS = 0.004
"""Shorter times in seconds cannot be measured reliably."""

PATTERNS = {
    "api/middleware/websocket_messages.py": (
        2,
        "one takes a message from its start to its end; the other is of fixed length",
    ),
    "api/middleware/origins.py": (4, "from the start to the end; of fixed length"),
    "web/kit/wording.py": (1, "reads our own texts"),
    "domain/strict_json.py": (2, "from the start to the end; a string that has begun is taken whole"),
    "electric/protocol.py": (2, "from the start to the end; a sign between two others"),
    "electric/types.py": (2, "a string that has begun is taken whole, and not looked at again"),
    "embedded/postgres/binaries.py": (1, "reads what a program of ours says"),
    "embedded/shapes/shape_request.py": (3, "from the start to the end"),
    "embedded/shapes/shape_where.py": (
        3,
        "from where the last one ended; a string that does not end is an error",
    ),
    "domain/errors.py": (1, "numbers behind a word of ours"),
    "exports/plain_text.py": (1, "from the start of a line, and not beyond it"),
    "exports/word.py": (1, "one character"),
    "worker/demo_stories.py": (1, "reads our own texts"),
    "worker/model_client.py": (6, "of limited length"),
    "worker/model_faults.py": (3, "of limited length"),
    "worker/reply_parser.py": (
        20,
        "of limited length; a string goes on from where it was read to, and looks a key ahead",
    ),
    "domain/idea_acts.py": (1, "of limited length"),
    "domain/prompts.py": (1, "a run of one kind of character"),
    "domain/similarity.py": (1, "a run of one kind of character"),
    "domain/steering.py": (1, "a run of one kind of character"),
    "domain/typed_text.py": (1, "one character"),
    "domain/taxonomy/__init__.py": (1, "up to the next separator, and back over the spaces before it once"),
    "services/transfer/graph_checks.py": (1, "from the start to the end"),
}
"""The number of regular expressions in each module, and why each reads a character a fixed number of times.

A pattern that may start anywhere (`search`, `sub`, `findall`) and reads any number of characters before it
fails takes quadratic time. There, a method of `str` is the better choice, as in `prompts.read`.
"""

PIECES = (
    "a", " ", "\n", "\r", "\r\n", "\t", "\x00", "\ud800", "\\", '\\"', '"', "'", "/", "//", "<", ">", "{",
    "}", "[", "]", "#", "1", "-", "=", ";", ",", "，", "、", '="\\', "a=b; ", "a;q=1,", "`", "*", "|", "~",
    ":", "::1,", "%", "<picks>", "</picks>", "<brief>", "<finished>", "<think>", "</think>", "{ ", "[ ",
    '{"', '"title":"', '{"title":"', '"title" ', '"body":"', '","body":"', '"title":"a","body":',
    "1. 《甲》", "1. ", "**a**", "## a\n", "<title>a</title>",
    "<title>a</title><body>",
    "标题：", "《", "“", "“，“", '", "a" ', "},{", '{"a":"', "{'", "/*", "<|channel|>",
    "data: x\n", "data:\n\n", "model ", "model_not", "rate", "api key", "\u0301", "e\u0301\u0323",
    "\ufdfa", "İ", "好", "\u2028", "🎬", "\\u0000",
)  # fmt: skip
"""Texts to repeat.

Each is hard for some parser: it opens something without an end, or closes something without a beginning.
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _steer(text: str) -> None:
    keep = Pick("ann", "Ann", "keep", text[:200], NOW, "a")
    steer([Judged(IdeaRef("a", place), text, text, (keep,)) for place in range(3)])


def _parse_reply(text: str) -> None:
    reply = GrowingReply(10)
    for at in range(0, len(text), 20_000):
        reply.feed(text[at : at + 20_000])
        reply.ideas()


def _parse_object_reply(text: str) -> None:
    reply, whole = GrowingReply(10), '{"title":"' + text + '"}'
    for at in range(0, len(whole), 20_000):
        reply.feed(whole[at : at + 20_000])


def _parse_reply_to_its_end(text: str) -> None:
    for before in ("", "<think>", '{"answer":"'):
        reply = GrowingReply(10)
        reply.feed(before + text)
        reply.end(whole=True)


def _read_event_stream(text: str) -> None:
    reader, content = EventReader(), text.encode("utf-8", "replace")
    for at in range(0, len(content), 20_000):
        reader.feed(content[at : at + 20_000])


def _read_event(text: str) -> None:
    event = json.dumps({"name": "save", "payload": {"form_data": {"body": text}}})
    websocket_messages.read(f'42{websocket_messages.NAMESPACE},["event",{event}]')


def _read_invalid_message(text: str) -> None:
    for head in ("", f"42{websocket_messages.NAMESPACE},"):
        with pytest.raises(websocket_messages.Unreadable):
            websocket_messages.read(head + text + "x")


def _read_accept_language(text: str) -> None:
    header = text.encode("latin-1", "replace")
    language_of(Request({"type": "http", "headers": [(b"accept-language", header)]}))


def _use_brief(text: str) -> None:
    brief = Brief.parse({"platform": "抖音", "genre": "穿越", "other_requirements": text[:WISHES]})
    prompts.read(prompts.render(brief))
    compose(brief, (), Random(1))


READERS: dict[str, tuple[int, Callable[[str], object]]] = {
    "a stored prompt, read": (140_000, prompts.read),
    "a stored prompt, its steering": (140_000, prompts.steering_of),
    "a brief's wishes": (12_000, _use_brief),
    "a JSON text": (200_000, lambda text: _ignore_refusal(lambda: strict_json.read(text))),
    "an idea in Markdown": (40_000, escaped),
    "an idea's sketch": (5_000, sketch),
    "ideas, as steering": (5_000, _steer),
    "a model's reply": (200_000, _parse_reply),
    "a model's reply, in an object": (200_000, _parse_object_reply),
    "a model's reply, at its end": (30_000, _parse_reply_to_its_end),
    "a model's refusal": (100_000, lambda text: fault_of_complaint(complaint_of(text, 400), "m", "prompt")),
    "an event stream": (1_000_000, _read_event_stream),
    "an event of a page": (190_000, _read_event),
    "a message that is none": (190_000, _read_invalid_message),
    "Accept-Language": (32_000, _read_accept_language),
    "a cookie header": (32_000, token_in),
    "a quoted cookie": (32_000, lambda text: token_in(f'{COOKIE}="{text}"')),
    "X-Forwarded-For": (32_000, lambda text: counted("127.0.0.1", [text])),
    "a username": (190_000, usernames.folded),
    "a password": (190_000, usernames.spelled),
    "a genre": (2_000, lambda text: named(text, "en")),
    "an idea's text": (190_000, lambda text: _ignore_refusal(lambda: checked_text(text, text))),
    "a reason": (190_000, lambda text: _ignore_refusal(lambda: checked_verdict("pass", text))),
    "a ref": (190_000, lambda text: _ignore_refusal(lambda: IdeaRef.parse(text))),
    "stored ideas": (200_000, lambda text: written({"ideas": [{"title": text, "body": text}]})),
}
"""The functions that read foreign text, with the greatest length in characters."""
INCREMENTAL = {"a model's reply", "a model's reply, in an object"}
"""Readers that get their text piece by piece: the whole text never blocks the event loop."""


def _ignore_refusal(read: Callable[[], object]) -> None:
    """Call `read`; an error that refuses the text is allowed."""
    try:
        read()
    except Exception as error:
        assert not isinstance(error, RecursionError | MemoryError)


def _cost(read: Callable[[str], object], text: str, tries: int = 3) -> float:
    """The lowest CPU time in seconds of several tries, since other load can only lengthen it."""
    costs = []
    # The garbage collector would run at random times.
    gc.disable()
    try:
        for _ in range(tries):
            began = time.thread_time()
            read(text)
            costs.append(time.thread_time() - began)
            if costs[-1] < LEAST_SECONDS:
                break
    finally:
        gc.enable()
    return min(costs)


@pytest.mark.parametrize("name", READERS)
def test_the_time_to_read_is_proportional_to_the_length(name: str) -> None:
    """Four times the length takes less than ten times as long, and no text takes longer than MOST_SECONDS."""
    limit, read = READERS[name]
    for piece in PIECES:
        quarter, whole = (piece * (length // len(piece)) for length in (limit // 4, limit))
        before = _cost(read, quarter)
        after = _cost(read, whole) if before < MOST_SECONDS else before
        assert after < MOST_SECONDS or name in INCREMENTAL, piece
        assert after < LEAST_SECONDS or after < 10 * max(before, LEAST_SECONDS / 4), piece


def test_every_regular_expression_is_known_to_be_linear() -> None:
    """A new pattern needs an entry in PATTERNS with a reason, and its reader an entry in READERS."""
    found: dict[str, int] = {}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)) if name != "escape":
                    found[str(path.relative_to(SOURCES))] = found.get(str(path.relative_to(SOURCES)), 0) + 1
                case ast.ImportFrom(module="re"):
                    raise AssertionError(f"import re as a whole in {path}")

    assert found == {name: number for name, (number, _) in PATTERNS.items()}
