"""What may come through a page's websocket, without a websocket."""

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
def test_packets_without_content_go_on_as_they_are(text: str) -> None:
    """Goodbyes, and the answer to a ping."""
    assert read(text) == Message(text)


def test_an_event_goes_on_with_the_three_parts_that_the_server_reads() -> None:
    """Whatever else a client adds stays outside."""
    message = read(_event(token="another's", substate="x"))

    assert message.event == EVENT
    assert json.loads(message.text.removeprefix("42/_event,")) == ["event", EVENT]


def test_the_event_of_a_new_connection_is_read_like_any_other() -> None:
    """It comes within the packet that connects."""
    message = read("40/_event," + json.dumps({"event": EVENT, "state_schema": "abc"}))

    assert message.event == EVENT
    assert json.loads(message.text.removeprefix("40/_event,")) == {"event": EVENT, "state_schema": "abc"}


def test_another_event_can_take_its_place() -> None:
    """As when a part of it is left out."""
    message = read(_event()).with_event(EVENT | {"payload": {}})

    assert json.loads(message.text.removeprefix("42/_event,"))[1]["payload"] == {}


def test_a_catch_all_route_has_a_list_in_its_address() -> None:
    """Of texts."""
    place = {"pathname": "/x", "asPath": "/x", "query": {"splat": ["x"]}}

    assert read(_event(router_data=place)).event == EVENT | {"router_data": place}


def test_nul_and_lone_surrogates_are_taken_out() -> None:
    """Pairs of surrogates are one character, and stay."""
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
def test_what_is_too_large_is_not_read(payload: Any) -> None:
    """No page sends it."""
    with pytest.raises(Unreadable):
        read(_event(payload=payload))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else happens."""
    for packet in (text, "42/_event," + text, "40/_event," + text):
        with suppress(Unreadable):
            assert isinstance(read(packet), Message)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
)


@given(json_values, json_values, json_values)
def test_any_event_is_read_or_refused(name: Any, payload: Any, place: Any) -> None:
    """What is read has the form that the server expects."""
    try:
        message = read(_event(name=name, payload=payload, router_data=place))
    except Unreadable:
        return
    assert message.event is not None
    assert isinstance(message.event["name"], str)
    assert isinstance(message.event["payload"], dict)
    assert message.event["router_data"]["pathname"].startswith("/")
