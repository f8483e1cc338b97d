"""The HTTP loop over event streams."""

import httpx

from tests.unit.electric.answers import (
    UP_TO_DATE,
    Answers,
    Rests,
    batch,
    change,
    events,
    recorded,
    snapshot,
    stream,
    until,
)
from tests.unit.electric.following import Following, follow
from tests.unit.electric.recordings import exchanges


async def test_the_recorded_event_stream_is_asked_for_exactly_so(followings: list[Following]) -> None:
    """Recording 06: snapshot, catch-up, then one stream, whose three transactions come as three batches."""
    sequence = exchanges("06")[:3]
    answers = Answers(*map(recorded, sequence))
    followings.append(Following(stream(answers, table="sse_t"), answers))

    await until(lambda: len(followings[0].batches) == 5)

    assert answers.queries == [exchange.query for exchange in sequence]
    assert [len(messages) for messages in followings[0].batches[2:]] == [2, 3, 2]
    assert repr(followings[0].stream) == "<ShapeStream of sse_t, live at 31776720_0>"


async def test_an_ended_event_stream_is_opened_again_from_the_last_change(
    followings: list[Following],
) -> None:
    """Electric closes it after a minute: no wait, no notice, and the offset that the events reached."""
    rests = Rests()
    told = events(change("insert", "a", "5_0"), change("update", "a", "5_2"), UP_TO_DATE)

    done = await follow(followings, *snapshot(), told, sleep=rests)

    assert done.answers.queries[3].items() >= {"offset": "5_2", "live_sse": "true", "cursor": "7"}.items()
    assert rests.seconds == []
    assert done.stream.status.name == "live"


async def test_a_transaction_cut_off_in_an_event_stream_is_asked_for_again(
    followings: list[Following],
) -> None:
    """Only what up-to-date has sealed counts."""
    cut = events(
        change("insert", "a", "5_0"), UP_TO_DATE, change("insert", "b", "6_0"), cut=httpx.ReadError("")
    )

    done = await follow(followings, *snapshot(), cut)

    assert [len(messages) for messages in done.batches] == [1, 2]
    assert done.answers.queries[3]["offset"] == "5_0"


async def test_three_short_event_streams_are_followed_by_long_polls(followings: list[Following]) -> None:
    """With growing waits in between; a proxy that cannot stream still lets answers through."""
    rests = Rests()

    done = await follow(followings, *snapshot(), events(), events(), events(), sleep=rests)

    assert ["live_sse" in query for query in done.answers.queries[2:]] == [True, True, True, False]
    assert rests.seconds == [0.1, 0.2]


async def test_an_event_stream_that_is_cut_before_any_event_counts_as_short(
    followings: list[Following],
) -> None:
    """Some proxies reset what they cannot pass on."""
    cut = [events(cut=httpx.ReadError("")) for _ in range(3)]
    caught_up = [batch("0_inf", UP_TO_DATE) for _ in range(2)]

    done = await follow(followings, *snapshot(), cut[0], cut[1], caught_up[0], cut[2], caught_up[1])

    assert "live_sse" not in done.answers.queries[-1]
    assert done.answers.queries[-1]["live"] == "true"


async def test_a_server_without_event_streams_may_answer_with_json(followings: list[Following]) -> None:
    """Older servers overlook live_sse: what they send is a long poll's answer."""
    done = await follow(followings, *snapshot(), batch("5_0", change("insert", "a", "5_0"), UP_TO_DATE))

    assert done.answers.queries[3]["offset"] == "5_0"
    assert [len(messages) for messages in done.batches] == [1, 2]


async def test_a_must_refetch_among_events_restarts_the_shape(followings: list[Following]) -> None:
    """1.7.12 only ends the stream, others say it."""
    done = await follow(followings, *snapshot(), events({"headers": {"control": "must-refetch"}}))

    assert done.answers.queries[3] == {"table": "notes", "offset": "-1", "cache-buster": "n-1"}
