"""A worker that is frozen in mid-stream, taken for dead, and goes on while another writes in its place."""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

from scriptwriter.domain.graph import Brief
from scriptwriter.services.runs import ending, starting
from tests.support.chaos_checks import unended
from tests.support.chaos_model import Storyteller, call_of
from tests.support.chaos_people import Witness
from tests.support.chaos_stage import Stage

PATIENCE = 60.0
SLOW, STEADY = 0.3, 0.12
"""Seconds between two pieces of a reply. Of the replies to the frozen worker, some end before it goes on, and
some do not; those to the other one last for a while after that."""


async def haunt(
    stage: Stage, model: Storyteller, witnesses: Sequence[Witness], owner: str
) -> tuple[float, list[str]]:
    """Freeze a worker until another one has finished an idea in its place, and let it go on.

    Returns how many seconds that took, and a sentence where it did not happen.
    """
    for run in await asyncio.to_thread(unended, stage.url):
        await ending.stop(run["project_id"], run["id"], owner)
    model.pace, model.faults = SLOW, 0.0
    haunted = [await _begin(witness, model, owner) for witness in witnesses]
    if not await _within(PATIENCE, lambda: all(each.is_written for each in haunted)):
        return 0.0, ["no model began to write, though nobody was frozen"]
    name = haunted[0].worker
    frozen = [each for each in haunted if each.worker == name]
    model.pace = STEADY
    began = time.monotonic()
    async with stage.processes[name].stopped():
        over = await _within(PATIENCE, lambda: any(each.is_taken_from(name) for each in frozen))
        seconds = time.monotonic() - began
    return seconds, [] if over else [f"nobody took over from {name}, frozen for {PATIENCE:.0f} s"]


class _Haunted:
    """A generation that goes on while its worker is frozen."""

    def __init__(self, transform_id: str, mark: str, witness: Witness, model: Storyteller) -> None:
        self._transform_id = transform_id
        self._mark = mark
        self._witness = witness
        self._model = model

    @property
    def worker(self) -> str:
        """Who called the model last."""
        return self._model.called_for(self._mark)[-1].worker

    @property
    def is_written(self) -> bool:
        """Whether an idea of it grows on screen."""
        batch = self._witness.newest
        if batch is None or batch.transform_id != self._transform_id:
            return False
        return any(idea.status == "writing" for idea in batch.ideas)

    def is_taken_from(self, name: str) -> bool:
        """Whether an idea was seen that another worker than `name` has finished."""
        last = self._model.called_for(self._mark)[-1]
        ideas = [idea for (key, _), idea in self._witness.seen.items() if key == self._transform_id]
        return last.worker != name and any(call_of(idea) == last.number for idea in ideas)


async def _begin(witness: Witness, model: Storyteller, owner: str) -> _Haunted:
    mark = f"mark {uuid4().hex}"
    brief = Brief("抖音", "悬疑", mark, 5)
    return _Haunted(await starting.start(witness.project_id, brief, owner), mark, witness, model)


async def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True
