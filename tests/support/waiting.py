"""Wait for a condition, with a time limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable

LIMIT = 30.0


def wait_until(condition: Callable[[], object], limit: float = LIMIT) -> None:
    """Return as soon as `condition` holds; fail the test when it does not within `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {limit} s: {condition}"
        time.sleep(0.02)


async def eventually(condition: Callable[[], object], limit: float = LIMIT) -> None:
    """Like `wait_until`, without blocking the event loop."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {limit} s: {condition}"
        await asyncio.sleep(0.02)


async def becomes_true(condition: Callable[[], Awaitable[object]], limit: float = LIMIT) -> None:
    """Like `eventually`, for a condition that is a coroutine function."""
    deadline = time.monotonic() + limit
    while not await condition():
        assert time.monotonic() < deadline, f"still not so after {limit} s: {condition}"
        await asyncio.sleep(0.02)
