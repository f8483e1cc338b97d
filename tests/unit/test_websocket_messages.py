"""Which messages of a page's websocket are accepted."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.api.middleware.websocket_messages import LONGEST_TEXT, Message, Unreadable, read

EVENT = {"name": "state.handler", "payload": {"a": 1}, "router_data": {"pathname": "/", "asPath": "/"}}


def _event(**fields: Any) -> str:
    return "42/_event," + json.dumps(["event", EVENT | fields])


@pytest.mark.parametrize("text", ["1", "3", "41/_event,"])
def test_packets_without_content_are_forwarded_unchanged(text: str) -> None:
    """Disconnect packets, and the answer to a ping."""
    assert read(text) == Message(text)


def test_only_the_three_known_parts_of_an_event_are_forwarded() -> None:
    """Everything that a client adds is removed."""
    message = read(_event(token="another's", substate="x"))

    assert message.event == EVENT
    assert json.loads(message.text.removeprefix("42/_event,")) == ["event", EVENT]


def test_the_event_of_a_new_connection_is_read_like_any_other() -> None:
    """It is part of the connect packet."""
    message = read("40/_event," + json.dumps({"event": EVENT, "state_schema": "abc"}))

    assert message.event == EVENT
    assert json.loads(message.text.removeprefix("40/_event,")) == {"event": EVENT, "state_schema": "abc"}


def test_the_event_of_a_message_can_be_replaced() -> None:
    """For example to remove a part of it."""
    message = read(_event()).with_event(EVENT | {"payload": {}})

    assert json.loads(message.text.removeprefix("42/_event,"))[1]["payload"] == {}


def test_the_query_of_a_catch_all_route_may_hold_a_list() -> None:
    """A list of strings."""
    router_data = {"pathname": "/x", "asPath": "/x", "query": {"splat": ["x"]}}

    assert read(_event(router_data=router_data)).event == EVENT | {"router_data": router_data}


def test_nul_and_lone_surrogates_are_removed() -> None:
    """A pair of surrogates is one character, and stays."""
    message = read(_event(payload={"a\x00": ["x\x00y", "\ud800z", "😀"]}))

    assert message.event is not None
    assert message.event["payload"] == {"a": ["xy", "z", "😀"]}


@pytest.mark.parametrize(
    "payload",
    [
        {"a": "x" * (LONGEST_TEXT + 1)},
        {"k" * 501: 1},
        {"a": 2**53 + 1},
        {"a": [0] * 6_000},
        {"a": json.loads("[" * 30 + "]" * 30)},
    ],
    ids=["text", "name", "number", "parts", "depth"],
)
def test_an_event_that_is_too_large_is_refused(payload: Any) -> None:
    """No page sends such an event."""
    with pytest.raises(Unreadable):
        read(_event(payload=payload))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No other error is raised."""
    for packet in (text, "42/_event," + text, "40/_event," + text):
        with suppress(Unreadable):
            assert isinstance(read(packet), Message)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
)


@given(json_values, json_values, json_values)
def test_any_event_is_read_or_refused(name: Any, payload: Any, router_data: Any) -> None:
    """An event that is read has the form that the server expects."""
    try:
        message = read(_event(name=name, payload=payload, router_data=router_data))
    except Unreadable:
        return
    assert message.event is not None
    assert isinstance(message.event["name"], str)
    assert isinstance(message.event["payload"], dict)
    assert message.event["router_data"]["pathname"].startswith("/")
