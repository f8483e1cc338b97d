"""The users of an installation during chaos: people who start, stop and retry, and observers of
the screen.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import TypeVar
from uuid import uuid4

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief, Idea
from scriptwriter.services.runs import ending, retrying, starting
from scriptwriter.sync.hub import Hub
from scriptwriter.sync.project_flow import Batch, ProjectFlow

AWAY = (DBAPIError, NoConnection, psycopg.Error, OSError)
"""What a service raises while the database is down."""

_Result = TypeVar("_Result")


class Observer:
    """Follows one project, keeps every finished idea that it saw, and records a violation when one
    disappears.

    `seen` holds all finished ideas by transform and place. In monotonic seconds, `since` is the time at which
    a title was seen first, and `moved` the time of a generation's last change.
    """

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id
        self.flow: ProjectFlow | None = None
        self.seen: dict[tuple[str, int], Idea] = {}
        self.since: dict[str, float] = {}
        self.violations: list[str] = []
        self.changes = 0
        self.moved: dict[str, float] = {}

    @property
    def newest(self) -> Batch | None:
        """The newest generation on the screen."""
        return self.flow.batches[0] if self.flow and self.flow.batches else None

    def look(self, flow: ProjectFlow) -> None:
        """Record what the screen shows now."""
        before = {batch.transform_id: batch for batch in self.flow.batches} if self.flow else {}
        shown = {batch.transform_id: batch for batch in flow.batches}
        now = time.monotonic()
        for gone in before.keys() - shown.keys():
            self.violations.append(f"generation {gone} is no longer shown")
        for transform_id, batch in shown.items():
            if before.get(transform_id) != batch:
                self.moved[transform_id] = now
            for place, idea in enumerate(batch.ideas):
                if idea.status == "finished" and (transform_id, place) not in self.seen:
                    self.seen[transform_id, place] = idea
                    self.since.setdefault(idea.title, now)
        self.violations += missing(self.seen, {key: batch.ideas for key, batch in shown.items()}, "on screen")
        self.flow = flow
        self.changes += 1


def missing(seen: dict[tuple[str, int], Idea], shown: dict[str, tuple[Idea, ...]], where: str) -> list[str]:
    """A sentence for each finished idea of `seen` that is not unchanged at its place in `shown`."""
    sentences = []
    for (transform_id, place), idea in seen.items():
        ideas = shown.get(transform_id, ())
        found = ideas[place] if place < len(ideas) else None
        if found != idea:
            sentences.append(f"{transform_id}[{place}] was {idea.title}, and is {found} {where}")
    return sentences


class Observers:
    """All observers, behind one hub, as in a web process."""

    def __init__(self, url: str, secret: str, project_ids: list[str]) -> None:
        self.by_project = {project_id: Observer(project_id) for project_id in project_ids}
        self._address = url, secret
        self._hub: Hub | None = None
        self._following: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        """Follow every project through a new hub."""
        self._hub = Hub(*self._address)
        self._following = [
            asyncio.create_task(self._follow(self._hub, observer)) for observer in self.by_project.values()
        ]

    async def disconnect(self) -> None:
        """Close the hub, as the end of a web process does; the observers keep what they saw."""
        for following in self._following:
            following.cancel()
        ended = await asyncio.gather(*self._following, return_exceptions=True)
        self._following = []
        if self._hub is not None:
            await self._hub.__aexit__()
            self._hub = None
        for error in ended:
            if error is not None and not isinstance(error, asyncio.CancelledError):
                raise error

    async def _follow(self, hub: Hub, observer: Observer) -> None:
        async with hub.follow(observer.project_id) as flows:
            async for flow in flows:
                observer.look(flow)


class Person:
    """A person in one project who does what the screen offers; `random` makes the decisions."""

    def __init__(self, name: str, observer: Observer, random: Random) -> None:
        self._name = name
        self._observer = observer
        self._random = random
        self.actions: dict[str, int] = {}

    async def brainstorm(self) -> None:
        """Start, stop and retry until cancelled."""
        while True:
            await asyncio.sleep(self._random.uniform(0.2, 1.5))
            batch = self._observer.newest
            chance = self._random.random()
            if batch is None or batch.status == "completed":
                await self._start(twice=chance < 0.2)
            elif batch.status in ("failed", "cancelled"):
                if chance < 0.2:
                    await self._start(twice=False)
                else:
                    await self._try("retry", partial(self._retry, batch))
            elif chance < 0.06:
                await self._try("stop", partial(self._stop, batch))

    async def _start(self, *, twice: bool) -> None:
        # The mark in the brief identifies the calls of this generation.
        brief = Brief("抖音", "悬疑", f"mark {uuid4().hex}", self._random.randint(2, 5))
        clicks = [
            self._try("start", lambda: starting.start(self._observer.project_id, brief, self._name))
            for _ in range(2 if twice else 1)
        ]
        if [each for each in await asyncio.gather(*clicks) if each is not None][1:]:
            self._observer.violations.append(f"a double click started two generations ({brief})")

    async def _retry(self, batch: Batch) -> bool:
        await retrying.retry(self._observer.project_id, batch.transform_id, self._name)
        return True

    async def _stop(self, batch: Batch) -> bool:
        return await ending.stop(self._observer.project_id, batch.transform_id, self._name)

    async def _try(self, action: str, call: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Ignore refusals and a database that is down, as a person does who tries again later."""
        with suppress(UserError, *AWAY):
            result = await call()
            self.actions[action] = self.actions.get(action, 0) + 1
            return result
        return None
