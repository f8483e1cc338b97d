"""Owns how a shape is sent as server-sent events; knows no database and decides no status."""

import asyncio
import time

from .shape_answers import Send, events_of
from .shape_index import Shape
from .shape_log import OffsetTooOld, Read


async def send_events(
    send: Send, shape: Shape, read: Read, gone: "asyncio.Future[None]", lifetime: float, keep_alive: float
) -> None:
    """Send messages as they come, until the stream has lived its time, the client is gone or the shape ends.

    In: what there is to send first, a future that is done when the client has left, how long the stream
    lives and how long it may be silent, in seconds. As in Electric the end of a shape is no event: the
    client's next request gets the 409.
    """
    log, now = shape.log, time.monotonic()
    end, loud_at = now + lifetime, now
    while not log.is_dropped:
        if read.messages:
            await send({"type": "http.response.body", "body": events_of(shape, read), "more_body": True})
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
