"""Rules for the restart of a shape whose log is gone."""

from dataclasses import replace

import pytest

from scriptwriter.electric.protocol import CAUGHT_UP, REFETCH
from scriptwriter.electric.state import Reply
from tests.unit.electric.answers import UP_TO_DATE, change
from tests.unit.electric.recordings import exchanges
from tests.unit.electric.states import LIVE, START, reply


@pytest.mark.parametrize("handle", ["h2", None])
def test_a_409_restarts_the_shape_from_minus_one(handle: str | None) -> None:
    """It is a transition and not an error, with or without the next handle."""
    response_headers = {} if handle is None else {"electric-handle": handle}

    state, messages = LIVE.after(Reply(409, response_headers, b'[{"headers":{"control":"must-refetch"}}]'))

    assert state.request() == {"offset": "-1", "cache-buster": "n-1"}
    assert messages == [REFETCH]
    assert state.schema is None


def test_every_restart_uses_a_new_address() -> None:
    """Caches keep the first chunk for a week."""
    state, seen = LIVE, set[str]()
    for _ in range(5):
        state, _ = state.after(Reply(409, {}, b""))
        seen.add(state.request()["cache-buster"])

    assert len(seen) == 5


def test_the_first_fresh_answer_ends_the_cache_buster() -> None:
    """From then on, handle and offset make the address new, and caches may be used again."""
    state = LIVE.must_refetch("h2")

    state, _ = state.after(reply("0_0", handle="h2"))

    assert state.request() == {"offset": "0_0", "handle": "h2"}


def test_a_must_refetch_in_a_body_counts_like_a_409() -> None:
    """Proxies may change the status, and an event stream has none."""
    state, messages = LIVE.after(reply("6_0", {"headers": {"control": "must-refetch"}}))
    streamed = LIVE.streamed([REFETCH])

    assert state.request() == streamed.request() == {"offset": "-1", "cache-buster": "n-1"}
    assert messages == [REFETCH]


def test_a_restart_under_the_same_handle_asks_past_caches_until_it_is_up_to_date() -> None:
    """Caches may hold the answers of the first shape at the same addresses."""
    beyond = Reply(400, {}, b'{"message": "Invalid request", "errors": {"offset": ["out of bounds"]}}')
    restarts = [LIVE.after(beyond)[0], LIVE.must_refetch("h1"), replace(START, busters=1, bypassing=True)]

    for state in restarts:
        chunk, _ = state.after(reply("0_0", change("insert", "a")))
        end, messages = chunk.after(reply("0_inf", UP_TO_DATE))

        assert state.request() == {"offset": "-1", "cache-buster": "n-1"}
        assert chunk.request() == {"offset": "0_0", "handle": "h1", "cache-buster": "n-1"}
        assert "cache-buster" not in end.request()
        assert messages == [CAUGHT_UP]


def test_a_409_that_names_our_own_handle_does_not_expire_it() -> None:
    """A server may drop the end of the log and keep the handle."""
    state, _ = LIVE.must_refetch("h1").after(reply("0_0"))

    assert state.handle == "h1"


def test_an_offset_beyond_the_log_restarts_the_shape() -> None:
    """Recording 08: a server that lost the end of its log answers with a 400 for ever."""
    [refused] = [e for e in exchanges("08") if e.query.get("offset") == "5_0"]

    state, messages = LIVE.after(Reply(refused.status, refused.headers, refused.body))

    assert state.request() == {"offset": "-1", "cache-buster": "n-1"}
    assert messages == [REFETCH]
