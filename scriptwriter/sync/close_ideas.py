"""Finds for each idea of a project the earlier idea that it is close to, in a child process.

The comparison costs the square of the number of ideas, so nobody waits for it: a flow is told at once, and
again with what was found.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.domain.similarity import compare
from scriptwriter.operations import process_pool

log = logging.getLogger(__name__)

MOST = 2_000
"""Ideas that are compared, the newest ones: a few seconds of a child's CPU when a project is opened."""

Places = tuple[tuple[int, Idea], ...]
"""Finished ideas with their places."""
Found = tuple[tuple[int, tuple[IdeaRef, str]], ...]
"""Of one batch: the places that are close to an earlier idea, with its ref and its first title."""
Close = Mapping[str, Found]
"""By the id of the batch's artifact."""
NOTHING_CLOSE: Close = {}


class Written(Protocol):
    """What is read of a batch."""

    @property
    def artifact_id(self) -> str | None: ...
    @property
    def notes(self) -> Mapping[int, object]: ...
    @property
    def ideas(self) -> tuple[Idea, ...]: ...


class Nearness:
    """What is known of one project; `found` is replaced, and `tell` called, when more is known.

    `one_at_a_time` is shared by all projects of a process: people's own jobs do not wait behind these.
    """

    def __init__(self, project_id: str, one_at_a_time: asyncio.Lock, tell: Callable[[], None]) -> None:
        self.found: Close = NOTHING_CLOSE
        self._project_id = project_id
        self._one_at_a_time = one_at_a_time
        self._tell = tell
        self._batches: tuple[Written, ...] = ()
        self._finished: tuple[tuple[str | None, int], ...] = ()
        self._sketches: dict[IdeaRef, bytes] = {}
        self._close: dict[IdeaRef, IdeaRef | None] = {}
        self._task: asyncio.Task[None] | None = None

    def look(self, batches: tuple[Written, ...]) -> None:
        """Compare what is new in these batches (the newest first), in the background."""
        finished = tuple((batch.artifact_id, len(batch.notes)) for batch in batches)
        if finished == self._finished:
            return
        self._batches, self._finished = batches, finished
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"nearness in {self._project_id}")

    async def close(self) -> None:
        """Leave the comparison where it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        done = None
        try:
            while done != self._finished:
                done, batches = self._finished, self._batches
                async with self._one_at_a_time:
                    await self._compare(_ideas(batches))
        except UserError as error:
            log.warning("the ideas of %s were not compared: %s", self._project_id, error.code)
        except Exception as error:
            log.error("the ideas of %s were not compared", self._project_id, exc_info=error)
        finally:
            self._task = None

    async def _compare(self, ideas: dict[IdeaRef, Idea]) -> None:
        refs = [*ideas][-MOST:]
        # What comes behind a new one may be closer to that one.
        since = next((at for at, ref in enumerate(refs) if ref not in self._close), len(refs))
        if since == len(refs):
            return
        texts = [self._sketches.get(ref) or f"{ideas[ref].title}\n{ideas[ref].body}" for ref in refs]
        sketches, close = await process_pool.run("nearness", compare, texts, since)
        self._sketches = dict(zip(refs, sketches, strict=True))
        for ref, found in zip(refs[since:], close, strict=True):
            self._close[ref] = None if found is None else refs[found]
        here: dict[str, list[tuple[int, tuple[IdeaRef, str]]]] = {}
        for ref, other in self._close.items():
            if other is not None and other in ideas:
                here.setdefault(ref.artifact_id, []).append((ref.index, (other, ideas[other].title)))
        self.found = {artifact_id: tuple(pairs) for artifact_id, pairs in here.items()}
        self._tell()


def _ideas(batches: Iterable[Written]) -> dict[IdeaRef, Idea]:
    """The finished ideas as the model wrote them, the oldest first."""
    return {
        IdeaRef(batch.artifact_id, place): batch.ideas[place]
        for batch in reversed([*batches])
        if batch.artifact_id is not None
        for place in batch.notes
    }
