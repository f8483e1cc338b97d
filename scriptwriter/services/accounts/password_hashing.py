"""Hashing of passwords: argon2id, in threads beside the event loop, a bounded number at a time.

Each sender (an address, or a person within a session) waits in a queue of its own, so that a sender with many
attempts delays the others by AT_A_TIME of them only.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from pwdlib import PasswordHash

from scriptwriter.domain.errors import UserError

AT_A_TIME = 2
"""Hashes computed concurrently. Each takes 64 MB and a core."""
WAITING = 64
"""Hashes of one sender that may wait; a further one is refused."""

HASHING = PasswordHash.recommended()
"""argon2id with the parameters that RFC 9106 recommends where memory is scarce: 64 MiB, 3 passes, 4 lanes."""

_threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="password")

Result = TypeVar("Result")


@dataclass
class _Queue:
    """The hashes of one sender: those in work hold a turn of `turns`."""

    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_A_TIME))
    open: int = 0


_queues: dict[str, _Queue] = {}


async def hashed(password: bytes, sender: str) -> str:
    """An argon2id hash of a password, with a salt of its own. Raises UserError `sign_in_busy`."""
    return await in_thread(lambda: HASHING.hash(password), sender)


async def verified(password: bytes, known: str | None, sender: str) -> tuple[bool, str | None]:
    """Whether the password matches the hash `known`, and a renewed hash if that one is outdated.

    Without a hash the answer is False, after the same work. Raises UserError `sign_in_busy`.
    """
    if known is None:
        await in_thread(lambda: HASHING.verify(password, _nobody()), sender)
        return False, None
    return await in_thread(lambda: HASHING.verify_and_update(password, known), sender)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return HASHING.hash("a password that nobody has")


async def in_thread(work: Callable[[], Result], sender: str) -> Result:
    """Run work on a password in a thread, for the `sender` in whose queue it waits: an address or a user id.

    Raises UserError `sign_in_busy` if too much work of this sender waits.
    """
    queue = _queues.setdefault(sender, _Queue())
    if queue.open >= AT_A_TIME + WAITING:
        raise UserError("sign_in_busy")
    queue.open += 1
    try:
        async with queue.turns:
            return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        queue.open -= 1
        if not queue.open:
            del _queues[sender]
