"""How long to wait before a request is repeated."""

import random
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_RETRY_AFTER = 300.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential waits from `first` to `most` seconds with full jitter.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    first: float = 0.1
    most: float = 10.0
    jitter: Callable[[], float] = random.random

    def wait(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after `failures` (1, 2, …) in a row, at least as long as the server asked for."""
        ceiling = min(self.most, self.first * 2.0 ** min(failures - 1, 32))
        return max(ceiling * self.jitter(), min(retry_after or 0.0, LONGEST_RETRY_AFTER))
