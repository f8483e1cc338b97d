"""The HTTP loop over event streams."""

import gzip
import json

import httpx
import pytest

from tests.unit.electric.answers import (
    UP_TO_DATE,
    Answers,
    Body,
    Clock,
    Sleeps,
    batch,
    change,
    events,
    headers,
    must_refetch,
    recorded,
    snapshot,
    stream,
    until,
)
from tests.unit.electric.recordings import exchanges
from tests.unit.electric.stream_reader import StreamReader, follow


async def test_the_requests_equal_those_of_the_recorded_event_stream(readers: list[StreamReader]) -> None:
    """Recording 06: snapshot, catch-up, then one stream with three transactions, which give three batches."""
    sequence = exchanges("06")[:3]
    answers = Answers(*map(recorded, sequence))
    readers.append(StreamReader(stream(answers, table="sse_t"), answers))

    await until(lambda: len(readers[0].batches) == 5)

    assert answers.queries == [exchange.query for exchange in sequence]
    assert [len(messages) for messages in readers[0].batches[2:]] == [2, 3, 2]
    assert repr(readers[0].stream) == "<ShapeStream of sse_t, live at 31776720_0>"


async def test_an_ended_event_stream_is_reopened_after_the_last_change(
    readers: list[StreamReader],
) -> None:
    """Electric closes it after a minute: no wait, no log entry, and the offset of the last event."""
    sleeps = Sleeps()
    stream_events = events(change("insert", "a", "5_0"), change("update", "a", "5_2"), UP_TO_DATE)

    done = await follow(readers, *snapshot(), stream_events, sleep=sleeps)

    assert done.answers.queries[3].items() >= {"offset": "5_2", "live_sse": "true", "cursor": "7"}.items()
    assert sleeps.seconds == []
    assert done.stream.status.name == "live"


async def test_a_transaction_cut_off_in_an_event_stream_is_requested_again(
    readers: list[StreamReader],
) -> None:
    """Only changes before an up-to-date count."""
    cut = events(
        change("insert", "a", "5_0"), UP_TO_DATE, change("insert", "b", "6_0"), cut=httpx.ReadError("")
    )

    done = await follow(readers, *snapshot(), cut)

    assert [len(messages) for messages in done.batches] == [1, 2]
    assert done.answers.queries[3]["offset"] == "5_0"


async def test_three_short_event_streams_are_followed_by_long_polls(readers: list[StreamReader]) -> None:
    """With growing waits in between. A proxy that cannot stream may still forward long polls."""
    sleeps = Sleeps()

    done = await follow(readers, *snapshot(), events(), events(), events(), sleep=sleeps)

    assert ["live_sse" in query for query in done.answers.queries[2:]] == [True, True, True, False]
    assert sleeps.seconds == [0.1, 0.2]


async def test_an_event_stream_that_is_cut_before_any_event_counts_as_short(
    readers: list[StreamReader],
) -> None:
    """Some proxies reset connections that they cannot forward."""
    cut = [events(cut=httpx.ReadError("")) for _ in range(3)]
    caught_up = [batch("0_inf", UP_TO_DATE) for _ in range(2)]

    done = await follow(readers, *snapshot(), cut[0], cut[1], caught_up[0], cut[2], caught_up[1])

    assert "live_sse" not in done.answers.queries[-1]
    assert done.answers.queries[-1]["live"] == "true"


async def test_a_server_without_event_streams_may_answer_with_json(readers: list[StreamReader]) -> None:
    """Older servers ignore live_sse, and answer as to a long poll."""
    done = await follow(readers, *snapshot(), batch("5_0", change("insert", "a", "5_0"), UP_TO_DATE))

    assert done.answers.queries[3]["offset"] == "5_0"
    assert [len(messages) for messages in done.batches] == [1, 2]


async def test_a_must_refetch_among_events_restarts_the_shape(readers: list[StreamReader]) -> None:
    """Electric 1.7.12 only ends the stream; other servers send the message."""
    done = await follow(readers, *snapshot(), events({"headers": {"control": "must-refetch"}}))

    assert done.answers.queries[3] == {"table": "notes", "offset": "-1", "cache-buster": "n-1"}


async def test_short_event_streams_that_a_409_explains_do_not_count(readers: list[StreamReader]) -> None:
    """The server ends the stream of a dropped shape, so events are not blocked."""
    dropped = [(events(handle=f"h{n}"), must_refetch(), *snapshot(handle=f"h{n + 1}")) for n in range(1, 5)]

    done = await follow(readers, *snapshot(), *[answer for life in dropped for answer in life])

    assert done.answers.queries[-1].items() >= {"handle": "h5", "live_sse": "true"}.items()


async def test_a_quiet_event_stream_that_is_cut_repeatedly_is_no_outage(
    readers: list[StreamReader], caplog: pytest.LogCaptureFixture
) -> None:
    """Some proxies time out between two keep-alives; each stream was a success."""
    clock, sleeps, notifications = Clock(), Sleeps(), list[str]()

    class Cut(Body):
        async def __aiter__(self):
            clock.now += 15
            raise httpx.ReadError("")
            yield b""

    kind = headers("0_inf", content_type="text/event-stream")
    streams = [httpx.Response(200, headers=kind, stream=Cut()) for _ in range(5)]
    done = await follow(
        readers,
        *snapshot(),
        *streams,
        sleep=sleeps,
        clock=clock,
        on_status=lambda: notifications.append("!"),
    )

    assert all("live_sse" in query for query in done.answers.queries[2:])
    assert (len(notifications), sleeps.seconds, caplog.records) == (1, [], [])


async def test_an_event_stream_that_a_proxy_compressed_is_read(readers: list[StreamReader]) -> None:
    """The client does not ask for compression.

    If it could not read it, the shape would seem live without changing.
    """
    messages = [change("insert", "a", "5_0"), UP_TO_DATE]
    body = gzip.compress(b"".join(b"data: %s\n\n" % json.dumps(message).encode() for message in messages))
    kind = headers("0_inf", content_type="text/event-stream", content_encoding="gzip")
    packed = httpx.Response(200, headers=kind, stream=Body(body[:20], body[20:]))

    done = await follow(readers, *snapshot(), packed)

    assert [len(batch) for batch in done.batches] == [1, 2]
    assert done.answers.queries[3]["offset"] == "5_0"
