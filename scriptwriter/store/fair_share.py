"""Fair share of the database: how many transactions one person may have open, or wait for, at once.

`transaction()` takes a turn of whomever the running task is charged to. A task is charged when it learns who
sent its request or event. A task of the process's own, such as a worker's, is charged to nobody and does not
wait.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from scriptwriter.domain.errors import UserError

AT_ONCE = 4
"""Transactions of one person that are open at once, in this process: the pool has room for several people."""
STRANGERS_AT_ONCE = 8
"""The same for everybody who is not known yet, together: each request begins with such a transaction."""
MOST_WAITING = 150
"""Transactions of one person that wait for a turn; thirty tabs that connect again need nearly as many."""
STRANGERS_WAITING = 400
STRANGERS = "strangers"
"""To whom a request is charged before its sender is known."""
_REMEMBERED = 10_000

_charged_to: ContextVar[str] = ContextVar("charged_to", default="")
_has_turn: ContextVar[bool] = ContextVar("has_turn", default=False)


@dataclass
class _Share:
    turns: asyncio.Semaphore
    most_waiting: int
    waiting: int = 0
    users: int = 0


@dataclass
class _Shares:
    """All shares that are in use, by whom they belong to; and who showed which credential last."""

    open: dict[str, _Share] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)


_shares = _Shares()


def charge(person_id: str) -> None:
    """Charge this task's transactions to a person from now on, to STRANGERS, or to nobody ("")."""
    _charged_to.set(person_id)


def charge_credential(credential_id: str) -> None:
    """Charge this task to whoever showed this credential (a hash) before; to STRANGERS if nobody did."""
    charge(_shares.known.get(credential_id, STRANGERS))


def last_known(credential_id: str) -> str:
    """Whose credential (a hash) it was when this process last heard of it; "" where it never did."""
    return _shares.known.get(credential_id, "")


def forget(credential_id: str) -> None:
    """Note that a credential (a hash) is nobody's any more."""
    _shares.known.pop(credential_id, None)


def remember(credential_id: str, person_id: str) -> None:
    """Note whose credential (a hash) it is, and charge this task to that person."""
    _shares.known.pop(credential_id, None)
    while len(_shares.known) >= _REMEMBERED:
        del _shares.known[next(iter(_shares.known))]
    _shares.known[credential_id] = person_id
    charge(person_id)


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """One turn at the database for the block; a block within a block needs no second one.

    Raises UserError `too_many_at_once` where too many wait already.
    """
    person = _charged_to.get()
    if not person or _has_turn.get():
        yield
        return
    share = _share_of(person)
    if share.waiting >= share.most_waiting:
        raise UserError("too_many_at_once", seconds=1)
    share.users += 1
    share.waiting += 1
    waits = True
    try:
        async with share.turns:
            share.waiting, waits = share.waiting - 1, False
            mark = _has_turn.set(True)
            try:
                yield
            finally:
                _has_turn.reset(mark)
    finally:
        share.waiting -= waits
        share.users -= 1
        if not share.users:
            del _shares.open[person]


def _share_of(person: str) -> _Share:
    found = _shares.open.get(person)
    if found is None:
        strangers = person == STRANGERS
        at_once = STRANGERS_AT_ONCE if strangers else AT_ONCE
        waiting = STRANGERS_WAITING if strangers else MOST_WAITING
        found = _shares.open[person] = _Share(asyncio.Semaphore(at_once), waiting)
    return found
