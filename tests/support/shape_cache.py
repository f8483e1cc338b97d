"""A cache between a hub and its server that gives what was not asked, from what a ShapeProxy has kept."""

from collections.abc import Callable

from scriptwriter.sync.views import FLOW
from tests.support.shape_proxy import Request, ShapeProxy

FIRST = ("offset", "-1")


class Cache:
    """A cache with the answers so far, that gives each of two to every table's followers, and then no more.

    It knows no cache-buster.
    """

    def __init__(self, proxy: ShapeProxy) -> None:
        self._known = dict(proxy.cache)
        self.given: list[Request] = []

    @property
    def is_empty(self) -> bool:
        """Whether it has given all."""
        return len(self.given) == 2 * len(FLOW.tables)

    def snapshots(self, request: Request) -> bytes | None:
        """The first snapshot, twice for each table, and whatever follows from believing it."""
        if not request.is_first:
            return self._known.get(request.address)
        return self._next(request, lambda address: FIRST in address)

    def news(self, request: Request) -> bytes | None:
        """The same to whoever waits for news: the key of this cache has neither handle, offset nor live."""
        if request.is_live:
            return self._next(request, lambda address: FIRST in address)
        return self._after_belief(request)

    def catch_ups(self, request: Request) -> bytes | None:
        """As `news`, with the answer that ended the first snapshot."""
        if request.is_live:
            return self._next(request, lambda address: FIRST not in address)
        return self._after_belief(request)

    def _after_belief(self, request: Request) -> bytes | None:
        return None if request.is_first else self._known.get(request.address)

    def _next(self, request: Request, wanted: Callable[[frozenset[tuple[str, str]]], bool]) -> bytes | None:
        if sum(earlier.table == request.table for earlier in self.given) == 2:
            return None
        self.given.append(request)
        table = ("table", request.table)
        return next(body for address, body in self._known.items() if table in address and wanted(address))
