"""How many transactions one person may have open, or wait for."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.store import fair_share
from scriptwriter.store.fair_share import AT_ONCE, MOST_WAITING, STRANGERS, charge, turn


class Transactions:
    """Transactions that stay open until they may end."""

    def __init__(self) -> None:
        self.open = 0
        self.may_end = asyncio.Event()

    async def one(self, person: str) -> None:
        """One of a person's."""
        charge(person)
        async with turn():
            self.open += 1
            await self.may_end.wait()
            self.open -= 1


async def _idle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_person_has_a_few_at_once_and_others_theirs() -> None:
    """Whoever waits gets a turn when another one ends."""
    transactions = Transactions()
    async with asyncio.TaskGroup() as group:
        for _ in range(3 * AT_ONCE):
            group.create_task(transactions.one("writer"))
        await _idle()
        assert transactions.open == AT_ONCE
        group.create_task(transactions.one("other"))
        await _idle()
        assert transactions.open == AT_ONCE + 1

        transactions.may_end.set()
    assert transactions.open == 0


async def test_beyond_many_that_wait_the_next_is_refused() -> None:
    """With a sentence; what waits already is not touched."""
    transactions = Transactions()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE + MOST_WAITING):
            group.create_task(transactions.one("writer"))
        await _idle()
        with pytest.raises(UserError) as refused:
            await asyncio.create_task(transactions.one("writer"))
        assert refused.value.code == "too_many_at_once"

        transactions.may_end.set()


async def test_a_transaction_within_one_needs_no_second_turn() -> None:
    """Otherwise a person's transactions would wait for each other."""
    charge("writer")
    async with AsyncExitStack() as stack:
        for _ in range(AT_ONCE + 1):
            await stack.enter_async_context(turn())


async def test_a_process_waits_for_nobody() -> None:
    """A worker's transactions are charged to no person."""
    charge("")
    transactions = Transactions()
    async with asyncio.TaskGroup() as group:
        for _ in range(3 * AT_ONCE):
            group.create_task(transactions.one(""))
        await _idle()
        assert transactions.open == 3 * AT_ONCE

        transactions.may_end.set()


async def test_a_credential_is_charged_to_whoever_showed_it_before() -> None:
    """One that nobody has shown is a stranger's."""
    charged = fair_share._charged_to
    fair_share.charge_credential("never seen")
    assert charged.get() == STRANGERS

    fair_share.remember("seen", "writer")
    fair_share.charge_credential("seen")
    assert charged.get() == "writer"
