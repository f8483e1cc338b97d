"""The requests of the HTTP loop, and the messages and statuses that it yields."""

import logging

import httpx
import pytest

from scriptwriter.electric import RequestRefused, ShapeStream
from scriptwriter.electric.protocol import CAUGHT_UP
from tests.unit.electric.answers import (
    UP_TO_DATE,
    URL,
    Answers,
    Body,
    Clock,
    Sleeps,
    batch,
    headers,
    must_refetch,
    recorded,
    snapshot,
    stream,
    until,
)
from tests.unit.electric.recordings import exchanges
from tests.unit.electric.stream_reader import DOWN, StreamReader, follow


async def test_the_requests_equal_those_of_the_recorded_long_polls(readers: list[StreamReader]) -> None:
    """Recording 01: nine requests, each of which follows from the answer before."""
    sequence = exchanges("01")[:9]

    done = await follow(readers, *map(recorded, sequence), table="todos", live_sse=False)

    assert done.answers.queries[:9] == [exchange.query for exchange in sequence]


async def test_every_request_has_the_same_shape_definition(readers: list[StreamReader]) -> None:
    """Table, where, numbered parameters, columns and secret."""
    definition = {
        "where": "a = $1 AND b = $2",
        "params": ["x", "y"],
        "columns": ["id", '"B c"'],
        "secret": "s3",
    }

    done = await follow(readers, *snapshot(), **definition)

    expected = {"table": "notes", "where": "a = $1 AND b = $2", "params[1]": "x", "params[2]": "y"}
    for query in done.answers.queries:
        assert query.items() >= (expected | {"columns": 'id,"B c"', "secret": "s3"}).items()


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_ends_the_stream_with_an_error(readers: list[StreamReader], status: int) -> None:
    """A retry would not help, and without an error the table would look empty."""
    done = await follow(readers, httpx.Response(status, json={"message": "no such thing"}))

    assert isinstance(done.error, RequestRefused)
    assert (done.error.status, "no such thing" in str(done.error)) == (status, True)


async def test_the_secret_is_never_logged_or_shown(
    readers: list[StreamReader], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in logs (httpx writes whole URLs), nor in a repr, nor in an error that quotes the URL."""
    caplog.set_level(logging.DEBUG)
    page = httpx.Response(403, text=f"<p>{URL}?secret=s3%2Fcret and s3/cret are not allowed</p>")

    done = await follow(readers, *snapshot(), DOWN, page, secret="s3/cret")

    text = f"{done.stream!r} {done.error!r} {done.error} {caplog.text}"
    assert done.answers.queries[0]["secret"] == "s3/cret"
    assert "HTTP Request: GET" in text
    assert "cret" not in text.replace("secret", "")


@pytest.mark.parametrize("live_sse", [True, False], ids=["sse", "long-poll"])
async def test_a_wrong_answer_of_a_cache_is_requested_again_and_logged_once(
    readers: list[StreamReader], caplog: pytest.LogCaptureFixture, live_sse: bool
) -> None:
    """The first snapshot answers a live request, twice; the operator gets one log entry."""
    first, last = snapshot()
    news = batch("5_0", UP_TO_DATE), batch("6_0", UP_TO_DATE)

    done = await follow(readers, first, last, *[snapshot()[0], *news[:1]] * 2, news[1], live_sse=live_sse)

    places = [(query["offset"], query.get("cache-buster")) for query in done.answers.queries]
    assert places[2:6] == [("0_inf", None), ("0_inf", "n-1"), ("5_0", None), ("5_0", "n-2")]
    assert done.batches == [[CAUGHT_UP]] * 4
    assert [record.levelname for record in caplog.records if "cache" in record.message] == ["WARNING"]


async def test_a_reader_that_knew_the_shape_before_asks_past_caches(readers: list[StreamReader]) -> None:
    """From the first request until it is up to date."""
    done = await follow(readers, *snapshot(), past_caches=True)

    assert [query.get("cache-buster") for query in done.answers.queries] == ["n-0", "n-0", None]


async def test_the_status_says_how_current_the_rows_are(readers: list[StreamReader]) -> None:
    """syncing, live, resyncing after a 409, disconnected in an outage, and since when."""
    clock, statuses = Clock(), list[tuple[str, float]]()

    def note() -> None:
        status = readers[0].stream.status
        statuses.append((status.name, status.since))
        clock.now += 1

    answers = Answers(
        *snapshot(), must_refetch("h2"), *snapshot(handle="h2"), DOWN, batch("0_inf", UP_TO_DATE, handle="h2")
    )
    readers.append(StreamReader(stream(answers, clock=clock, on_status=note, live_sse=False), answers))
    first = readers[0].stream.status
    await readers[0].to_the_end()

    assert (first.name, first.since) == ("syncing", 1000.0)
    assert statuses == [
        ("live", 1000.0),
        ("resyncing", 1001.0),
        ("live", 1002.0),
        ("disconnected", 1003.0),
        ("live", 1004.0),
    ]


async def test_answers_without_progress_are_requested_ever_more_slowly(readers: list[StreamReader]) -> None:
    """A cache that answers live requests at once must not be asked a thousand times a second."""
    sleeps = Sleeps()
    nothing_new = [batch("0_inf", UP_TO_DATE) for _ in range(8)]

    await follow(readers, *snapshot(), *nothing_new, sleep=sleeps, live_sse=False)

    assert sleeps.seconds == [0.1, 0.2, 0.4, 0.8, 1.6]


async def test_a_shape_that_is_dropped_repeatedly_is_requested_ever_more_slowly(
    readers: list[StreamReader],
) -> None:
    """The first 409 is followed at once, later ones are not."""
    sleeps = Sleeps()

    await follow(readers, *snapshot(), *[must_refetch() for _ in range(4)], sleep=sleeps)

    assert sleeps.seconds == [0.1, 0.2, 0.4]


async def test_an_empty_long_poll_is_followed_by_the_next_at_once(readers: list[StreamReader]) -> None:
    """Twenty seconds without changes are normal, and no reason to wait."""
    sleeps, clock = Sleeps(), Clock()
    answers = Answers(*snapshot(), *[batch("0_inf", UP_TO_DATE) for _ in range(9)])
    inner = answers.handle_async_request

    async def slowly(request: httpx.Request) -> httpx.Response:
        clock.now += 20
        return await inner(request)

    answers.handle_async_request = slowly  # type: ignore[method-assign]
    readers.append(StreamReader(stream(answers, sleep=sleeps, clock=clock, live_sse=False), answers))
    await readers[0].to_the_end()

    assert sleeps.seconds == []


@pytest.mark.parametrize("live_sse", [True, False])
async def test_ending_the_reader_closes_the_connection(live_sse: bool) -> None:
    """A closed page leaves no connection behind."""
    body = Body(b": keep-alive\n\n", endless=True)
    kind = "text/event-stream" if live_sse else "application/json"
    answers = Answers(
        *snapshot(), httpx.Response(200, headers=headers("5_0", content_type=kind), stream=body)
    )
    following = StreamReader(stream(answers, live_sse=live_sse), answers)
    await until(lambda: len(answers.requests) == 3)

    await following.stop()

    assert body.closed.is_set()


def test_a_url_that_is_not_http_is_refused_at_once() -> None:
    """Retrying it would look like an outage."""
    with pytest.raises(ValueError, match="localhost:3000"):
        ShapeStream("localhost:3000/v1/shape", table="notes")
