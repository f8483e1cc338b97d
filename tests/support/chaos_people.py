"""Who uses an installation during chaos: people who start, stop and retry, and witnesses of what is shown."""

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
"""What a database that is down raises in a service."""

_Result = TypeVar("_Result")


class Witness:
    """A follower of one project, who never forgets a finished idea and protests when one goes.

    `seen` are all finished ideas by transform and place, `since` says when a title was seen first, `moved`
    when a generation changed last (monotonic seconds).
    """

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id
        self.flow: ProjectFlow | None = None
        self.seen: dict[tuple[str, int], Idea] = {}
        self.since: dict[str, float] = {}
        self.protests: list[str] = []
        self.changes = 0
        self.moved: dict[str, float] = {}

    @property
    def newest(self) -> Batch | None:
        """The newest generation on screen."""
        return self.flow.batches[0] if self.flow and self.flow.batches else None

    def look(self, flow: ProjectFlow) -> None:
        """Take in what is shown now."""
        before = {batch.transform_id: batch for batch in self.flow.batches} if self.flow else {}
        shown = {batch.transform_id: batch for batch in flow.batches}
        now = time.monotonic()
        for gone in before.keys() - shown.keys():
            self.protests.append(f"generation {gone} is no longer shown")
        for transform_id, batch in shown.items():
            if before.get(transform_id) != batch:
                self.moved[transform_id] = now
            for place, idea in enumerate(batch.ideas):
                if idea.status == "finished" and (transform_id, place) not in self.seen:
                    self.seen[transform_id, place] = idea
                    self.since.setdefault(idea.title, now)
        self.protests += missing(self.seen, {key: batch.ideas for key, batch in shown.items()}, "on screen")
        self.flow = flow
        self.changes += 1


def missing(seen: dict[tuple[str, int], Idea], shown: dict[str, tuple[Idea, ...]], where: str) -> list[str]:
    """A sentence for each finished idea of `seen` that is not at its place, word for word, in `shown`."""
    sentences = []
    for (transform_id, place), idea in seen.items():
        ideas = shown.get(transform_id, ())
        found = ideas[place] if place < len(ideas) else None
        if found != idea:
            sentences.append(f"{transform_id}[{place}] was {idea.title}, and is {found} {where}")
    return sentences


class Audience:
    """All witnesses, behind one hub, as one web process has it."""

    def __init__(self, url: str, secret: str, project_ids: list[str]) -> None:
        self.witnesses = {project_id: Witness(project_id) for project_id in project_ids}
        self._address = url, secret
        self._hub: Hub | None = None
        self._following: list[asyncio.Task[None]] = []

    async def come(self) -> None:
        """Follow every project, through a hub of its own."""
        self._hub = Hub(*self._address)
        self._following = [
            asyncio.create_task(self._follow(self._hub, witness)) for witness in self.witnesses.values()
        ]

    async def leave(self) -> None:
        """The web process ends, and its hub with it; what was seen stays in memory."""
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

    async def _follow(self, hub: Hub, witness: Witness) -> None:
        async with hub.follow(witness.project_id) as flows:
            async for flow in flows:
                witness.look(flow)


class Person:
    """Somebody at one project, who does what the screen offers; `random` makes the decisions."""

    def __init__(self, name: str, witness: Witness, random: Random) -> None:
        self._name = name
        self._witness = witness
        self._random = random
        self.deeds: dict[str, int] = {}

    async def brainstorm(self) -> None:
        """Start, stop and retry until cancelled."""
        while True:
            await asyncio.sleep(self._random.uniform(0.2, 1.5))
            batch = self._witness.newest
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
        # The wish is a mark by which the model's calls are told apart.
        brief = Brief("抖音", "悬疑", f"mark {uuid4().hex}", self._random.randint(2, 5))
        clicks = [
            self._try("start", lambda: starting.start(self._witness.project_id, brief, self._name))
            for _ in range(2 if twice else 1)
        ]
        if [each for each in await asyncio.gather(*clicks) if each is not None][1:]:
            self._witness.protests.append(f"a double click started two generations ({brief})")

    async def _retry(self, batch: Batch) -> bool:
        await retrying.retry(self._witness.project_id, batch.transform_id, self._name)
        return True

    async def _stop(self, batch: Batch) -> bool:
        return await ending.stop(self._witness.project_id, batch.transform_id, self._name)

    async def _try(self, deed: str, act: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Like a person: who is refused, or meets a server that is down, comes back later."""
        with suppress(UserError, *AWAY):
            result = await act()
            self.deeds[deed] = self.deeds.get(deed, 0) + 1
            return result
        return None
