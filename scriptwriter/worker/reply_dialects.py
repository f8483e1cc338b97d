"""The table of dialects: where endpoints put text, thoughts, tokens, the reason of the end, and errors.

Each place is a path of keys and indexes. The first choice of a reply is under the key `choice`. Of each kind
the first place that holds something counts.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

Path = tuple[str | int, ...]
Ending = Literal["stop", "length", "filtered", "cut", "unknown"]

_PARTS: tuple[Path, ...] = (
    ("choice", "delta", "content"),
    ("choice", "delta", "text"),
    ("choice", "delta"),
    ("choice", "text"),
    ("choice", "content"),
    ("message", "content"),
    ("candidates", 0, "content", "parts"),
    ("delta", "text"),
    ("delta", "content"),
    ("delta",),
    ("token", "text"),
    ("response",),
    ("output", "text"),
    ("content",),
    ("text",),
    ("answer",),
    ("result",),
    ("choice", "delta", "tool_calls"),
    ("choice", "delta", "function_call"),
)
"""Places of the next part of the text."""
_WHOLES: tuple[Path, ...] = (
    ("choice", "message", "content"),
    ("choice", "message", "parsed"),
    ("choice", "message"),
    ("generated_text",),
    ("output_text",),
    ("output",),
    ("choice", "message", "tool_calls"),
    ("choice", "message", "function_call"),
)
"""Places of the whole text; they do not count where parts of it came before."""

_THOUGHT_KEYS = (
    "reasoning_content",
    "reasoning",
    "thinking",
    "reasoning_details",
    "thought",
    "reasoning_text",
)
_THOUGHT_PARTS: tuple[Path, ...] = tuple(
    (*path, key) for path in (("choice", "delta"), ("message",), ("delta",), ()) for key in _THOUGHT_KEYS
)
_THOUGHT_WHOLES: tuple[Path, ...] = tuple(("choice", "message", key) for key in _THOUGHT_KEYS)

_REASONS: tuple[Path, ...] = (
    ("choice", "finish_reason"),
    ("choice", "finishReason"),
    ("choice", "delta", "finish_reason"),
    ("choice", "message", "finish_reason"),
    ("choice", "finish_details", "type"),
    ("choice", "stop_reason"),
    ("candidates", 0, "finishReason"),
    ("promptFeedback", "blockReason"),
    ("incomplete_details", "reason"),
    ("done_reason",),
    ("delta", "stop_reason"),
    ("stop_reason",),
    ("finish_reason",),
    ("finishReason",),
    ("output", "finish_reason"),
)
"""Places of the reason for which the reply ended."""
_STOPS = frozenset(
    [
        "stop",
        "end_turn",
        "eos",
        "eos_token",
        "stop_sequence",
        "stop_token",
        "completed",
        "complete",
        "done",
        "finished",
        "finish",
        "end",
        "normal",
        "success",
        "tool_calls",
        "tool_call",
        "tool_use",
        "function_call",
        "stopped",
        "ended",
        "1",
    ]
)
_ENDINGS: tuple[tuple[Ending, tuple[str, ...]], ...] = (
    (
        "filtered",
        (
            *(
                "filter",
                "safety",
                "sensitive",
                "recitation",
                "blocklist",
                "prohibit",
                "spii",
                "refus",
                "risk",
            ),
            *("guardrail", "violat", "moderation", "blocked", "unsafe", "policy", "敏感", "违规", "审核"),
        ),
    ),
    ("length", ("length", "max_token", "max_output", "max_completion", "limit", "truncat", "context_window")),
    (
        "cut",
        (
            *("error", "abort", "cancel", "interrupt", "insufficient_system", "network", "timeout"),
            *("timed_out", "unavailable", "disconnect", "fail", "overload", "incomplete"),
        ),
    ),
)
"""What a reason holds, in the order in which it is asked."""

_COUNTS: tuple[Path, ...] = (
    ("usage",),
    ("choice", "usage"),
    ("choice", "delta", "usage"),
    ("choice", "message", "usage"),
    ("x_groq", "usage"),
    ("message", "usage"),
    ("response", "usage"),
    ("output", "usage"),
    ("usageMetadata",),
    ("usage_metadata",),
    ("meta", "usage"),
)
"""Places of the counts of tokens."""
_KNOWN_COUNTS: tuple[Path, ...] = ((), ("timings",), ("meta", "tokens"))
"""Places where only the counts in `_COUNT_NAMES` are counts of tokens."""
_COUNT_NAMES: dict[str, str] = {
    **dict.fromkeys(("input_tokens", "promptTokenCount", "prompt_eval_count", "prompt_n"), "prompt_tokens"),
    **dict.fromkeys(
        ("output_tokens", "candidatesTokenCount", "eval_count", "predicted_n"), "completion_tokens"
    ),
    **dict.fromkeys(("totalTokenCount", "total_token"), "total_tokens"),
}

_WRAPPERS = ("data", "result", "response", "output", "chunk", "body")
_SPEAKING = ("choices", "candidates", "message", "content", "text", "response", "output", "delta")
_MESSAGES = ("message", "msg", "error_msg", "errmsg", "error_message", "errorMessage", "detail", "status_msg")
_CODES = ("code", "error_code", "errcode", "status_code", "status", "ret", "Code")
_NO_ERRORS = frozenset(
    ("", "0", "200", "none", "null", "false", "true", "success", "ok", "pending", "processing", "running")
) | {"in_progress", "queued", "completed", "incomplete", "finished"}
_TEXT_KEYS = (
    "text",
    "content",
    "parts",
    "thinking",
    "value",
    "output_text",
    "function",
    "arguments",
    "summary",
)
_IDEA_KEYS = frozenset({"ideas", "title", "标题", "Title", "创意"})


@dataclass(slots=True)
class Said:
    """What one object of a reply says; `parts` says whether its text goes on from the text before."""

    text: str = ""
    thought: str = ""
    thinking: bool = False
    parts: bool = True
    thought_parts: bool = True
    reason: str = ""
    refused: bool = False
    model: str = ""
    usage: dict[str, int] = field(default_factory=dict)


def read(event: dict[str, Any]) -> Said:
    """What an object of a reply says."""
    event = _opened(event)
    said = Said(usage=_usage(event))
    reasoned = "reason" in str(event.get("type")) or "think" in str(event.get("type"))
    for places, parts in ((_PARTS, True), (_WHOLES, False)):
        for place in places:
            found = list(_pieces(_at(event, place), last=str(place[-1]) if place else ""))
            said.text = "".join(text for text, thought in found if not thought)
            said.thought += "".join(text for text, thought in found if thought)
            said.thinking = said.thinking or any(thought for _, thought in found)
            said.parts = parts
            if said.text:
                break
        if said.text:
            break
    if not said.text and not _IDEA_KEYS.isdisjoint(event):
        itself = {name: value for name, value in event.items() if name != "choice"}
        said.text, said.parts = json.dumps(itself, ensure_ascii=False), False
    if reasoned:
        said.text, said.thought, said.thinking = "", said.thought + said.text, True
    for places, parts in ((_THOUGHT_PARTS, True), (_THOUGHT_WHOLES, False)):
        for place in places:
            value = _at(event, place)
            if value and not said.thought:
                said.thought = "".join(text for text, _ in _pieces(value))
                said.thinking, said.thought_parts = True, parts
    said.reason = next(
        (each for place in _REASONS if isinstance(each := _at(event, place), str) and each), ""
    )
    if not said.reason and True in (event.get("done"), event.get("stop")):
        said.reason = "length" if event.get("stopped_limit") is True else "stop"
    said.refused = any(_at(event, ("choice", key, "refusal")) for key in ("delta", "message"))
    said.model = event["model"] if isinstance(event.get("model"), str) else ""
    return said


def ending(reason: str) -> Ending:
    """The kind of a reason for which a reply ended."""
    word = reason.strip().lower().replace("-", "_").replace(" ", "_").removeprefix("finish_reason_")
    if word in _STOPS:
        return "stop"
    for kind, marks in _ENDINGS:
        if any(mark in word for mark in marks):
            return kind
    return "unknown"


def is_error(event: dict[str, Any]) -> bool:
    """Whether an object of a reply is an error rather than a part of the reply."""
    opened = _opened(event)
    errors = (
        *(event.get("error"), event.get("errors"), _at(opened, ("choice", "error"))),
        *(
            _at(event, ("Response", "Error")),
            _at(event, ("data", "error")),
            _at(event, ("response", "error")),
        ),
    )
    if any(map(_is_fault, errors)):
        return True
    if "error" in (event.get("object"), event.get("type")) or event.get("type") == "response.failed":
        return True
    for path in (("base_resp", "status_code"), ("header", "code")):
        if str(_at(event, path) or 0).lower() not in _NO_ERRORS:
            return True
    if opened.get("choices") or event.get("candidates"):
        return False
    messages = [each for name in _MESSAGES if (each := event.get(name))]
    if not messages or any(isinstance(each, dict) and {"content", "role"} & each.keys() for each in messages):
        return False
    codes = [event[name] for name in _CODES if name in event]
    if event.get("success") is False or any(str(code).lower() not in _NO_ERRORS for code in codes):
        return True
    return not codes and not any(event.get(name) for name in _SPEAKING if name != "message")


def _is_fault(error: Any) -> bool:
    """Whether the value of a field `error` says that there is one."""
    if isinstance(error, dict):
        words = [str(each).lower() for each in error.values() if not isinstance(each, dict | list)]
        return any(word not in _NO_ERRORS for word in words) or any(
            each for each in error.values() if isinstance(each, dict | list)
        )
    return bool(error) and str(error).lower() not in _NO_ERRORS


def _opened(event: dict[str, Any]) -> dict[str, Any]:
    """The object without a wrapper around its choices, and with the first choice under `choice`."""
    if not event.get("choices"):
        for name in _WRAPPERS:
            inner = event.get(name)
            if isinstance(inner, dict) and (inner.get("choices") or inner.get("candidates")):
                event = event | inner
                break
    choices = event.get("choices")
    if isinstance(choices, dict) and "0" in choices:
        choices = choices["0"]
    first = choices if isinstance(choices, list) else [choices]
    choice = next((each for each in first if isinstance(each, dict) and each.get("index") in (0, None)), {})
    return event | {"choice": choice}


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _pieces(value: Any, *, last: str = "content", depth: int = 0) -> Iterator[tuple[str, bool]]:
    """The texts of a value, each with whether it is a thought.

    An object counts where a text may be one, not where it is the parent of other places.
    """
    if isinstance(value, str):
        yield value, False
    elif isinstance(value, list) and depth < 5:
        for each in value:
            yield from _pieces(each, depth=depth + 1)
    elif isinstance(value, dict) and depth < 5:
        if last in ("delta", "message", "response", "output", "result") and depth == 0:
            return
        kind = str(value.get("type", "")).lower()
        thought = "think" in kind or "reason" in kind or value.get("thought") is True
        if thought:
            yield "", True
        key = next((key for key in _TEXT_KEYS if value.get(key)), None)
        if not _IDEA_KEYS.isdisjoint(value) or (key is None and not kind and value and last == "content"):
            yield json.dumps(value, ensure_ascii=False), False
        elif key is not None:
            inner = value[key]
            if key == "arguments" and isinstance(inner, dict):
                inner = json.dumps(inner, ensure_ascii=False)
            for text, deeper in _pieces(inner, depth=depth + 1):
                yield text, deeper or thought


def _usage(event: dict[str, Any]) -> dict[str, int]:
    """The counts of tokens, by the names of OpenAI where they are known."""
    found: dict[str, int] = {}
    for places, all_names in ((_COUNTS, True), (_KNOWN_COUNTS, False)):
        for place in places:
            counts = _at(event, place)
            if not isinstance(counts, dict) or (found and not all_names):
                continue
            for name, value in counts.items():
                count, known = _count(value), _COUNT_NAMES.get(name, name if all_names else "")
                if count is not None and known and _is_name(known):
                    found[known] = max(count, found.get(known, 0))
    return found


def _is_name(name: str) -> bool:
    """Whether `run_context.Usage` takes it."""
    return len(name) <= 100 and name.isprintable()


def _count(value: Any) -> int | None:
    if isinstance(value, str) and len(value) < 20:
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return int(value) if 0 <= value <= 2**53 and value == int(value) else None


def merged(before: dict[str, int] | None, usage: dict[str, int]) -> dict[str, int] | None:
    """The counts of a reply so far: the largest of each name, since some endpoints end with zeros."""
    if not any(usage.values()) and before:
        return before
    counts = dict(before or {})
    for name, count in usage.items():
        counts[name] = max(count, counts.get(name, 0))
    parts = counts.get("prompt_tokens", 0) + counts.get("completion_tokens", 0)
    if parts and not counts.get("total_tokens"):
        counts["total_tokens"] = parts
    return counts or None
