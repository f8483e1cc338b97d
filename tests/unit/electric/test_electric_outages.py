"""The HTTP loop while the server does not answer."""

import asyncio
import logging
from contextlib import aclosing

import httpx
import pytest

from scriptwriter.electric import ShapeStream
from scriptwriter.electric.protocol import CAUGHT_UP
from scriptwriter.electric.retry import Backoff
from tests.unit.electric.answers import (
    UP_TO_DATE,
    Body,
    Sleeps,
    batch,
    defining,
    headers,
    recorded,
    snapshot,
)
from tests.unit.electric.recordings import exchanges
from tests.unit.electric.stream_reader import CUT_OFF, DOWN, StreamReader, follow


async def test_the_first_lost_connection_is_retried_at_once_without_a_log_entry(
    readers: list[StreamReader], caplog: pytest.LogCaptureFixture
) -> None:
    """Electric 1.7.12 closes a connection after 50 requests without announcing it. That is no outage."""
    sleeps, notifications = Sleeps(), list[str]()

    done = await follow(
        readers,
        *snapshot(),
        CUT_OFF,
        sleep=sleeps,
        on_status=lambda: notifications.append("!"),
        live_sse=False,
    )

    assert done.answers.queries[2] == done.answers.queries[3]
    assert done.stream.status.name == "live"
    assert sleeps.seconds == []
    assert len(notifications) == 1
    assert caplog.records == []


async def test_a_server_that_closes_its_connections_is_followed_without_notice(
    readers: list[StreamReader], caplog: pytest.LogCaptureFixture
) -> None:
    """Over real sockets: the server closes each connection at its fourth request, without an answer."""
    body = b'[{"headers":{"control":"up-to-date"}}]'
    response_headers = headers("0_inf") | {
        "content-length": str(len(body)),
        "content-type": "application/json",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in response_headers.items())
    answered, hung_up = list[bytes](), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hung_up
        for _ in range(3):
            answered.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body)
        await reader.readuntil(b"\r\n\r\n")
        hung_up += 1
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port, sleeps, losses = server.sockets[0].getsockname()[1], Sleeps(), list[str]()
    async with server:
        followed = ShapeStream(
            f"http://127.0.0.1:{port}/v1/shape", table="notes", live_sse=False, sleep=sleeps,
            on_status=lambda: losses.append(followed.status.name),
        )  # fmt: skip
        async with asyncio.timeout(60), aclosing(followed.batches()) as batches:
            async for _ in batches:
                if hung_up >= 5:
                    break

    assert len(answered) > 15
    assert losses == ["live"]
    assert caplog.records == []


@pytest.mark.parametrize("loss", [DOWN, httpx.ReadTimeout(""), httpx.ReadError(""), CUT_OFF])
async def test_an_outage_keeps_handle_and_offset_and_backs_off(
    readers: list[StreamReader], loss: Exception
) -> None:
    """The waits double up to ten seconds."""
    sleeps = Sleeps()

    done = await follow(readers, *snapshot(), *[loss] * 10, sleep=sleeps, live_sse=False)

    kept = [defining(query, "live", "cursor") for query in done.answers.queries[2:]]
    assert kept == [{"table": "notes", "handle": "h1", "offset": "0_inf"}] * 11
    assert sleeps.seconds == sorted(sleeps.seconds)
    assert sleeps.seconds[-1] == 10.0
    assert done.stream.status.name == "disconnected"


async def test_after_an_outage_the_stream_catches_up_before_it_is_live_again(
    readers: list[StreamReader],
) -> None:
    """The first request is not live, so the status is known at once."""
    done = await follow(readers, *snapshot(), DOWN, batch("0_inf", UP_TO_DATE))

    assert "live" in done.answers.queries[2]
    assert "live" not in done.answers.queries[3]
    assert done.answers.queries[4].items() >= {"live": "true", "live_sse": "true"}.items()
    assert done.stream.status.name == "live"


async def test_the_retry_after_of_the_server_is_respected(readers: list[StreamReader]) -> None:
    """Recording 16: a 503 with retry-after 5 while Postgres is down."""
    [busy] = [e for e in exchanges("16") if e.status == 503 and "handle" in e.query]
    sleeps = Sleeps()

    await follow(readers, *snapshot(), recorded(busy), httpx.Response(429), sleep=sleeps)

    assert sleeps.seconds == [5.0, 0.2]


async def test_a_success_resets_the_backoff(readers: list[StreamReader]) -> None:
    """The next outage starts with the shortest wait again."""
    sleeps = Sleeps()

    await follow(readers, DOWN, DOWN, *snapshot(), DOWN, sleep=sleeps, live_sse=False)

    assert sleeps.seconds == [0.1, 0.2, 0.1]


async def test_a_truncated_body_is_requested_again(readers: list[StreamReader]) -> None:
    """Nothing of it counts, whether the connection or the JSON was cut."""
    broken = httpx.Response(200, headers=headers("9_0"), stream=Body(b'[{"key"', httpx.ReadError("")))
    garbled = httpx.Response(200, headers=headers("9_0"), content=b'[{"key"')

    done = await follow(readers, *snapshot(), broken, garbled, live_sse=False)

    assert {query["offset"] for query in done.answers.queries[2:]} == {"0_inf"}
    assert done.batches == [[CAUGHT_UP]]


async def test_an_outage_is_logged_once(
    readers: list[StreamReader], caplog: pytest.LogCaptureFixture
) -> None:
    """Hundreds of shapes must not fill a log while Electric restarts."""
    await follow(readers, *snapshot(), *[DOWN] * 5)

    assert [record.levelname for record in caplog.records if record.levelno >= logging.INFO] == ["WARNING"]


def test_jitter_spreads_the_waits_over_their_whole_range() -> None:
    """Full jitter: from zero to the maximum, but never less than the server asked for."""
    shortest, longest = Backoff(jitter=lambda: 0.0), Backoff(jitter=lambda: 1.0)

    assert [longest.wait(failures) for failures in (1, 2, 3, 8, 5000)] == [0.1, 0.2, 0.4, 10.0, 10.0]
    assert shortest.wait(7) == 0.0
    assert shortest.wait(7, retry_after=3.0) == 3.0
    assert shortest.wait(1, retry_after=1e9) == 300.0
