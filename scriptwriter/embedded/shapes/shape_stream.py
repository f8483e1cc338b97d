"""The body of an event stream: the messages of a shape as server-sent events."""

import asyncio
import time
from itertools import chain

from .shape_answers import Send, messages_of
from .shape_index import Shape
from .shape_log import OffsetTooOld, Read


async def send_events(
    send: Send,
    shape: Shape,
    read: Read,
    gone: "asyncio.Future[None]",
    lifetime: float,
    keep_alive: float,
    *,
    in_parts: bool,
) -> None:
    """Send messages as they come, until the lifetime is over, the client has left, or the shape ends.

    `read` is sent first. `gone` is done when the client has left. `lifetime` and `keep_alive` (the longest
    silence) are seconds. `in_parts` sends each event in three HTTP chunks. As in Electric, no event reports
    the end of a shape: the client's next request gets a 409.
    """
    log, now = shape.log, time.monotonic()
    end, loud_at = now + lifetime, now
    while not log.is_dropped:
        if read.messages:
            events = [(b"data: ", message, b"\n\n") for message in messages_of(shape, read)]
            for chunk in chain(*events) if in_parts else [b"".join(chain(*events))]:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        else:
            until = min(end, loud_at + keep_alive)
            await asyncio.wait({log.changed, gone}, timeout=until - now, return_when="FIRST_COMPLETED")
        shape.used_at = now = time.monotonic()
        if now >= end or gone.done():
            break
        if now - loud_at >= keep_alive:
            await send({"type": "http.response.body", "body": b": keep-alive\n\n", "more_body": True})
            loud_at = now
        try:
            read = log.read(read.offset)
        except OffsetTooOld:
            break
    await send({"type": "http.response.body", "body": b"", "more_body": False})
