"""A minimal follower of one shape, which shares no code with the client under scriptwriter/electric."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx


class Follower:
    """Keeps `rows`, by key, equal to a shape, as of its last up-to-date message."""

    def __init__(self, http: httpx.AsyncClient, shape: Mapping[str, str], *, sse: bool) -> None:
        self._http = http
        self._shape = dict(shape)
        self._sse = sse
        self.rows: dict[str, dict[str, str | None]] = {}
        self.refetches = 0
        self._offset, self._handle = "-1", ""
        self._caught_up = False
        self._changed = asyncio.Event()
        self._building: dict[str, dict[str, str | None]] = {}

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait until the rows satisfy a condition. Raises TimeoutError after `seconds`."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def run(self) -> None:
        """Follow until cancelled. Requests are repeated while the server is away."""
        while True:
            try:
                await self._once()
            except (httpx.TransportError, ServerBusy):
                await asyncio.sleep(0.05)

    async def _once(self) -> None:
        """Make one request, and take in what it returns."""
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
                # A stream has no offset header, so the next request continues from the last message.
                return
            for message in json.loads(await response.aread()):
                self._take(message)
            self._offset = response.headers["electric-offset"]
            self._caught_up = "electric-up-to-date" in response.headers

    def _take(self, message: dict[str, Any]) -> None:
        """Take in one message."""
        headers = message["headers"]
        if headers.get("control") == "up-to-date":
            self.rows = {key: dict(value) for key, value in self._building.items()}
            self._changed.set()
        elif headers.get("operation") == "delete":
            self._building.pop(message["key"], None)
        elif headers.get("operation") == "insert":
            self._building[message["key"]] = dict(message["value"])
        elif headers.get("operation") == "update":
            self._building[message["key"]] = {**self._building[message["key"]], **message["value"]}
        if "lsn" in headers:
            self._offset = f"{headers['lsn']}_{headers['op_position']}"


class ServerBusy(Exception):
    """The server answered with a status from 500 on."""


async def _events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The messages of a stream of server-sent events."""
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line[6:])
