"""Fixtures of tests of a stream."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.electric.following import Following


@pytest.fixture
async def followings() -> AsyncIterator[list[Following]]:
    """Every stream of a test, ended after it."""
    started: list[Following] = []
    yield started
    for following in started:
        await following.stop()
