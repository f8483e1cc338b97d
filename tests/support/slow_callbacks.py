"""How long callbacks blocked the event loops of an application.

slow_callback_hook/sitecustomize.py, which the application imports, records the callbacks.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

TRIES = 3
"""How often a request is tried. What is slow only once is due to the machine."""


def watched(file: Path) -> dict[str, str]:
    """The environment in which an application records its slow callbacks in `file`."""
    return {
        "PYTHONPATH": str(Path(__file__).with_name("slow_callback_hook")),
        "SLOW_CALLBACK_FILE": str(file),
    }


@dataclass(frozen=True)
class LoopWatch:
    """The slow callbacks that one application recorded."""

    file: Path

    async def longest(self, ask: Callable[[], Awaitable[object]], most: float) -> tuple[float, str]:
        """The CPU seconds of the longest callback while `ask` is answered, and the name of that callback.

        If it takes longer than `most` seconds, the request is tried up to TRIES times and the lowest value
        counts.
        """
        found: list[tuple[float, str]] = []
        while len(found) < TRIES and (not found or found[-1][0] > most):
            self.file.write_text("")
            await ask()
            lines = map(json.loads, self.file.read_text(encoding="utf-8").splitlines())
            found.append(max(((line["seconds"], line["what"]) for line in lines), default=(0.0, "")))
        return min(found)
