"""Fixtures for tests with a model, a worker or settings of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from scriptwriter.services.runs import starting
from scriptwriter.settings import settings
from tests.support.model_server import ModelServer
from tests.support.rooms import BRIEF, Room


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A function that changes settings for one test."""

    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield change
    settings.cache_clear()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A model's HTTP server, which the settings name."""
    with ModelServer() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        settings.cache_clear()
        yield running
    settings.cache_clear()


@pytest.fixture
async def begin() -> AsyncIterator[Callable[[Awaitable[None]], asyncio.Future[None]]]:
    """A function that starts a task, which is cancelled after the test."""
    started: list[asyncio.Future[None]] = []

    def begin(work: Awaitable[None]) -> asyncio.Future[None]:
        started.append(asyncio.ensure_future(work))
        return started[-1]

    yield begin
    for work in started:
        work.cancel()
    await asyncio.gather(*started, return_exceptions=True)


@pytest.fixture
async def transform_id(room: Room) -> str:
    """A run of three ideas that has just been started."""
    return await starting.start(room.project_id, BRIEF, room.owner)
