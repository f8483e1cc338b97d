"""An OpenAI-compatible HTTP server in its own thread, whose answers and faults a test sets.

    with ModelServer() as server:
        server.answers(spoken(ideas_text(STORIES)))
        … server.url … server.exchanges[0].body …

Requests get the answers in turn; the last one is repeated.
"""

import asyncio
import json
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from tests.support.waiting import wait_until


class Gate:
    """A point in an answer where the server waits until the test opens the gate."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Let the answer continue."""
        loop = self._loop
        if loop is None:
            self.opened.set()
        else:
            loop.call_soon_threadsafe(self.opened.set)

    async def wait(self) -> None:
        """Wait until the gate is open; called by the server."""
        self._loop = asyncio.get_running_loop()
        await self.opened.wait()


Step = bytes | float | Gate
"""Bytes are sent. A number is a pause in seconds. At a gate, the server waits."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers, and the steps of its body. Without `ending` the connection is cut."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    ending: bool = True


@dataclass
class Exchange:
    """One request. `closed` is set when the connection has ended, `left` when the client ended it first."""

    headers: dict[str, str]
    body: dict[str, Any]
    closed: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    @property
    def prompt(self) -> str:
        """The last message of the request."""
        return self.body["messages"][-1]["content"]


Answering = Answer | Callable[[dict[str, Any]], Answer]


class ModelServer:
    """The server; a context manager. `url` is the base URL for clients and differs for each server."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.url = ""
        self._answers: list[Answering] = [refused(503, "no answer was set")]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="model server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self._server = server
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{uuid.uuid4().hex}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def answers(self, *answers: Answering) -> None:
        """Set the answers to the next requests, in turn; the last one is repeated."""
        self._answers = list(answers)

    def wait_for(self, number: int) -> Exchange:
        """The request with this number, counted from 1, as soon as it has arrived."""
        wait_until(lambda: len(self.exchanges) >= number)
        return self.exchanges[number - 1]

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)

    async def _stop(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = None
        try:
            exchange = await _request(reader)
            self.exchanges.append(exchange)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if callable(answer):
                answer = answer(exchange.body)
            sending = asyncio.ensure_future(self._send(answer, writer))
            leaving = asyncio.ensure_future(reader.read())
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() or isinstance(sending.exception(), ConnectionError):
                exchange.left.set()
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if exchange is not None:
                exchange.closed.set()
            writer.close()

    async def _send(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {answer.status} X", "connection: close", "transfer-encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await writer.drain()
        for step in answer.steps:
            if isinstance(step, bytes):
                writer.write(b"%x\r\n%s\r\n" % (len(step), step) if step else b"")
                await writer.drain()
            elif isinstance(step, Gate):
                await step.wait()
            else:
                await asyncio.sleep(step)
        if answer.ending:
            writer.write(b"0\r\n\r\n")
            await writer.drain()


async def _request(reader: asyncio.StreamReader) -> Exchange:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = [line.split(":", 1) for line in head[1:] if line]
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    length = int(headers.get("content-length", 0))
    body = json.loads(await reader.readexactly(length)) if length else {}
    return Exchange({"request": head[0], **headers}, body)


def event(**fields: Any) -> bytes:
    """One server-sent event of a chat completion."""
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "test-model"} | fields
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def delta(finish: str | None = None, **fields: Any) -> bytes:
    """An event with a piece of the message, or with the reason why the message ends."""
    return event(choices=[{"index": 0, "delta": fields, "finish_reason": finish}])


USAGE = {"prompt_tokens": 11, "completion_tokens": 22, "total_tokens": 33}
DONE = b"data: [DONE]\n\n"


def spoken(text: str, *, size: int = 5, pause: float = 0.0, finish: str = "stop") -> Answer:
    """Stream `text` in pieces, then the usage, as OpenAI does; `pause` is in seconds between two pieces."""
    pieces = [delta(content=text[at : at + size]) for at in range(0, len(text), size)]
    steps: list[Step] = [delta(role="assistant", content="")]
    for piece in pieces:
        steps += [piece, pause] if pause else [piece]
    return Answer([*steps, delta(finish), event(choices=[], usage=USAGE), DONE])


def broken_off(text: str, *then: Step, ending: bool = True) -> Answer:
    """Stream `text` and then `then`, without a finish reason; without `ending` the body is cut, too."""
    return Answer([*spoken(text).steps[:-3], *then], ending=ending)


def refused(status: int, message: str, headers: dict[str, str] | None = None, **error: Any) -> Answer:
    """An error with OpenAI's body; `error` holds its further fields (code, type, param)."""
    body = json.dumps({"error": {"message": message, "type": "error", **error}})
    return Answer([body.encode()], status, {"content-type": "application/json"} | (headers or {}))


def whole(text: str, finish: str = "stop") -> Answer:
    """One JSON body, as from an endpoint that ignores `stream`."""
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "message": message, "finish_reason": finish}]
    body = {"id": "c", "object": "chat.completion", "model": "test-model", "choices": choices, "usage": USAGE}
    return Answer([json.dumps(body).encode()], headers={"content-type": "application/json"})


def only(*names: str, then: Answer) -> Callable[[dict[str, Any]], Answer]:
    """An endpoint that refuses requests that have one of the fields `names`."""

    def answering(body: dict[str, Any]) -> Answer:
        unknown = [name for name in names if name in body]
        return refused(400, f"Unrecognized request argument: {unknown[0]}") if unknown else then

    return answering


def story(number: int) -> dict[str, str]:
    """An idea whose text contains its number."""
    return {"title": f"故事{number}号", "body": f"第{number}个故事：" + "有人来了，有人走了，门没有关。" * 3}


def ideas_text(numbers: Sequence[int]) -> str:
    """A reply with the stories of these numbers, in the format that the prompt asks for."""
    return json.dumps({"ideas": [story(number) for number in numbers]}, ensure_ascii=False)
