"""The demo model: an OpenAI-compatible endpoint inside this process.

It is a transport under the ordinary openai client. It listens on no port, and closing the response ends the
writing, as with a real model. It is used only where no real model is configured, never when one fails.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

import httpx2

from scriptwriter.domain import prompts
from scriptwriter.domain.graph import Idea
from scriptwriter.worker.demo_stories import compose

_CHARACTERS_OF_THOUGHT = 12
"""The pause before the first word, as the number of characters that could be written in it."""


class DemoModel(httpx2.AsyncBaseTransport):
    """Answers POST …/chat/completions with a stream of ideas at a reading pace.

    `pace` is in characters per second. The same `seed` gives the same stories; the `seed` of a request
    overrides it.
    """

    def __init__(self, pace: float, seed: int | None = None) -> None:
        self._pace = pace
        self._seed = seed

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response to `request`, whose stream is written while it is read."""
        asked = json.loads(await request.aread())
        prompt = "\n".join(message["content"] for message in asked["messages"])
        random = Random(asked.get("seed", self._seed))
        ideas = compose(*prompts.read(prompt), random)
        return httpx2.Response(
            200,
            headers={"content-type": "text/event-stream; charset=utf-8"},
            stream=_Stream(asked["model"], prompt, ideas, self._pace, random),
        )


class _Stream(httpx2.AsyncByteStream):
    """The server-sent events of one response, as a real endpoint sends them."""

    def __init__(self, model: str, prompt: str, ideas: Sequence[Idea], pace: float, random: Random) -> None:
        self._model = model
        self._prompt = prompt
        self._ideas = ideas
        self._pace = pace
        self._random = random

    async def __aiter__(self) -> AsyncIterator[bytes]:
        written = 0
        yield self._chunk({"role": "assistant", "content": ""})
        await asyncio.sleep(_CHARACTERS_OF_THOUGHT / self._pace)
        for piece, seconds in self._pieces():
            written += len(piece)
            yield self._chunk({"content": piece})
            await asyncio.sleep(seconds)
        yield self._chunk({}, finish_reason="stop")
        yield self._event({"choices": [], "usage": _usage(len(self._prompt), written)})
        yield b"data: [DONE]\n\n"

    def _pieces(self) -> list[tuple[str, float]]:
        """The answer's text in pieces, each with the seconds that pass until the next one."""
        pieces = [('{"ideas": [', 0.0)]
        for index, idea in enumerate(self._ideas):
            pieces.append((('{"title": "' if index == 0 else ', {"title": "'), 0.0))
            pieces += self._words(idea.title)
            pieces.append(('", "body": "', 0.0))
            pieces += self._words(idea.body)
            pieces.append(('"}', 0.0))
        return [*pieces, ("]}", 0.0)]

    def _words(self, text: str) -> list[tuple[str, float]]:
        words, at = [], 0
        while at < len(text):
            piece = text[at : at + self._random.choice((1, 2, 2, 3))]
            at += len(piece)
            pause = len(piece) + (2 if piece[-1] in "，。：" else 0)
            words.append((json.dumps(piece, ensure_ascii=False)[1:-1], pause / self._pace))
        return words

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        return self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    def _event(self, fields: dict[str, Any]) -> bytes:
        event = {"id": "demo", "object": "chat.completion.chunk", "created": 0, "model": self._model} | fields
        return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def _usage(read: int, written: int) -> dict[str, int]:
    """The demo model's token is one character."""
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
