"""A minimal follower of one shape, which shares no code with the client under scriptwriter/electric."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx


class Follower:
    """Keeps `rows` equal to a shape, as far as it has been told; values by key."""

    def __init__(self, http: httpx.AsyncClient, shape: Mapping[str, str], *, sse: bool) -> None:
        self._http = http
        self._shape = dict(shape)
        self._sse = sse
        self.rows: dict[str, dict[str, str | None]] = {}
        self.refetches = 0
        self._offset, self._handle = "-1", ""
        self._caught_up = False
        self._told = asyncio.Event()
        self._building: dict[str, dict[str, str | None]] = {}

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait until the rows fulfil a condition. Raises TimeoutError when they do not in time."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._told.clear()
                await self._told.wait()

    async def run(self) -> None:
        """Follow until cancelled; a server that is away is asked again."""
        while True:
            try:
                await self._once()
            except (httpx.TransportError, ServerBusy):
                await asyncio.sleep(0.05)

    async def _once(self) -> None:
        live = self._caught_up
        query = {**self._shape, "offset": self._offset}
        if self._handle:
            query["handle"] = self._handle
        if live:
            query["live"] = "true"
        if live and self._sse:
            query["live_sse"] = "true"
        async with self._http.stream("GET", "/v1/shape", params=self._http.params.merge(query)) as response:
            if response.status_code == 409:
                self.refetches += 1
                self._offset, self._handle, self._caught_up, self._building = "-1", "", False, {}
                return
            if response.status_code >= 500:
                raise ServerBusy
            assert response.status_code == 200, (await response.aread(), query)
            self._handle = response.headers["electric-handle"]
            if live and self._sse:
                async for message in _events(response):
                    self._take(message)
                # The stream ended without an offset for what it sent: ask from the last one known.
                return
            for message in json.loads(await response.aread()):
                self._take(message)
            self._offset = response.headers["electric-offset"]
            self._caught_up = "electric-up-to-date" in response.headers

    def _take(self, message: dict[str, Any]) -> None:
        headers = message["headers"]
        if headers.get("control") == "up-to-date":
            self.rows = {key: dict(value) for key, value in self._building.items()}
            self._told.set()
        elif headers.get("operation") == "delete":
            self._building.pop(message["key"], None)
        elif headers.get("operation") == "insert":
            self._building[message["key"]] = dict(message["value"])
        elif headers.get("operation") == "update":
            self._building[message["key"]] = {**self._building[message["key"]], **message["value"]}
        if "lsn" in headers:
            self._offset = f"{headers['lsn']}_{headers['op_position']}"


class ServerBusy(Exception):
    """The server asked to be left alone for a while."""


async def _events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line[6:])
