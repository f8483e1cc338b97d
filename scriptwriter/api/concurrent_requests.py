"""Counts the requests of each person that are in progress in this process, and limits their number."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scriptwriter.domain.errors import UserError


@contextmanager
def counted(running: Counter[str], person: str) -> Iterator[None]:
    """Count one more request of the person in `running` for the block."""
    running[person] += 1
    try:
        yield
    finally:
        running[person] -= 1
        if not running[person]:
            del running[person]


@contextmanager
def limited(
    running: Counter[str],
    person: str,
    *,
    of_a_person: int,
    in_all: int,
    make_room: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Like `counted`, with at most `of_a_person` requests of one person and `in_all` of all persons.

    If all places are taken, `make_room` may free one, and returns whether it did. Raises UserError:
    `busy_with_yours`, `too_busy`.
    """
    if running[person] >= of_a_person:
        raise UserError("busy_with_yours")
    if running.total() >= in_all and not make_room():
        raise UserError("too_busy")
    with counted(running, person):
        yield
