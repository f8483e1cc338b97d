"""One call of a model: the request, in the richest form that its endpoint takes, and the growing reply."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Literal, Self

import httpx2
import openai

from scriptwriter.domain.kinds.brief import MODEL
from scriptwriter.domain.prompts import RESPONSE_SCHEMA
from scriptwriter.domain.typed_text import storable
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.model_faults import fault, fault_in_stream, fault_of
from scriptwriter.worker.reply_events import Events, Unreadable

_PATIENCE = 5
"""An endpoint may send bytes without an event, such as comments, for this many times its `silence`."""


@dataclass(frozen=True, slots=True)
class Words:
    """The next piece of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of the model's reasoning, which is no part of the reply."""


Piece = Words | Thinking


_FORMATS: dict[str, Any] = {
    "json_schema": {
        "type": "json_schema",
        "json_schema": {"name": "ideas", "strict": True, "schema": RESPONSE_SCHEMA},
    },
    "json_object": {"type": "json_object"},
}


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The optional fields of a request: the format of the reply, and whether tokens are counted."""

    response_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    usage: bool = True

    def options(self) -> dict[str, Any]:
        """The fields as arguments of the openai client."""
        asked: dict[str, Any] = {}
        if self.response_format in _FORMATS:
            asked["response_format"] = _FORMATS[self.response_format]
        if self.usage:
            asked["stream_options"] = {"include_usage": True}
        return asked

    def after(self, refusal: openai.APIStatusError) -> Self | None:
        """The form to try after a refusal; None where a simpler one would be refused as well."""
        words = f"{refusal.message} {refusal.body}"
        about_usage = "stream_options" in words or "include_usage" in words
        about_format = any(name in words for name in ("response_format", "json_schema", "json_object"))
        if refusal.status_code in (400, 422):
            # Many endpoints do not say which field they refuse. A refused request costs nothing.
            if fault_of(refusal, model="", silence=0).code != "request_refused":
                return None
        elif refusal.status_code not in (404, 415, 501) or not (about_usage or about_format):
            return None
        return self._simpler(about_usage)

    def _simpler(self, about_usage: bool) -> Self | None:
        if self.usage and about_usage:
            return replace(self, usage=False)
        if self.response_format == "json_schema":
            return replace(self, response_format="json_object")
        if self.response_format == "json_object":
            return replace(self, response_format="text")
        return replace(self, usage=False) if self.usage else None


_understood: dict[tuple[str, str], RequestForm] = {}
"""The form that each endpoint and model took last, so that each refusal happens once per process."""


@dataclass
class Call:
    """The record of one call, kept up to date while the reply grows."""

    model_name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, int] | None = None
    finish_reason: str | None = None
    refused: bool = False


async def answer(endpoint: Endpoint, prompt: str, call: Call) -> AsyncGenerator[Piece, None]:
    """The pieces of the reply of `endpoint` to `prompt`; `call` is kept up to date.

    Closing the generator closes the connection. Raises GenerationError, also after the last piece: where the
    reply was cut, filtered, too long or empty.
    """
    try:
        async with endpoint.client() as client, _opened(client, endpoint, prompt, call) as response:
            async for piece in _pieces(response, endpoint, call):
                yield piece
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, Unreadable, OSError) as error:
        # Not chained: the message may hold the API key, and tracebacks are logged.
        if call.finish_reason is None:
            raise fault_of(error, model=endpoint.model, silence=endpoint.silence) from None
    _judge(call)


@asynccontextmanager
async def _opened(
    client: openai.AsyncOpenAI, endpoint: Endpoint, prompt: str, call: Call
) -> AsyncIterator[httpx2.Response]:
    """The streaming response, in the richest form that the endpoint takes."""
    key = (endpoint.base_url, endpoint.model)
    form = _understood.get(key, RequestForm())
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
    """The response's bytes. Raises `model_silent` after `patience` seconds without an event."""
    last = monotonic()
    async for chunk in response.aiter_bytes():
        now = monotonic()
        if b"data:" in chunk or b"{" in chunk:
            last = now
        elif now - last > patience:
            raise fault("model_silent", seconds=round(patience))
        yield chunk


def _is_count(name: str, count: object) -> bool:
    """Whether it is a number of tokens that `run_context.Usage` takes."""
    return type(count) is int and 0 <= count <= 2**53 and len(name) <= 100 and name.isprintable()


def _note(event: dict[str, Any], call: Call) -> None:
    if isinstance(event.get("model"), str) and event["model"]:
        call.model_name = "".join(filter(str.isprintable, event["model"]))[:MODEL] or call.model_name
    usage = event.get("usage")
    if isinstance(usage, dict):
        counted = {name: count for name, count in usage.items() if _is_count(name, count)}
        call.usage = counted or call.usage


def _texts(event: dict[str, Any], call: Call) -> list[tuple[str, bool]]:
    """The texts in an event, each with whether it is reasoning."""
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
    """`text` as Postgres can store it, and half a character at its end that the next piece completes."""
    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    whole = text[: len(text) - len(half)].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return storable(whole), half


def _judge(call: Call) -> None:
    if call.refused or call.finish_reason == "content_filter":
        raise fault("content_filtered")
    if call.finish_reason == "length":
        raise fault("length_limit")
