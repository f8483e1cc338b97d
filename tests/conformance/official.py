"""Runs Electric's own JavaScript client with bun as a process, and reads the rows that it prints."""

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
LIMIT = 30

Rows = list[dict[str, Any]]


class Client:
    """The running client. `printed` has every line of its output, as JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.printed: list[Any] = []

    async def prints(self, wanted: Callable[[Any], object]) -> Any:
        """Wait for the next line for which `wanted` holds, and return it."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(LIMIT):
                while True:
                    line = await self._process.stdout.readline()
                    assert line, f"the client ended; its last line is {self.printed[-1:]}"
                    self.printed.append(json.loads(line))
                    if wanted(self.printed[-1]):
                        return self.printed[-1]
        except TimeoutError:
            pytest.fail(f"the client did not show what was wanted; its last line is {self.printed[-1:]}")

    async def shows(self, wanted: Rows) -> None:
        """Wait until the client prints exactly these rows, compared in the order of their ids."""
        await self.prints(lambda rows: sorted(rows, key=lambda row: row["id"]) == wanted)

    async def ends(self) -> int:
        """Wait until the client ends by itself. Its exit status; all of its output has been read."""
        assert self._process.stdout is not None
        async with asyncio.timeout(LIMIT):
            self.printed += [json.loads(line) async for line in self._process.stdout]
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
    """The client installed in `folder`, following the shape at `url` with these parameters."""
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
