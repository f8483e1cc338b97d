"""The protocol's rules for when a log is gone, or a cache says what is no longer so."""

import pytest

from scriptwriter.electric.protocol import REFETCH
from scriptwriter.electric.state import Reply
from tests.unit.electric.answers import change, headers
from tests.unit.electric.places import LIVE, SYNCING, reply
from tests.unit.electric.recordings import exchanges


@pytest.mark.parametrize("handle", ["h2", None])
def test_a_409_restarts_the_shape_from_minus_one(handle: str | None) -> None:
    """It is a transition and not an error, whether it names the next handle or not."""
    told = {} if handle is None else {"electric-handle": handle}

    state, messages = LIVE.after(Reply(409, told, b'[{"headers":{"control":"must-refetch"}}]'))

    assert state.request() == {"offset": "-1", "cache-buster": "n-1"}
    assert messages == [REFETCH]
    assert state.schema is None


def test_every_restart_asks_at_an_address_never_used_before() -> None:
    """Caches keep the first chunk for a week."""
    state, seen = LIVE, set[str]()
    for _ in range(5):
        state, _ = state.after(Reply(409, {}, b""))
        seen.add(state.request()["cache-buster"])

    assert len(seen) == 5


def test_the_cache_buster_goes_with_the_first_fresh_answer() -> None:
    """From then on handle and offset make the address new, and caches may help again."""
    state = LIVE.must_refetch("h2")

    state, _ = state.after(reply("0_0", handle="h2"))

    assert state.request() == {"offset": "0_0", "handle": "h2"}


def test_a_must_refetch_in_a_body_counts_like_a_409() -> None:
    """Proxies turn statuses around, and an event stream has none to give."""
    state, messages = LIVE.after(reply("6_0", {"headers": {"control": "must-refetch"}}))
    streamed = LIVE.streamed([REFETCH])

    assert state.request() == streamed.request() == {"offset": "-1", "cache-buster": "n-1"}
    assert messages == [REFETCH]


def test_a_cached_answer_for_an_expired_handle_is_asked_again_at_a_new_address() -> None:
    """After a 409, a cache may still hold the old first chunk: nothing of it is used."""
    restarted = LIVE.must_refetch("h2")

    state, messages = restarted.after(reply("0_0", change("insert", "old")))

    assert messages == []
    assert state.request() == {"offset": "-1", "cache-buster": "n-2"}


def test_an_answer_with_another_handle_than_asked_for_is_not_used() -> None:
    """Two lives of a shape must not be mixed; the place in the log stays."""
    state, messages = SYNCING.after(reply("9_0", change("insert", "other"), handle="h9"))

    assert messages == []
    assert state.request() == {"offset": "0_0", "handle": "h1", "cache-buster": "n-1"}


def test_a_server_that_insists_on_another_handle_starts_the_shape_anew() -> None:
    """After three retries at new addresses it is no cache that answers."""
    state, messages = LIVE, []
    for _ in range(4):
        state, messages = state.after(reply("9_0", handle="h9"))
    accepted, _ = state.after(reply("0_0", handle="h9"))

    assert messages == [REFETCH]
    assert state.offset == "-1"
    assert accepted.handle == "h9"


def test_a_server_that_keeps_a_handle_after_a_409_is_believed_in_the_end() -> None:
    """An expired handle that comes back at four new addresses is not from a cache."""
    state = LIVE.must_refetch(None)
    for _ in range(4):
        state, messages = state.after(reply("0_0", change("insert", "a")))
        assert messages == []

    state, messages = state.after(reply("0_0", change("insert", "a")))

    assert state.handle == "h1"
    assert messages


def test_a_409_that_names_our_own_handle_does_not_expire_it() -> None:
    """A server may drop the log's tail and keep the handle."""
    state, _ = LIVE.must_refetch("h1").after(reply("0_0"))

    assert state.handle == "h1"


def test_a_stale_event_stream_is_left_for_a_catch_up() -> None:
    """Only a finished answer can say must-refetch, so that one has to decide."""
    state, fresh = LIVE.opened(headers("9_0", handle="h9"))

    assert not fresh
    assert state.request(sse=True) == {"offset": "5_0", "handle": "h1", "cache-buster": "n-1"}


def test_an_offset_beyond_the_log_restarts_the_shape() -> None:
    """A server that lost its tail answers with 400 for ever; so recorded in 08."""
    [refused] = [e for e in exchanges("08") if e.query.get("offset") == "5_0"]

    state, messages = LIVE.after(Reply(refused.status, refused.headers, refused.body))

    assert state.request() == {"offset": "-1", "cache-buster": "n-1"}
    assert messages == [REFETCH]
