"""The embedded shape server sends the event stream that Electric sent."""

import asyncio
import json
import re

import httpx
import pytest

from tests.conformance.recording import Exchange, read_recording
from tests.conformance.shape_requests import first_sync
from tests.support import outside_electric
from tests.support.shape_servers import SECRET, client, database, shape_server

_OF_THE_RUN = re.compile(r'"(lsn|global_last_seen_lsn)":"[0-9]+"|"txids":\[[0-9]+\]')
FRAME = (b"data: ", b"\n\n")
_UNCOMPARED = {"date", "x-request-id", "electric-cursor", "etag", "electric-handle"}


def _recorded() -> list[Exchange]:
    """The requests of the recording of event streams."""
    return [step for step in read_recording("06-live-sse.txt") if isinstance(step, Exchange)]


def _headers_and_events(raw: list[bytes]) -> tuple[int, dict[str, str], list[str]]:
    """Status, headers and events of a raw HTTP response."""
    head, _, rest = b"".join(raw).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    named = (line.partition(":") for line in lines[1:])
    headers = {name.lower(): value.strip() for name, _, value in named}
    return int(lines[0].split()[1]), headers, b"".join(_chunks(rest)).decode().split("\n\n")


def _chunks(raw: bytes) -> list[bytes]:
    """The data of each HTTP chunk of a body."""
    chunks: list[bytes] = []
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        chunks.append(raw[: int(size, 16)])
        raw = raw[int(size, 16) + 2 :]
    return chunks


def _comparable(event: str) -> object:
    """An event without the numbers that differ from run to run."""
    event = _OF_THE_RUN.sub('"run":0', event)
    return json.loads(event[6:]) if event.startswith("data: ") else event


async def _next_chunks(stream: "asyncio.StreamReader", events: int) -> list[bytes]:
    """The HTTP chunks up to the end of so many events."""
    chunks: list[bytes] = []
    async with asyncio.timeout(20):
        while b"".join(chunks).count(b"\n\n") < events:
            size = int(await stream.readline(), 16)
            chunks.append((await stream.readexactly(size + 2))[:-2])
    return chunks


@pytest.mark.parametrize("in_parts", [False, True], ids=["whole events", "in parts"])
async def test_an_event_stream_carries_the_recorded_headers_and_events(
    in_parts: bool, empty_database: str
) -> None:
    """Headers, one event per message, and up-to-date after each transaction."""
    stream = next(e for e in _recorded() if e.raw and "live_sse=true" in e.target)
    status, headers, events = _headers_and_events(stream.raw[:-1])
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, sse_in_parts=in_parts) as url,
        client(url) as http,
    ):
        await connection.execute(
            "CREATE TABLE sse_t (id int PRIMARY KEY, v text); INSERT INTO sse_t VALUES (1, 'one')"
        )
        handle, offset, _ = await first_sync(http, table="sse_t")
        query = {"table": "sse_t", "handle": handle, "offset": offset, "live": "true", "live_sse": "true"}
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        target = f"/v1/shape?{httpx.QueryParams({**query, 'secret': SECRET})}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")

        chunks: list[bytes] = []
        for statement, count in [
            ("INSERT INTO sse_t VALUES (2, 'two')", 2),
            ("INSERT INTO sse_t VALUES (3, 'three'), (4, 'four')", 3),
            ("UPDATE sse_t SET v = 'x' WHERE id = 2", 2),
        ]:
            await connection.execute(statement.encode())
            chunks += await _next_chunks(reader, count)
        writer.close()

    here = _headers_and_events([head])
    assert here[0] == status
    assert here[1].keys() == headers.keys()
    assert {k: v for k, v in here[1].items() if k not in _UNCOMPARED} == {
        k: v for k, v in headers.items() if k not in _UNCOMPARED
    }
    seen = b"".join(chunks).decode().split("\n\n")
    assert [_comparable(event) for event in seen if event] == [
        _comparable(event) for event in events if event
    ]
    recorded = _chunks(b"".join(stream.raw[1:-1]))
    if in_parts or outside_electric.URL:
        assert [chunk if chunk in FRAME else b"" for chunk in chunks] == [
            chunk if chunk in FRAME else b"" for chunk in recorded
        ]
    else:
        assert len(chunks) == 3 < len(recorded)


async def test_a_silent_stream_is_kept_alive_and_then_closed(empty_database: str) -> None:
    """Comments keep the connection alive until the server ends the response."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, sse_keep_alive=0.2, sse_lifetime=0.7) as url,
        client(url) as http,
    ):
        await connection.execute("CREATE TABLE sse_t (id int PRIMARY KEY)")
        handle, offset, _ = await first_sync(http, table="sse_t")

        response = await http.get(
            "/v1/shape",
            params={"table": "sse_t", "handle": handle, "offset": offset, "live": "true", "live_sse": "true"},
        )

        assert response.text.replace(": keep-alive\n\n", "") == ""
        assert response.text.startswith(": keep-alive\n\n")


async def test_a_truncate_ends_the_stream_and_the_next_request_gets_a_409(empty_database: str) -> None:
    """As recorded, the stream has no event for a TRUNCATE."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute("CREATE TABLE sse_t (id int PRIMARY KEY)")
        handle, offset, _ = await first_sync(http, table="sse_t")
        query = {"table": "sse_t", "handle": handle, "offset": offset, "live": "true"}

        async with http.stream(
            "GET", "/v1/shape", params=http.params.merge({**query, "live_sse": "true"})
        ) as response:
            await connection.execute("TRUNCATE sse_t")
            body = await response.aread()
        after = await http.get("/v1/shape", params=query)

        assert body == b""
        assert after.status_code == 409
        assert after.headers["electric-handle"] != handle


async def test_invalid_requests_for_a_stream_get_the_recorded_answers(empty_database: str) -> None:
    """live_sse without live, with offset -1, and with an unknown handle."""
    refused = [e for e in _recorded() if e.status == 400]
    unknown = next(e for e in _recorded() if e.raw and "handle=123-456" in e.target)
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute("CREATE TABLE sse_t (id int PRIMARY KEY)")

        for exchange in refused:
            response = await http.get(
                "/v1/shape", params=http.params.merge(httpx.URL(exchange.target).params)
            )
            assert (response.status_code, response.text) == (400, exchange.body)
        response = await http.get("/v1/shape", params=http.params.merge(httpx.URL(unknown.target).params))

        assert len(refused) == 2
        assert response.status_code == 409
        assert unknown.raw[0].endswith(response.content)
