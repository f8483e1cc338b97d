"""The rules of the protocol as transitions of the state."""

import pytest

from scriptwriter.electric import protocol
from scriptwriter.electric.errors import MissingHeader, ProtocolError, RequestRefused, Unavailable
from scriptwriter.electric.protocol import CAUGHT_UP, Change
from scriptwriter.electric.state import Reply, ShapeState
from tests.unit.electric.answers import UP_TO_DATE, change, headers
from tests.unit.electric.recordings import Exchange, exchanges
from tests.unit.electric.states import LIVE, START, SYNCING, reply


def test_a_new_shape_is_requested_from_minus_one() -> None:
    """The first request has no handle and is not live."""
    assert START.request(sse=True) == {"offset": "-1"}


@pytest.mark.parametrize("offset", ["0_0", "0_inf", "26800584_4", "an opaque thing"])
def test_the_offset_is_sent_back_unchanged(offset: str) -> None:
    """A client does not interpret an offset."""
    state, _ = START.after(reply(offset))

    assert state.request() == {"offset": offset, "handle": "h1"}


def test_only_up_to_date_makes_the_next_request_live() -> None:
    """A chunk of a snapshot is followed by a catch-up request, the end of the log by a live one."""
    chunk, _ = START.after(reply("0_0", change("insert", "a")))
    end, messages = chunk.after(reply("0_inf", UP_TO_DATE))

    assert not chunk.live
    assert end.request() == {"offset": "0_inf", "handle": "h1", "live": "true", "cursor": "7"}
    assert messages == [CAUGHT_UP]


def test_the_up_to_date_header_is_as_good_as_the_message() -> None:
    """Either one means that the end of the log is reached; the messages always contain it."""
    state, messages = SYNCING.after(reply("0_inf", up_to_date=True))

    assert state.live
    assert messages == [CAUGHT_UP]


def test_a_live_answer_that_is_not_up_to_date_is_followed_by_a_catch_up() -> None:
    """A transaction larger than a chunk arrives in several answers."""
    state, _ = LIVE.after(reply("6_17416", change("update", "a", "6_17416")))

    assert state.request() == {"offset": "6_17416", "handle": "h1"}


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (START, "electric-handle"),
        (START, "electric-offset"),
        (START, "electric-schema"),
        (LIVE, "electric-cursor"),
    ],
)
def test_an_answer_without_a_required_header_is_an_error_naming_it(state: ShapeState, name: str) -> None:
    """A proxy that drops electric-* headers must not look like a table without changes."""
    incomplete = {key: value for key, value in headers("6_0").items() if key != name}

    with pytest.raises(MissingHeader, match=name):
        state.after(Reply(200, incomplete, b"[]"))


def test_a_live_answer_needs_no_schema_and_a_catch_up_no_cursor() -> None:
    """Electric sends each only where it is used."""
    response_headers = headers("0_0")
    del response_headers["electric-cursor"]
    START.after(Reply(200, response_headers, b"[]"))

    response_headers = headers("6_0")
    del response_headers["electric-schema"]
    state, _ = LIVE.after(Reply(200, response_headers, b"[]"))

    assert state.schema == {}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 301])
def test_a_refusal_is_an_error_with_the_servers_words(status: int) -> None:
    """An answer that no retry can change raises an error."""
    body = b'{"message":"Invalid request","errors":{"where":["unknown reference zz"]}}'

    with pytest.raises(RequestRefused, match=rf"{status}: Invalid request \(where: unknown reference zz\)"):
        START.after(Reply(status, {}, body))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"no"', b'{"errors":3}', b"\xff\xfe", b"null"])
def test_a_refusal_in_any_form_can_be_read(body: bytes) -> None:
    """Proxies write their own error pages."""
    with pytest.raises(RequestRefused):
        START.after(Reply(403, {}, body))


@pytest.mark.parametrize(("header", "seconds"), [("5", 5.0), ("soon", None), (None, None)])
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_busy_server_is_retried_later(status: int, header: str | None, seconds: float | None) -> None:
    """After the wait that it asks for, if it does."""
    response_headers = {} if header is None else {"retry-after": header}

    with pytest.raises(Unavailable) as caught:
        LIVE.after(Reply(status, response_headers, b""))

    assert caught.value.retry_after == seconds


