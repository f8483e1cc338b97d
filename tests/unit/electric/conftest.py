"""Fixtures for the tests of a stream."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.electric.stream_reader import StreamReader


@pytest.fixture
async def readers() -> AsyncIterator[list[StreamReader]]:
    """All streams of a test, which are stopped after it."""
    started: list[StreamReader] = []
    yield started
    for following in started:
        await following.stop()
