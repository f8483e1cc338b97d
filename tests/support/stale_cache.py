"""A cache between a hub and its shape server that returns stale answers recorded by a ShapeProxy."""

from collections.abc import Callable

from scriptwriter.sync.views import FLOW
from tests.support.shape_proxy import Request, ShapeProxy

FIRST = ("offset", "-1")


class Cache:
    """Holds recorded answers, returns two stale ones per table, and then no more.

    Its cache key ignores the `cache-buster` parameter.
    """

    def __init__(self, proxy: ShapeProxy) -> None:
        self._known = dict(proxy.cache)
        self.given: list[Request] = []

    @property
    def is_empty(self) -> bool:
        """Whether it has returned all of its stale answers."""
        return len(self.given) == 2 * len(FLOW.tables)

    def snapshots(self, request: Request) -> bytes | None:
        """Answer with the recorded snapshot, twice for each table, and with the recorded answers that follow
        it.
        """
        if not request.is_first:
            return self._known.get(request.address)
        return self._next(request, lambda address: FIRST in address)

    def news(self, request: Request) -> bytes | None:
        """Answer live requests with the first snapshot: the cache key has no handle, offset or live
        parameter.
        """
        if request.is_live:
            return self._next(request, lambda address: FIRST in address)
        return self._catch_up_after_stale(request)

    def catch_ups(self, request: Request) -> bytes | None:
        """Like `news`, but answer with the recorded response that ended the first snapshot."""
        if request.is_live:
            return self._next(request, lambda address: FIRST not in address)
        return self._catch_up_after_stale(request)

    def _catch_up_after_stale(self, request: Request) -> bytes | None:
        return None if request.is_first else self._known.get(request.address)

    def _next(self, request: Request, wanted: Callable[[frozenset[tuple[str, str]]], bool]) -> bytes | None:
        if sum(earlier.table == request.table for earlier in self.given) == 2:
            return None
        self.given.append(request)
        table = ("table", request.table)
        return next(body for address, body in self._known.items() if table in address and wanted(address))
