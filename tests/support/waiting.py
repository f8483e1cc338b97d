"""Waiting for something to become true, with a limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable

LIMIT = 30.0


def wait_until(condition: Callable[[], object], limit: float = LIMIT) -> None:
    """Returns as soon as the condition holds; fails the test when it does not within `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {limit} s: {condition}"
        time.sleep(0.02)


async def eventually(condition: Callable[[], object], limit: float = LIMIT) -> None:
    """As `wait_until`, while the event loop goes on."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {limit} s: {condition}"
        await asyncio.sleep(0.02)


async def becomes_true(condition: Callable[[], Awaitable[object]], limit: float = LIMIT) -> None:
    """As `eventually`, for a condition that has to be asked for."""
    deadline = time.monotonic() + limit
    while not await condition():
        assert time.monotonic() < deadline, f"still not so after {limit} s: {condition}"
        await asyncio.sleep(0.02)
