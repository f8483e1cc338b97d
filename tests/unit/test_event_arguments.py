"""The arguments of an event must have the types that its handler declares."""

from typing import Any, Literal

import pytest

from scriptwriter.web.event_signatures import admit, fits
from scriptwriter.web.kit.language_state import LanguageState
from scriptwriter.web.room.room_state import BrainstormState


@pytest.mark.parametrize(
    ("value", "kind", "right"),
    [
        (1, int, True), (True, int, False), (1.5, int, False), ("1", int, False), (None, int, False),
        (1, float, True), (True, float, False), ("a", str, True), (1, str, False), ([], str, False),
        (True, bool, True), (1, bool, False), (None, int | None, True), ("a", int | None, False),
        (["a"], list[str], True), ([1], list[str], False), ("a", list[str], False),
        ({"a": 1}, dict[str, Any], True), ({"a": 1}, dict[str, str], False), ([], dict[str, Any], False),
        ({"__reflex_form_data__": [["a", "b"]]}, dict[str, Any], True),
        ({"__reflex_form_data__": [["a", "b"], ["not drawn", None]]}, dict[str, Any], True),
        ({"__reflex_form_data__": [["a", 1]]}, dict[str, Any], False),
        ({"__reflex_form_data__": [[None, "a"]]}, dict[str, Any], False),
        ({"__reflex_form_data__": "a"}, dict[str, Any], False),
        ({"__reflex_form_data__": [], "more": 1}, dict[str, Any], False),
        ("on", Literal["on", "off"], True), ("x", Literal["on", "off"], False), (True, Literal[1], False),
    ],
)  # fmt: skip
def test_a_value_fits_its_annotation(value: Any, kind: Any, right: bool) -> None:
    """For values that come from JSON."""
    assert fits(value, kind) is right


@pytest.mark.parametrize(
    ("payload", "right"),
    [
        ({"transform_id": "a", "attempt": 1}, True),
        ({"transform_id": "a"}, False),
        ({"transform_id": "a", "attempt": 1, "self": 1}, False),
        ({"transform_id": 1, "attempt": 1}, False),
    ],
)
def test_an_event_has_the_arguments_of_its_handler(payload: dict[str, Any], right: bool) -> None:
    """All that the handler requires, and no others."""
    event = {"name": f"{BrainstormState.get_full_name()}.retry", "payload": payload, "router_data": {}}

    assert (admit(event) is not None) is right


def test_a_browser_can_set_only_the_vars_that_it_stores() -> None:
    """Other and unknown vars are removed from the event."""
    kept = f"{LanguageState.get_full_name()}.chosen_rx_state_"
    others = {f"{BrainstormState.get_full_name()}.access_rx_state_": "open", "gone.away": "x"}
    name = "reflex___state____state.reflex___state____update_vars_internal_state.update_vars_internal"

    event = admit({"name": name, "payload": {"vars": {kept: "en"} | others}, "router_data": {}})

    assert event is not None
    assert event["payload"]["vars"] == {kept: "en"}
