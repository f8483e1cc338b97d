"""Owns how many requests for shapes one person may have open at once, in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from scriptwriter.domain.errors import UserError

SEATS = 20

_taken: Counter[str] = Counter()


@contextmanager
def seat(person_id: str) -> Iterator[None]:
    """One of the person's seats for the block. Raises UserError `too_many_polls` where all are taken."""
    if _taken[person_id] >= SEATS:
        raise UserError("too_many_polls", limit=SEATS, seconds=1)
    _taken[person_id] += 1
    try:
        yield
    finally:
        _taken[person_id] -= 1
        if not _taken[person_id]:
            del _taken[person_id]
