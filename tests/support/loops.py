"""How long callbacks held the event loops of an application, as loop_watch/sitecustomize.py notes it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

TRIES = 3
"""Of one request: what takes long only once is the machine's doing."""


def watched(file: Path) -> dict[str, str]:
    """The environment in which an application notes its long callbacks in `file`."""
    return {"PYTHONPATH": str(Path(__file__).with_name("loop_watch")), "LOOP_WATCH_FILE": str(file)}


@dataclass(frozen=True)
class LoopWatch:
    """The notes of one application."""

    file: Path

    async def longest(self, ask: Callable[[], Awaitable[object]], most: float) -> tuple[float, str]:
        """Seconds of CPU of the longest callback while `ask` is answered, and what it was.

        Where it is longer than `most`, the shortest of TRIES tries counts.
        """
        found: list[tuple[float, str]] = []
        while len(found) < TRIES and (not found or found[-1][0] > most):
            self.file.write_text("")
            await ask()
            lines = map(json.loads, self.file.read_text(encoding="utf-8").splitlines())
            found.append(max(((line["seconds"], line["what"]) for line in lines), default=(0.0, "")))
        return min(found)
