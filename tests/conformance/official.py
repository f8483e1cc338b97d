"""Electric's own JavaScript client, run with bun in a process of its own, and the rows that it shows."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

BUN = str(Path(sys.executable).with_name("bun"))
PATIENCE = 30

Rows = list[dict[str, Any]]


class Client:
    """The running client; `said` has every line of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[Any] = []

    async def says(self, wanted: Callable[[Any], object]) -> Any:
        """The next line for which `wanted` holds."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    line = await self._process.stdout.readline()
                    assert line, f"the client ended; last it said {self.said[-1:]}"
                    self.said.append(json.loads(line))
                    if wanted(self.said[-1]):
                        return self.said[-1]
        except TimeoutError:
            pytest.fail(f"the client did not show what was wanted; last it said {self.said[-1:]}")

    async def shows(self, wanted: Rows) -> None:
        """Exactly these rows, in the order of their ids."""
        await self.says(lambda rows: sorted(rows, key=lambda row: row["id"]) == wanted)

    async def ends(self) -> int:
        """The exit status, when it has ended by itself and everything that it said is read."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            self.said += [json.loads(line) async for line in self._process.stdout]
            return await self._process.wait()


@asynccontextmanager
async def following(
    folder: Path,
    url: str,
    params: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    *,
    sse: bool,
) -> AsyncIterator[Client]:
    """The client, as installed in `folder`, on the shape at `url` (the whole address)."""
    process = await asyncio.create_subprocess_exec(
        BUN, "follow.js", cwd=folder, stdout=asyncio.subprocess.PIPE, limit=2**24,
        env={**os.environ, "SHAPE_URL": url, "SHAPE_PARAMS": json.dumps(params),
             "SHAPE_HEADERS": json.dumps(headers or {}), "SHAPE_SSE": "true" if sse else "false"},
    )  # fmt: skip
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
