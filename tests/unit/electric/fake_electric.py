"""A shape server for one table in memory, with faults that a test orders."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.unit.electric.answers import MUST_REFETCH, UP_TO_DATE, change, etag, headers

Table = dict[str, int]


class FakeElectric(httpx.AsyncBaseTransport):
    """Serves one table by the protocol, in chunks of two messages, and injects the faults of its list."""

    def __init__(self) -> None:
        self.table: Table = {}
        self.history: list[Table] = [{}]
        self.faults: list[str] = []
        self.splits = random.Random(0)
        self.answers: list[tuple[str, str, httpx.Response]] = []
        self._generation = 0
        self._lsn = 0
        self._news = asyncio.Event()
        self.rotate(announced=True)

    def rotate(self, *, announced: bool) -> None:
        """Drop the shape. The next one has another handle, which 409s name if it is `announced`."""
        self._generation += 1
        self._announced = announced
        self._snapshot = [change("insert", key, n=str(n)) for key, n in self.table.items()]
        self._log: list[dict[str, Any]] = []
        self.wake_requests()

    def commit(self, new: Table) -> None:
        """Replace the table by `new` in one transaction, which also inserts and deletes another row."""
        operations: list[tuple[str, str, dict[str, str]]] = [
            ("insert", "z", {"n": "8"}),
            ("update", "z", {"n": "9"}),
            ("delete", "z", {}),
        ]
        operations += [("delete", key, {}) for key in self.table.keys() - new.keys()]
        operations += [("insert", key, {"n": str(new[key])}) for key in new.keys() - self.table.keys()]
        same = [key for key in new.keys() & self.table.keys() if new[key] != self.table[key]]
        operations += [("update", key, {"n": str(new[key])}) for key in same]
        self._lsn += 10
        for place, (operation, key, value) in enumerate(operations):
            self._log.append(change(operation, key, f"{self._lsn}_{2 * place}", **value))
        self.table = new
        self.history.append(dict(new))
        self.wake_requests()

    def wake_requests(self) -> None:
        """Let every waiting request continue."""
        self._news.set()
        self._news = asyncio.Event()

    @property
    def handle(self) -> str:
        return f"h{self._generation}"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        fault = self.faults.pop(0) if self.faults else None
        if fault == "refused":
            raise httpx.ConnectError("refused")
        if fault == "unanswered":
            raise httpx.RemoteProtocolError("closed")
        if fault == "busy":
            return httpx.Response(self.splits.choice([429, 500, 503]), json={"message": "busy"})
        if fault in ("stale", "another's") and (cached := self._cached(query, fault)):
            return self.splits.choice(cached)
        if fault == "other handle" and "handle" in query:
            messages = [change("insert", "e", n="8"), UP_TO_DATE]
            return httpx.Response(200, headers=headers("77_0", handle="h0"), json=messages)
        return await self._serve(query, fault)

    def _cached(self, query: dict[str, str], fault: str) -> list[httpx.Response]:
        """What a cache whose key lacks the cache-buster returns; with `another's`, the key also lacks handle
        and offset.
        """
        handle, offset = query.get("handle", ""), query["offset"]
        if fault == "stale":
            return [answer for _, asked, answer in self.answers if asked == offset == "-1"]
        return [
            answer
            for generation, asked, answer in self.answers
            if asked != offset or (handle and generation != handle)
        ]

    async def _serve(self, query: dict[str, str], fault: str | None) -> httpx.Response:
        offset, live = query["offset"], query.get("live") == "true"
        assert not (live and offset == "-1")
        if offset == "-1":
            return self._answer(query, self._snapshot[:2], "0_0", fault)
        if query["handle"] != self.handle:
            named = {"electric-handle": self.handle} if self._announced else {}
            return httpx.Response(409, headers=named, json=[MUST_REFETCH])
        if offset.startswith("0_") and (start := 2 * int(offset[2:].replace("inf", "999")) + 2) < len(
            self._snapshot
        ):
            return self._answer(query, self._snapshot[start : start + 2], f"0_{start // 2}", fault)
        if "live_sse" in query:
            ahead = f"{self._lsn + 90}_0"
            named = etag(self.handle, offset, ahead)
            response_headers = headers(
                ahead, handle=self.handle, content_type="text/event-stream", etag=named
            )
            return httpx.Response(200, headers=response_headers, stream=_Events(self, offset, fault))
        if live and not self._after(offset):
            generation, news = self._generation, self._news
            await news.wait()
            if generation != self._generation:
                return httpx.Response(409, json=[MUST_REFETCH])
        following = self._after(offset)
        chunk = following[:2]
        reached = _offset(chunk[-1]) if chunk else "0_inf" if offset.startswith("0_") else offset
        return self._answer(query, [*chunk, *([UP_TO_DATE] if len(following) <= 2 else [])], reached, fault)

    def _after(self, offset: str) -> list[dict[str, Any]]:
        if offset.startswith("0_"):
            return self._log
        return [message for message in self._log if _log_position(_offset(message)) > _log_position(offset)]

    def _answer(
        self, query: dict[str, str], messages: list[Any], offset: str, fault: str | None
    ) -> httpx.Response:
        body = json.dumps(messages).encode()
        response_headers = headers(
            offset, handle=self.handle, etag=etag(self.handle, query["offset"], offset)
        )
        del response_headers["electric-schema" if "live" in query else "electric-cursor"]
        self.answers.append(
            (self.handle, query["offset"], httpx.Response(200, headers=response_headers, content=body))
        )
        if fault == "garbled":
            return httpx.Response(200, headers=response_headers, content=body[:-1])
        if fault == "cut":
            return httpx.Response(200, headers=response_headers, stream=_Cut(body[: len(body) // 2]))
        return httpx.Response(200, headers=response_headers, content=body)


class _Cut(httpx.AsyncByteStream):
    def __init__(self, piece: bytes) -> None:
        self._piece = piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._piece
        raise httpx.ReadError("reset")


class _Events(httpx.AsyncByteStream):
    """An event stream that ends when the shape is dropped, or when it is woken without changes."""

    def __init__(self, server: FakeElectric, offset: str, fault: str | None) -> None:
        self._server, self._offset, self._fault = server, offset, fault

    async def __aiter__(self) -> AsyncIterator[bytes]:
        server, generation = self._server, self._server._generation
        yield b": keep-alive\n\n"
        while generation == server._generation:
            news, messages = server._news, server._after(self._offset)
            if messages:
                self._offset = _offset(messages[-1])
                if self._fault == "repeated":
                    messages = [*messages, UP_TO_DATE, *messages[server.splits.randrange(len(messages)) :]]
                data = "".join(
                    f"data: {json.dumps(message)}\n\n" for message in [*messages, UP_TO_DATE]
                ).encode()
                end = len(data) // 2 if self._fault == "cut" else len(data)
                for piece in _pieces(data[:end], server.splits):
                    yield piece
                if self._fault == "cut":
                    raise httpx.ReadError("reset")
            else:
                await news.wait()
                if not server._after(self._offset):
                    return


def _pieces(data: bytes, splits: random.Random) -> list[bytes]:
    cuts = sorted(splits.choices(range(len(data) + 1), k=3))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _offset(message: dict[str, Any]) -> str:
    return f"{message['headers']['lsn']}_{message['headers']['op_position']}"


def _log_position(offset: str) -> tuple[int, ...]:
    return tuple(map(int, offset.split("_")))
