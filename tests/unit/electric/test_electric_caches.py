"""Rules for answers that a cache gave to a different request."""

import pytest

from scriptwriter.electric import protocol
from scriptwriter.electric.protocol import REFETCH
from scriptwriter.electric.state import Reply, ShapeState
from tests.unit.electric.answers import UP_TO_DATE, change, etag, headers
from tests.unit.electric.recordings import exchanges
from tests.unit.electric.states import LIVE, START, SYNCING, reply


def test_a_cached_answer_of_an_expired_handle_is_requested_again() -> None:
    """After a 409, a cache may still hold the old first chunk. Nothing of it is used."""
    restarted = LIVE.must_refetch("h2")

    state, messages = restarted.after(reply("0_0", change("insert", "old")))

    assert messages == []
    assert state.request() == {"offset": "-1", "cache-buster": "n-2"}


def test_an_answer_with_another_handle_than_asked_for_is_not_used() -> None:
    """Two shapes must not be mixed; the position in the log stays."""
    state, messages = SYNCING.after(reply("9_0", change("insert", "other"), handle="h9"))

    assert messages == []
    assert state.request() == {"offset": "0_0", "handle": "h1", "cache-buster": "n-1"}


@pytest.mark.parametrize("offset", ["0_0", "0_inf", "4_8"])
def test_an_answer_that_leads_back_in_the_log_is_not_used(offset: str) -> None:
    """A log only grows, so such an answer comes from a cache whose key lacks the offset."""
    state, messages = LIVE.after(reply(offset, change("insert", "a", n="old"), UP_TO_DATE))

    assert messages == []
    assert state.request().items() >= {"offset": "5_0", "live": "true", "cache-buster": "n-1"}.items()


@pytest.mark.parametrize("state_before", [START, SYNCING, LIVE], ids=["start", "syncing", "live"])
@pytest.mark.parametrize("mark", ["", "W/"], ids=["strong", "weak"])
def test_an_answer_whose_etag_names_another_request_is_not_used(state_before: ShapeState, mark: str) -> None:
    """Otherwise the changes between our offset and the start of that answer would be lost."""
    answer_headers = headers("9_0", etag=mark + etag("h1", "7_0", "9_0"))
    ours = headers("9_0", etag=mark + etag("h1", state_before.offset, "9_0"))

    state, messages = state_before.after(Reply(200, answer_headers, b"[]"))
    believed, _ = state_before.after(Reply(200, ours, b"[]"))

    assert messages == []
    assert state.request() == state_before.request() | {"cache-buster": "n-1"}
    assert believed.offset == "9_0"


@pytest.mark.parametrize("tag", ['"h1"', '"abc:7_0:9_0"', 'W/"5f-18"', '"h1:7_0:8_0"', "7_0"])
def test_an_etag_in_another_format_is_ignored(tag: str) -> None:
    """Proxies write their own etags; only Electric's names a start."""
    state, _ = LIVE.after(Reply(200, headers("9_0", etag=tag), b"[]"))

    assert state.offset == "9_0"


def test_recorded_answers_name_their_request_and_never_lead_back() -> None:
    """The two rules above rely on this; checked for all recorded answers."""
    answered = [
        exchange
        for number in ("01", "02", "03", "04", "05", "06", "08", "11", "12", "16", "21")
        for exchange in exchanges(number)
        if exchange.status == 200 and "electric-offset" in exchange.headers
    ]

    assert len(answered) > 100
    for exchange in answered:
        assert protocol.asked_from(exchange.headers) == exchange.query["offset"]
        assert not protocol.is_before(exchange.headers["electric-offset"], exchange.query["offset"])


def test_offsets_are_ordered_as_the_log_is() -> None:
    """Snapshot chunks, the end of the snapshot, then positions as numbers. Other formats have no order."""
    ordered = ["-1", "0_0", "0_2", "0_10", "0_inf", "9_0", "9_2", "9_10", "26800584_4"]

    for state_before, offset in enumerate(ordered):
        earlier = [other for other in [*ordered, "an opaque thing"] if protocol.is_before(other, offset)]
        assert earlier == ordered[:state_before]


def test_a_catch_up_answer_to_a_live_request_is_requested_again() -> None:
    """It lacks the cursor, but it comes from a cache: that is no error."""
    answer_headers = headers("0_0", etag=etag("h1", "-1", "0_0"))
    del answer_headers["electric-cursor"]

    state, messages = LIVE.after(Reply(200, answer_headers, b"[]"))

    assert (state.offset, messages) == ("5_0", [])


def test_an_event_stream_from_another_offset_is_replaced_by_a_catch_up() -> None:
    """Its events would revert rows, or leave some out."""
    back, is_ours = LIVE.opened(headers("0_inf"))
    elsewhere, is_either = LIVE.opened(headers("9_0", etag=etag("h1", "7_0", "9_0")))

    assert not is_ours
    assert not is_either
    for state in (back, elsewhere):
        assert state.request(sse=True) == {"offset": "5_0", "handle": "h1", "cache-buster": "n-1"}


def test_a_204_with_another_handle_is_not_used() -> None:
    """Like any other answer."""
    state, messages = LIVE.after(Reply(204, {"electric-handle": "h9", "electric-offset": "9_0"}))

    assert messages == []
    assert state.request().items() >= {"handle": "h1", "offset": "5_0", "cache-buster": "n-1"}.items()


def test_a_server_that_insists_on_another_handle_restarts_the_shape() -> None:
    """After three retries at new addresses, the answer cannot come from a cache."""
    state, messages = LIVE, []
    for _ in range(4):
        state, messages = state.after(reply("9_0", handle="h9"))
    accepted, _ = state.after(reply("0_0", handle="h9"))

    assert messages == [REFETCH]
    assert state.offset == "-1"
    assert accepted.handle == "h9"


def test_an_expired_handle_is_accepted_after_four_retries() -> None:
    """An answer from four new addresses cannot come from a cache."""
    state = LIVE.must_refetch(None)
    for _ in range(4):
        state, messages = state.after(reply("0_0", change("insert", "a")))
        assert messages == []

    state, messages = state.after(reply("0_0", change("insert", "a")))

    assert state.handle == "h1"
    assert messages


def test_a_stale_event_stream_is_replaced_by_a_catch_up() -> None:
    """Only a catch-up answer can be a 409, so it has to decide."""
    state, fresh = LIVE.opened(headers("9_0", handle="h9"))

    assert not fresh
    assert state.request(sse=True) == {"offset": "5_0", "handle": "h1", "cache-buster": "n-1"}
