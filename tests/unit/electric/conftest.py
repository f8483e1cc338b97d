"""Fixtures for the tests of a stream."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.electric.following import Following


@pytest.fixture
async def followings() -> AsyncIterator[list[Following]]:
    """All streams of a test, which are stopped after it."""
    started: list[Following] = []
    yield started
    for following in started:
        await following.stop()
