"""The queues in which passwords wait to be hashed."""

import asyncio

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import password_hashing


async def test_many_passwords_of_one_sender_do_not_delay_another() -> None:
    """A sender with too many is refused. A password of another sender waits for those in work only."""
    done: list[str] = []
    number = password_hashing.AT_A_TIME + password_hashing.WAITING + 1
    flood = [password_hashing.in_thread(lambda: done.append("one"), "one") for _ in range(number)]
    another = password_hashing.in_thread(lambda: done.append("another"), "another")
    results = await asyncio.gather(*flood, another, return_exceptions=True)

    assert [each.code for each in results if isinstance(each, UserError)] == ["sign_in_busy"]
    assert done.index("another") <= password_hashing.AT_A_TIME
