"""The limit of requests for shapes that one person may have open concurrently, in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from scriptwriter.api.concurrent_requests import counted
from scriptwriter.domain.errors import UserError

MOST_OPEN = 20
"""Most open requests of one person."""

_open: Counter[str] = Counter()


@contextmanager
def open_request(person_id: str) -> Iterator[None]:
    """Count a request of the person as open for the block. Raises UserError `too_many_polls` at the limit."""
    if _open[person_id] >= MOST_OPEN:
        raise UserError("too_many_polls", limit=MOST_OPEN, seconds=1)
    with counted(_open, person_id):
        yield
