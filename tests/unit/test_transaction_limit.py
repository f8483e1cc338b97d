"""How many transactions one person may have open or waiting."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.store import fair_share
from scriptwriter.store.fair_share import AT_ONCE, MOST_WAITING, STRANGERS, charge, turn


class Transactions:
    """Transactions that stay open until `may_end` is set."""

    def __init__(self) -> None:
        self.open = 0
        self.may_end = asyncio.Event()

    async def one(self, person: str) -> None:
        """Run one transaction that is charged to a person."""
        charge(person)
        async with turn():
            self.open += 1
            await self.may_end.wait()
            self.open -= 1


async def _idle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_person_has_a_few_open_transactions_and_others_have_their_own() -> None:
    """A waiting transaction begins when another one ends."""
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


async def test_too_many_waiting_transactions_are_refused() -> None:
    """With a message for the person; the waiting ones are not affected."""
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
    """Otherwise nested transactions of a person could deadlock."""
    charge("writer")
    async with AsyncExitStack() as stack:
        for _ in range(AT_ONCE + 1):
            await stack.enter_async_context(turn())


async def test_transactions_of_a_worker_are_not_limited() -> None:
    """They are charged to no person."""
    charge("")
    transactions = Transactions()
    async with asyncio.TaskGroup() as group:
        for _ in range(3 * AT_ONCE):
            group.create_task(transactions.one(""))
        await _idle()
        assert transactions.open == 3 * AT_ONCE

        transactions.may_end.set()


async def test_a_known_credential_is_charged_to_its_person() -> None:
    """An unknown one is charged to strangers."""
    charged = fair_share._charged_to
    fair_share.charge_credential("never seen")
    assert charged.get() == STRANGERS

    fair_share.remember("seen", "writer")
    fair_share.charge_credential("seen")
    assert charged.get() == "writer"
