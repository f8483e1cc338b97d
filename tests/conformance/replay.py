"""Sends recorded requests to the embedded shape server and compares the answers with those recorded."""

import asyncio
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import psycopg

from tests.conformance.recording import Exchange, Statement, read_recording
from tests.support.shape_servers import SECRET

REWRITES = {
    "now())": "'2026-11-23 01:06:26.531908+00')",
    # The embedded PostgreSQL is built without libxml.
    " xml xml,": " xml text,",
    '"xml":{"type":"xml"}': '"xml":{"type":"text"}',
}

# Headers whose values differ from run to run, or depend on the bytes of the body.
_UNCOMPARED = {"date", "x-request-id", "etag", "electric-handle", "electric-cursor", "electric-offset"}
_FRAMING = {"transfer-encoding", "content-length", "date", "connection"}
_OF_THE_RUN = {"lsn", "op_position", "txids", "last", "key_change_to", "key_change_from"}


@dataclass
class Replay:
    """The replay of a recording: maps recorded handles and offsets to those of the server under test."""

    http: httpx.AsyncClient
    connection: psycopg.AsyncConnection
    known: Mapping[str, str]
    handles: dict[str, str] = field(default_factory=dict)
    offsets: dict[tuple[str, str], str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    compared: int = 0

    async def play(self, name: str, until: float = math.inf) -> None:
        """Execute each statement and request of a recording, and note differences.

        Stops at second `until` of the recording.
        """
        for step in read_recording(name, REWRITES):
            if step.at > until:
                break
            if isinstance(step, Statement):
                await self._run(step)
            elif not step.raw and step.status:
                await self._exchange(step)

    async def _run(self, statement: Statement) -> None:
        if not statement.sql.startswith("SELECT"):
            await self.connection.execute(statement.sql.encode())

    async def _exchange(self, exchange: Exchange) -> None:
        target = self._translated(exchange.target)
        headers = {name: self._translated(value) for name, value in exchange.request_headers.items()}
        # Not through httpx's parameters, since a recorded request repeats one of them.
        secret = f"{'&' if '?' in target else '?'}secret={quote(SECRET)}"
        request = httpx.Request(
            exchange.method, str(self.http.base_url).rstrip("/") + target + secret, headers=headers
        )
        waiting = asyncio.create_task(self.http.send(request))
        if exchange.during:
            await self._until_request_is_received()
        for statement in exchange.during:
            await self._run(statement)
        response = await waiting
        self._learn(exchange, response)
        self._compare(exchange, response)

    async def _until_request_is_received(self) -> None:
        # The server answers in order, so after these answers it has received the request before them.
        for _ in range(4):
            await self.http.get("/v1/health")

    def _translated(self, target: str) -> str:
        """The request target with the handle and offset of the server under test."""
        query = urlsplit(target).query
        handle = re.search(r"(?:^|&)handle=([^&]*)", query)
        there = handle[1] if handle else ""
        for recorded, here in self.handles.items():
            target = target.replace(recorded, here)

        def offset(match: re.Match[str]) -> str:
            return match[1] + self.offsets.get((there, match[2]), match[2])

        return re.sub(r"([?&]offset=)([^&]*)", offset, target)

    def _learn(self, exchange: Exchange, response: httpx.Response) -> None:
        """Remember which handle and offset correspond to the recorded ones."""
        there, here = exchange.headers.get("electric-handle"), response.headers.get("electric-handle")
        if there and here:
            self.handles.setdefault(there, here)
            if "electric-offset" in response.headers and "electric-offset" in exchange.headers:
                offsets = exchange.headers["electric-offset"], response.headers["electric-offset"]
                self.offsets[there, offsets[0]] = offsets[1]

    def _compare(self, exchange: Exchange, response: httpx.Response) -> None:
        """Note each difference from the recorded response, unless it is a known one."""
        found = [*_status_and_headers(exchange, response, self.handles), *_body(exchange, response)]
        self.compared += 1
        for part, there, here in found:
            place = f"{exchange.method} {exchange.target}"
            excuse = next(
                (k for k in self.known if re.search(k, f"{exchange.title} | {place} | {part}")), None
            )
            if excuse is None:
                self.differences.append(
                    f"[{exchange.at:.3f}] {exchange.title} | {place} | {part}\n"
                    f"   Electric: {there}\n   here:     {here}"
                )
            else:
                self.used.add(excuse)


def _status_and_headers(
    exchange: Exchange, response: httpx.Response, handles: Mapping[str, str]
) -> list[tuple[str, object, object]]:
    """The differences in status and headers: part, recorded value, value here."""
    found: list[tuple[str, object, object]] = []
    if exchange.status != response.status_code:
        found.append(("status", exchange.status, f"{response.status_code} {response.text[:200]}"))
    names = set(exchange.headers) - _FRAMING, set(response.headers) - _FRAMING
    if names[0] != names[1]:
        found.append(("header names", sorted(names[0] - names[1]), sorted(names[1] - names[0])))
    for name in names[0] & names[1] - _UNCOMPARED - {"electric-schema"}:
        if exchange.headers[name] != response.headers[name]:
            found.append((name, exchange.headers[name], response.headers[name]))
    there, here = (h.get("electric-schema", "null") for h in (exchange.headers, response.headers))
    if names[0] == names[1] and json.loads(there) != json.loads(here):
        found.append(("electric-schema", there, here))
    offset = exchange.headers.get("electric-offset", "")
    if offset.startswith("0_") and offset != response.headers.get("electric-offset"):
        found.append(("electric-offset", offset, response.headers.get("electric-offset")))
    handle = exchange.headers.get("electric-handle", "")
    if handle and handles.get(handle) != response.headers.get("electric-handle"):
        found.append(("electric-handle", handles.get(handle), response.headers.get("electric-handle")))
    return found


def _body(exchange: Exchange, response: httpx.Response) -> list[tuple[str, object, object]]:
    """The difference in the body, if there is one."""
    there, here = _readable(exchange.body), _readable(response.text)
    return [] if there == here else [("body", there, here)]


def _readable(text: str) -> object:
    """A body in comparable form: a list of messages as its net effect, other JSON as its value."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return net_effect(value) if isinstance(value, list) else value


def net_effect(messages: list[dict[str, Any]]) -> dict[str, object]:
    """The combined effect of messages on each key, without regard to order.

    Electric sends each statement of a transaction, and a server that re-reads only their result.
    """
    effect: dict[str, Any] = {}
    for message in messages:
        headers = {k: v for k, v in message["headers"].items() if k not in _OF_THE_RUN}
        if "control" in headers:
            effect[f"control {headers['control']}"] = True
            continue
        key, operation = message["key"], headers["operation"]
        before = effect.pop(key, None)
        if before and before["operation"] == "insert" and operation == "update":
            effect[key] = {**before, "value": {**before["value"], **message["value"]}}
        elif not (before and before["operation"] == "insert" and operation == "delete"):
            rest = {name: message[name] for name in message if name not in ("headers", "key")}
            effect[key] = {**rest, **headers}
    return effect
