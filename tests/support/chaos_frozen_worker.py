"""Freeze a worker while it streams, until another worker has taken over its run, and then let it continue."""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

from scriptwriter.domain.graph import Brief
from scriptwriter.services.runs import ending, starting
from tests.support.chaos_checks import unended
from tests.support.chaos_installation import Installation
from tests.support.chaos_model import Storyteller, call_of
from tests.support.chaos_people import Observer

PATIENCE = 60.0
SLOW, STEADY = 0.3, 0.12
"""Seconds between two pieces of a reply.

Of the replies to the frozen worker, some end before it continues and some do not. The replies to the other
worker last longer than the freeze.
"""


async def freeze_until_takeover(
    installation: Installation, model: Storyteller, observers: Sequence[Observer], owner: str
) -> tuple[float, list[str]]:
    """Freeze a worker until another worker has finished an idea in its place, then let it continue.

    Returns the seconds that the takeover took, and a violation for the report where there was none.
    """
    for run in await asyncio.to_thread(unended, installation.url):
        await ending.stop(run["project_id"], run["id"], owner)
    model.pace, model.faults = SLOW, 0.0
    generations = [await _begin(observer, model, owner) for observer in observers]
    if not await _within(PATIENCE, lambda: all(each.is_written for each in generations)):
        return 0.0, ["no model began to write before a worker was frozen"]
    name = generations[0].worker
    frozen = [each for each in generations if each.worker == name]
    model.pace = STEADY
    began = time.monotonic()
    async with installation.processes[name].frozen():
        over = await _within(PATIENCE, lambda: any(each.is_taken_from(name) for each in frozen))
        seconds = time.monotonic() - began
    return seconds, [] if over else [f"nobody took over from {name}, frozen for {PATIENCE:.0f} s"]


class _Generation:
    """A generation that runs when its worker is frozen."""

    def __init__(self, transform_id: str, mark: str, observer: Observer, model: Storyteller) -> None:
        self._transform_id = transform_id
        self._mark = mark
        self._observer = observer
        self._model = model

    @property
    def worker(self) -> str:
        """The worker that called the model last."""
        return self._model.called_for(self._mark)[-1].worker

    @property
    def is_written(self) -> bool:
        """Whether an idea of this generation is being written on the screen."""
        batch = self._observer.newest
        if batch is None or batch.transform_id != self._transform_id:
            return False
        return any(idea.status == "writing" for idea in batch.ideas)

    def is_taken_from(self, name: str) -> bool:
        """Whether the screen has shown an idea that a worker other than `name` finished."""
        last = self._model.called_for(self._mark)[-1]
        ideas = [idea for (key, _), idea in self._observer.seen.items() if key == self._transform_id]
        return last.worker != name and any(call_of(idea) == last.number for idea in ideas)


async def _begin(observer: Observer, model: Storyteller, owner: str) -> _Generation:
    mark = f"mark {uuid4().hex}"
    brief = Brief("抖音", "悬疑", mark, 5)
    return _Generation(await starting.start(observer.project_id, brief, owner), mark, observer, model)


async def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether the condition became true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True