def test_a_204_means_up_to_date_and_that_there_are_no_events() -> None:
    """Servers before 1.0 ended a long poll in this way."""
    state, messages = LIVE.after(Reply(204, {"electric-cursor": "8"}))

    assert messages == [CAUGHT_UP]
    assert state.request(sse=True) == {"offset": "5_0", "handle": "h1", "live": "true", "cursor": "8"}


def test_a_truncated_body_changes_no_state() -> None:
    """It counts as an outage."""
    with pytest.raises(Unavailable):
        LIVE.after(Reply(200, headers("6_0"), b'[{"key":'))


@pytest.mark.parametrize("number", ["01", "08", "11", "16"])
def test_the_position_of_the_last_change_is_the_offset_of_the_answer(number: str) -> None:
    """Events have no offset. Recorded long polls show that it follows from the changes."""
    for exchange in exchanges(number):
        changes = _changes(exchange)
        if changes and changes[-1].position:
            assert LIVE.streamed([*changes, CAUGHT_UP]).offset == exchange.headers["electric-offset"]


def test_opening_an_event_stream_moves_the_cursor_and_not_the_offset() -> None:
    """The offset header may be ahead of the events."""
    state, fresh = LIVE.opened(headers("99_0", electric_cursor="8"))

    assert fresh
    assert (state.offset, state.cursor) == ("5_0", "8")


def test_events_without_a_position_leave_the_offset() -> None:
    """After a reconnect they are repeated, which is harmless; an invented offset would be refused."""
    state = LIVE.streamed([Change("insert", "a", {}, "6_2"), Change("insert", "b", {}, None), CAUGHT_UP])
    unmoved = LIVE.streamed([Change("insert", "b", {}, None), CAUGHT_UP])

    assert (state.offset, unmoved.offset) == ("6_2", "5_0")


def test_three_short_event_streams_in_a_row_lead_to_long_polling() -> None:
    """A proxy probably blocks the events. A longer stream resets the count."""
    twice = LIVE.stream_closed(0.1, heard=False).stream_closed(0.1, heard=False)
    thrice = twice.stream_closed(0.1, heard=False)
    interrupted = twice.stream_closed(30.0, heard=True).stream_closed(0.1, heard=False)

    assert protocol.LIVE_SSE in twice.request(sse=True)
    assert protocol.LIVE_SSE not in thrice.request(sse=True)
    assert protocol.LIVE_SSE in interrupted.request(sse=True)


def test_a_silent_event_stream_leads_to_long_polling_at_once() -> None:
    """Keep-alives come every 21 seconds: a proxy that holds them back holds the events back, too."""
    assert protocol.LIVE_SSE not in LIVE.stream_closed(45.0, heard=False).request(sse=True)


def test_after_an_outage_the_shape_catches_up_before_it_is_live() -> None:
    """So its status is known at once instead of after a quiet long poll of twenty seconds."""
    assert LIVE.interrupted().request(sse=True) == {"offset": "5_0", "handle": "h1"}


def test_shapes_with_subqueries_are_refused_instead_of_shown_wrong() -> None:
    """Their move-out events (recording 10) remove rows by tags, which this client does not store."""
    [moved] = [e for e in exchanges("10") if b'"event":"move-out"' in e.body and e.query.get("live")]

    with pytest.raises(ProtocolError, match="subqueries"):
        protocol.messages(moved.body)


@pytest.mark.parametrize("message", [None, 1, [], {}, {"headers": {}}, {"headers": {"operation": "upsert"}}])
def test_a_message_that_cannot_be_applied_is_an_error(message: object) -> None:
    """Ignoring it would leave wrong rows."""
    with pytest.raises(ProtocolError):
        protocol.message(message)


def test_the_values_of_a_key_can_be_read() -> None:
    """Slashes are doubled, quotes are not escaped, and NULL is a bare underscore (recording 11)."""
    keys = [change.key for exchange in exchanges("11") for change in _changes(exchange)]

    values = [protocol.key_values(key) for key in keys if '"ty"' not in key]

    assert ("7", "x/\"y'z", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "2023-12-31 22:00:00+00") in values
    assert ("8", "q/", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12", "2023-12-31 22:00:00+00") in values
    assert (None, "1") in values


def _changes(exchange: Exchange) -> list[Change]:
    if exchange.status != 200 or not exchange.body.startswith(b"["):
        return []
    return [message for message in protocol.messages(exchange.body) if isinstance(message, Change)]
