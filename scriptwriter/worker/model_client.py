"""One call of a model: the request, in the richest form that its endpoint takes, and the growing reply."""

import copy
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Literal, Self

import httpx2
import openai

from scriptwriter.domain.errors import GenerationError
from scriptwriter.domain.kinds.brief import MODEL
from scriptwriter.domain.prompts import RESPONSE_SCHEMA
from scriptwriter.domain.run_context import MOST_REPLY
from scriptwriter.domain.typed_text import storable
from scriptwriter.worker import reply_dialects
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.model_faults import (
    Complaint,
    Misconfigured,
    complaint_of,
    complaint_of_refusal,
    fault,
    fault_of,
    fault_of_complaint,
)
from scriptwriter.worker.reply_dialects import Ending
from scriptwriter.worker.reply_events import Events, Unreadable

_PATIENCE = 5
"""An endpoint may send bytes without a text, such as comments, for this many times its `silence`."""

_USAGE = re.compile(r"stream_options|include_usage")
_BOUNDS = re.compile(
    r"(?:min|max)_?items|keyword|invalid schema|schema.{0,60}(?:feature|constraint|propert)", re.IGNORECASE
)
_FORMAT = re.compile(
    r"response.?format|json.?schema|json.?object|json.?mode|structured.?output|guided|grammar", re.IGNORECASE
)
_PERHAPS_FORMAT = re.compile(r"\bformat\b|\bschema\b|xgrammar|outlines", re.IGNORECASE)
_LIMIT = re.compile(r"max_(?:completion_)?tokens", re.IGNORECASE)
_STREAM = re.compile(r"\bstream(?:ing)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """The next piece of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of the model's reasoning, which is no part of the reply."""

    text: str = ""


Piece = Words | Thinking


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The optional fields of a request, and what is put behind the endpoint's address.

    `bounded`: the schema says how many ideas there are. `limit`: the field that carries the endpoint's limit
    of tokens.
    """

    response_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    usage: bool = True
    bounded: bool = True
    stream: bool = True
    limit: Literal["max_tokens", "max_completion_tokens", ""] = "max_tokens"
    path: str = ""

    def options(self, count: int | None, max_tokens: int | None) -> dict[str, Any]:
        """The fields as arguments of the openai client, for a reply of `count` ideas."""
        asked: dict[str, Any] = {"stream": self.stream}
        if self.response_format == "json_schema":
            schema = _schema(count if self.bounded else None)
            asked["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "ideas", "strict": True, "schema": schema},
            }
        elif self.response_format == "json_object":
            asked["response_format"] = {"type": "json_object"}
        if self.usage and self.stream:
            asked["stream_options"] = {"include_usage": True}
        if max_tokens is not None and self.limit:
            asked[self.limit] = max_tokens
        return asked

    def after(self, refusal: Complaint, error: GenerationError, prompt: str = "") -> Self | None:
        """The form to try after a refusal; None where a simpler one would be refused as well.

        Whether the refusal is about the format comes first, whatever its status: a refused request costs
        nothing.
        """
        refused = error.code in (
            "request_refused",
            "model_unavailable",
            "model_not_found",
            "model_misconfigured",
        )
        if not refused or refusal.status in (401, 402, 403, 429):
            return None
        if self.usage and refusal.says(_USAGE, prompt):
            return replace(self, usage=False)
        if self.limit and refusal.says(_LIMIT, prompt):
            return replace(self, limit="max_completion_tokens" if self.limit == "max_tokens" else "")
        if self.response_format == "json_schema" and self.bounded and refusal.says(_BOUNDS, prompt):
            return replace(self, bounded=False)
        if refusal.says(_FORMAT, prompt) or refusal.says(_PERHAPS_FORMAT, prompt):
            return self._simpler()
        if error.code != "request_refused":
            return None
        if self.stream and refusal.says(_STREAM, prompt):
            return replace(self, stream=False)
        # Many endpoints do not say which field they refuse.
        return self._simpler() if refusal.status in (400, 422, None) else None

    def _simpler(self) -> Self | None:
        if self.response_format == "json_schema":
            return replace(self, response_format="json_object")
        if self.response_format == "json_object":
            return replace(self, response_format="text")
        return replace(self, usage=False) if self.usage else None


def _schema(count: int | None) -> Any:
    """The schema of a reply, with the number of its ideas if it is known."""
    schema: Any = copy.deepcopy(RESPONSE_SCHEMA)
    if count is not None:
        schema["properties"]["ideas"] |= {"minItems": count, "maxItems": count}
    return schema


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

    @property
    def ending(self) -> Ending | None:
        """The kind of the end that the endpoint has named; None before it."""
        return reply_dialects.ending(self.finish_reason) if self.finish_reason else None


class _Refused(Exception):
    """The endpoint does not answer the request; nothing of a reply has come."""

    def __init__(self, complaint: Complaint, error: GenerationError) -> None:
        self.complaint = complaint
        self.error = error
        super().__init__(error.code)


async def answer(
    endpoint: Endpoint, prompt: str, call: Call, count: int | None = None
) -> AsyncGenerator[Piece, None]:
    """The pieces of the reply of `endpoint` to `prompt`; `call` is kept up to date.

    `count` is the number of ideas that the reply should have. Closing the generator closes the connection.
    Raises GenerationError, also after the last piece: where the reply was cut, filtered, too long or empty.
    """
    key = (endpoint.base_url, endpoint.model)
    form: RequestForm | None = _understood.get(key, RequestForm())
    while form is not None:
        try:
            async with aclosing(_asked(endpoint, prompt, call, form, count)) as pieces:
                async for piece in pieces:
                    _understood[key] = form
                    yield piece
            break
        except _Refused as refusal:
            simpler = form.after(refusal.complaint, refusal.error, prompt)
            if simpler is None and not form.path and endpoint.bare and _is_wrong_address(refusal):
                simpler = replace(form, path="/v1")
            if simpler is None:
                raise refusal.error from None
            form = simpler
        except (
            openai.OpenAIError,
            httpx2.HTTPError,
            httpx2.InvalidURL,
            Unreadable,
            Misconfigured,
            OSError,
        ) as error:
            # Not chained: the message may hold the API key, and tracebacks are logged.
            if call.ending in (None, "unknown", "cut"):
                raise fault_of(error, model=endpoint.model, silence=endpoint.silence) from None
            break
    _judge(call)


def _is_wrong_address(refusal: _Refused) -> bool:
    return (
        refusal.error.code in ("model_misconfigured", "reply_unreadable") or refusal.complaint.status == 405
    )


async def _asked(
    endpoint: Endpoint, prompt: str, call: Call, form: RequestForm, count: int | None
) -> AsyncGenerator[Piece, None]:
    """The pieces of the reply to a request of this form. Raises _Refused where there is none."""
    async with (
        endpoint.client(form.path) as client,
        _opened(client, endpoint, prompt, call, form, count) as response,
    ):
        async for piece in _pieces(response, endpoint, prompt, call):
            yield piece


@asynccontextmanager
async def _opened(
    client: openai.AsyncOpenAI,
    endpoint: Endpoint,
    prompt: str,
    call: Call,
    form: RequestForm,
    count: int | None,
) -> AsyncIterator[httpx2.Response]:
    """The streaming response."""
    request = client.chat.completions.with_streaming_response.create(
        model=endpoint.model,
        messages=[{"role": "user", "content": prompt}],
        **form.options(count, endpoint.max_tokens),
    )
    call.parameters = {"stream": form.stream, "response_format": form.response_format}
    if endpoint.max_tokens is not None and form.limit:
        call.parameters[form.limit] = endpoint.max_tokens
    try:
        response = await request.__aenter__()
    except openai.APIStatusError as error:
        complaint = complaint_of_refusal(error)
        raise _refusal(complaint, endpoint, prompt) from None
    try:
        yield response.http_response
    finally:
        await request.__aexit__(None, None, None)


def _refusal(complaint: Complaint, endpoint: Endpoint, prompt: str) -> _Refused:
    return _Refused(complaint, fault_of_complaint(complaint, endpoint.model, prompt, endpoint.setting))


class _Text:
    """A text that grows by parts. Some endpoints send all of it again with each part, or at its end."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._again = False

    def new(self, text: str, *, part: bool) -> str:
        """What of `text` is new; `part`: it may go on from what came before."""
        if self._parts and not part:
            return ""
        if self._length and len(text) >= self._length + (not self._again):
            before = str(self)
            self._parts = [before]
            if text.startswith(before):
                self._again = True
                text = text[self._length :]
        self._parts.append(text)
        self._length += len(text)
        return text

    def __str__(self) -> str:
        return "".join(self._parts)


class _Clock:
    """When the last text came."""

    def __init__(self) -> None:
        self.last = monotonic()


async def _pieces(
    response: httpx2.Response, endpoint: Endpoint, prompt: str, call: Call
) -> AsyncIterator[Piece]:
    clock = _Clock()
    events = Events(_alive(response, clock, endpoint.silence * _PATIENCE))
    text, thoughts = _Text(), _Text()
    half, spoken, thought = "", False, False
    async for event in events:
        if reply_dialects.is_error(event):
            refusal = _refusal(complaint_of(event), endpoint, prompt)
            raise refusal.error if spoken or thought else refusal
        said = reply_dialects.read(event)
        _note(said, call)
        if said.thinking:
            more = thoughts.new(said.thought, part=said.thought_parts)
            thought = thought or bool(more.strip())
            clock.last = monotonic() if more.strip() else clock.last
            yield Thinking(more)
        words, half = _whole_characters(half + text.new(said.text, part=said.parts))
        if words:
            spoken = spoken or bool(words.strip())
            clock.last = monotonic() if words.strip() else clock.last
            yield Words(words)
    if not events.any_objects and events.skipped:
        complaint = complaint_of(events.skipped)
        error = fault_of_complaint(complaint, endpoint.model, prompt, endpoint.setting)
        told = error.code not in ("model_unavailable", "request_refused")
        raise _Refused(complaint, error if told else fault("reply_unreadable"))
    if not events.done and call.ending in (None, "unknown"):
        raise fault("reply_cut")
    if not spoken:
        _judge(call)
        if not thought:
            raise fault("reply_empty")
        # Some servers take the whole reply for a thought; the reader looks for the answer at its end.
        yield Words(storable("<think>" + str(thoughts)[-MOST_REPLY + 10 :]))


async def _alive(response: httpx2.Response, clock: _Clock, patience: float) -> AsyncIterator[bytes]:
    """The response's bytes. Raises `model_silent` after `patience` seconds without a text."""
    async for chunk in response.aiter_bytes():
        if monotonic() - clock.last > patience:
            raise fault("model_silent", seconds=round(patience))
        yield chunk


def _note(said: reply_dialects.Said, call: Call) -> None:
    call.model_name = "".join(filter(str.isprintable, said.model))[:MODEL] or call.model_name
    call.usage = reply_dialects.merged(call.usage, said.usage)
    call.finish_reason = said.reason or call.finish_reason
    call.refused = call.refused or said.refused


def _whole_characters(text: str) -> tuple[str, str]:
    """`text` as Postgres can store it, and half a character at its end that the next piece completes."""
    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    whole = text[: len(text) - len(half)].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return storable(whole), half


def _judge(call: Call) -> None:
    if call.refused or call.ending == "filtered":
        raise fault("content_filtered")
    if call.ending == "length":
        raise fault("length_limit")
    if call.ending == "cut":
        raise fault("reply_cut")
