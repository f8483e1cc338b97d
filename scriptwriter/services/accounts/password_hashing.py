"""Hashing of passwords: argon2id, in threads beside the event loop, a bounded number at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from pwdlib import PasswordHash

from scriptwriter.domain.errors import UserError

AT_A_TIME = 2
"""Each takes 64 MB and a core meanwhile."""
WAITING = 64
"""How many may wait; whoever comes then is asked to try again."""

HASHING = PasswordHash.recommended()
"""argon2id with the parameters that RFC 9106 recommends where memory is scarce: 64 MiB, 3 passes, 4 lanes."""

_threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="password")
_open = 0

Result = TypeVar("Result")


async def hashed(password: bytes) -> str:
    """An argon2id hash of a password, with a salt of its own. Raises UserError `sign_in_busy`."""
    return await in_thread(lambda: HASHING.hash(password))


async def verified(password: bytes, known: str | None) -> tuple[bool, str | None]:
    """Whether the password is the one of the hash `known`, and a newer hash where that one is outdated.

    Without a hash the answer is no, after the same work. Raises UserError `sign_in_busy`.
    """
    if known is None:
        await in_thread(lambda: HASHING.verify(password, _nobody()))
        return False, None
    return await in_thread(lambda: HASHING.verify_and_update(password, known))


@lru_cache(maxsize=1)
def _nobody() -> str:
    return HASHING.hash("a password that nobody has")


async def in_thread(work: Callable[[], Result]) -> Result:
    """Do work on a password beside the event loop, AT_A_TIME at once. Raises UserError `sign_in_busy`."""
    global _open
    if _open >= AT_A_TIME + WAITING:
        raise UserError("sign_in_busy")
    _open += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _open -= 1
