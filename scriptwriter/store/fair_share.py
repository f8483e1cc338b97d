"""Fair share of the database: limits the open and the waiting transactions of each person.

`transaction()` waits for a turn of the person to whom its task is charged. A request or event is charged to
its sender as soon as that one is known. Tasks of the process itself, such as those of a worker, are charged
to nobody and do not wait.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from scriptwriter.domain.errors import UserError

AT_ONCE = 4
"""Most open transactions of one person in this process. The connection pool has room for several people."""
STRANGERS_AT_ONCE = 8
"""Most open transactions of all unknown senders together. Each request begins with one of them."""
MOST_WAITING = 150
"""Most waiting transactions of one person. Thirty tabs that reconnect at once need nearly as many."""
STRANGERS_WAITING = 400
STRANGERS = "strangers"
"""The name to which a request is charged before its sender is known."""
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
    """The shares in use, by person, and the last known person of each credential."""

    open: dict[str, _Share] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)


_shares = _Shares()


def charge(person_id: str) -> None:
    """Charge further transactions of this task to the person with this id, to STRANGERS, or to nobody: ""."""
    _charged_to.set(person_id)


def charged() -> str:
    """The person to whom this task is charged, STRANGERS, or "" for nobody."""
    return _charged_to.get()


def charge_credential(credential_id: str) -> None:
    """Charge this task to the person who used this credential (a hash) before, or to STRANGERS."""
    charge(_shares.known.get(credential_id, STRANGERS))


def last_known(credential_id: str) -> str:
    """The person who used this credential (a hash) last in this process; "" for an unknown one."""
    return _shares.known.get(credential_id, "")


def forget(credential_id: str) -> None:
    """Forget a credential (a hash) that has ended."""
    _shares.known.pop(credential_id, None)


def remember(credential_id: str, person_id: str) -> None:
    """Remember the person of a credential (a hash), and charge this task to that person."""
    _shares.known.pop(credential_id, None)
    while len(_shares.known) >= _REMEMBERED:
        del _shares.known[next(iter(_shares.known))]
    _shares.known[credential_id] = person_id
    charge(person_id)


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """A block that holds one turn of the charged person; a nested block takes no second turn.

    Raises UserError `too_many_at_once` if too many transactions of the person wait already.
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
