"""Owns the talk with a model: a prompt, its growing reply, and how it ended. Knows no ideas, no database."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import httpx2
import openai

from scriptwriter.domain.kinds.brief import MODEL
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.model_faults import fault, fault_in_stream, fault_of
from scriptwriter.worker.reply_events import Events, Unreadable
from scriptwriter.worker.request_form import Form

_PATIENCE = 5
"""How many times `silence` an endpoint may send signs of life without a single event."""


@dataclass(frozen=True, slots=True)
class Words:
    """The next piece of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model reasons; what it thinks is no part of the reply."""


Piece = Words | Thinking


_understood: dict[tuple[str, str], Form] = {}
"""The form that each endpoint and model took last, so that a refusal is met once per process."""


@dataclass
class Call:
    """What is known of one call of a model, for the record, whenever it is looked at."""

    model_name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, int] | None = None
    finish_reason: str | None = None
    refused: bool = False


async def answer(endpoint: Endpoint, prompt: str, call: Call) -> AsyncGenerator[Piece, None]:
    """The reply of `endpoint` to `prompt` as it comes; `call` is kept up to date.

    Closing the generator closes the connection. Raises GenerationError, also after the last word: where the
    reply was cut, filtered, too long or empty.
    """
    try:
        async with endpoint.client() as client, _opened(client, endpoint, prompt, call) as response:
            async for piece in _pieces(response, endpoint, call):
                yield piece
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, Unreadable, OSError) as error:
        # Not chained: what an endpoint says may hold the key, and a trace is logged.
        if call.finish_reason is None:
            raise fault_of(error, model=endpoint.model, silence=endpoint.silence) from None
    _judge(call)


@asynccontextmanager
async def _opened(
    client: openai.AsyncOpenAI, endpoint: Endpoint, prompt: str, call: Call
) -> AsyncIterator[httpx2.Response]:
    """The streaming response, in the richest form that the endpoint takes."""
    key = (endpoint.base_url, endpoint.model)
    form = _understood.get(key, Form())
    while True:
        request = client.chat.completions.with_streaming_response.create(
            model=endpoint.model,
            messages=[{"role": "user", "content": prompt}],
            stream=True,
            **form.options(),
        )
        call.parameters = {"stream": True, "response_format": form.response_format}
        try:
            response = await request.__aenter__()
        except openai.APIStatusError as error:
            simpler = form.after(error)
            if simpler is None:
                raise
            form = simpler
            continue
        _understood[key] = form
        try:
            yield response.http_response
        finally:
            await request.__aexit__(None, None, None)
        return


async def _pieces(response: httpx2.Response, endpoint: Endpoint, call: Call) -> AsyncIterator[Piece]:
    events = Events(_alive(response, endpoint.silence * _PATIENCE))
    half, spoken = "", False
    async for event in events:
        if event.get("error"):
            raise fault_in_stream(event["error"], endpoint.model)
        _note(event, call)
        for text, thinking in _texts(event, call):
            if thinking:
                yield Thinking()
                continue
            text, half = _whole_characters(half + text)
            if text:
                spoken = True
                yield Words(text)
    if events.any_bytes and not events.any_events and not events.done:
        raise fault("reply_unreadable")
    if not events.done and call.finish_reason is None:
        raise fault("reply_cut")
    if not spoken:
        _judge(call)
        raise fault("reply_empty")


async def _alive(response: httpx2.Response, patience: float) -> AsyncIterator[bytes]:
    """The response's bytes, as long as there is an event among them now and then."""
    last = monotonic()
    async for chunk in response.aiter_bytes():
        now = monotonic()
        if b"data:" in chunk or b"{" in chunk:
            last = now
        elif now - last > patience:
            raise fault("model_silent", seconds=round(patience))
        yield chunk


def _is_count(name: str, count: object) -> bool:
    """Whether it is a number of tokens as domain.run.Usage takes it."""
    return type(count) is int and 0 <= count <= 2**53 and len(name) <= 100 and name.isprintable()


def _note(event: dict[str, Any], call: Call) -> None:
    if isinstance(event.get("model"), str) and event["model"]:
        call.model_name = "".join(filter(str.isprintable, event["model"]))[:MODEL] or call.model_name
    usage = event.get("usage")
    if isinstance(usage, dict):
        counted = {name: count for name, count in usage.items() if _is_count(name, count)}
        call.usage = counted or call.usage


def _texts(event: dict[str, Any], call: Call) -> list[tuple[str, bool]]:
    """The texts in an event, each with whether it is a thought."""
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    said = choice.get("delta") or choice.get("message") or {}
    if isinstance(choice.get("finish_reason"), str):
        call.finish_reason = choice["finish_reason"]
    if not isinstance(said, dict):
        return []
    call.refused = call.refused or bool(said.get("refusal"))
    found = [(said[name], True) for name in ("reasoning_content", "reasoning") if said.get(name)]
    content = said.get("content")
    parts = content if isinstance(content, list) else [{"text": content}]
    found += [(part.get("text"), part.get("type") == "thinking") for part in parts if isinstance(part, dict)]
    return [(text, thinking) for text, thinking in found if thinking or (isinstance(text, str) and text)]


def _whole_characters(text: str) -> tuple[str, str]:
    """`text` without what cannot be stored, and half a character that the next piece may complete."""
    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    whole = text[: len(text) - len(half)].replace("\x00", "")
    return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), half


def _judge(call: Call) -> None:
    if call.refused or call.finish_reason == "content_filter":
        raise fault("content_filtered")
    if call.finish_reason == "length":
        raise fault("length_limit")
