"""A stream that is read until its prepared answers are used up."""

import asyncio
from contextlib import aclosing

import httpx

from scriptwriter.electric import ShapeStream
from scriptwriter.electric.protocol import Message
from tests.unit.electric.answers import (
    Answers,
    stream,
    until,
)

CUT_OFF = httpx.RemoteProtocolError("Server disconnected without sending a response.")
DOWN = httpx.ConnectError("All connection attempts failed")


class StreamReader:
    """Reads a stream in the background and records its batches and its error."""

    def __init__(self, followed: ShapeStream, answers: Answers) -> None:
        self.stream, self.answers = followed, answers
        self.batches: list[list[Message]] = []
        self.error: Exception | None = None
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async with aclosing(self.stream.batches()) as batches:
                async for messages in batches:
                    self.batches.append(messages)
        except Exception as error:
            self.error = error

    async def to_the_end(self) -> "StreamReader":
        await until(lambda: self.answers.exhausted.is_set() or self.error is not None)
        return self

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


async def follow(
    readers: list[StreamReader], *answers: httpx.Response | Exception, **options: object
) -> StreamReader:
    transport = Answers(*answers)
    readers.append(StreamReader(stream(transport, **options), transport))
    return await readers[-1].to_the_end()
