"""Every event that runs in the background uses the same mechanism."""

import pytest
from reflex.state import BaseState

from scriptwriter.scriptwriter import app
from scriptwriter.web.event_signatures import states
from scriptwriter.web.kit.following import FollowingState

BACKGROUND = [
    (state, name)
    for state in states()
    for name, handler in state.event_handlers.items()
    if handler.is_background
]


@pytest.mark.parametrize(
    ("state", "name"), BACKGROUND, ids=lambda value: value if isinstance(value, str) else value.__name__
)
def test_a_background_event_is_the_watch_of_following_state(state: type[BaseState], name: str) -> None:
    """No page has its own implementation; see scriptwriter/web/kit/following.py."""
    handler = state.event_handlers[name]

    assert issubclass(state, FollowingState)
    assert handler.fn.__code__ is vars(FollowingState)["watch"].__code__
    assert handler.supersedes


def test_some_events_run_in_the_background() -> None:
    """Otherwise the test above would prove nothing."""
    assert app.event_namespace
    assert len(BACKGROUND) >= 5
