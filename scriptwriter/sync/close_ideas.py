"""Background search for ideas of a project that tell nearly the same, run in a child process.

Its cost grows with the square of the number of ideas, so no follower waits for it: a flow is first
published without it, and again when the search has found something.
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
"""How many ideas are compared, the newest ones: a few seconds of CPU when a project is opened."""

Places = tuple[tuple[int, Idea], ...]
"""The finished ideas of a batch, each with its place from 0."""
CloseInBatch = tuple[tuple[int, tuple[IdeaRef, str]], ...]
"""Places of a batch whose idea is close to an earlier one, with that one's ref and original title."""
CloseIdeas = Mapping[str, CloseInBatch]
"""The close ideas of a project, by the id of the artifact that holds the batch."""
NO_CLOSE_IDEAS: CloseIdeas = {}


class Comparable(Protocol):
    """The fields of a Batch that the search reads."""

    @property
    def artifact_id(self) -> str | None: ...
    @property
    def notes(self) -> Mapping[int, object]: ...
    @property
    def ideas(self) -> tuple[Idea, ...]: ...


class CloseIdeaSearch:
    """The search of one project. When it finds more, it replaces `found` and calls `on_found`.

    `one_at_a_time` is shared by all projects of a process, so that the other child processes stay free for
    the requests of people.
    """

    def __init__(self, project_id: str, one_at_a_time: asyncio.Lock, on_found: Callable[[], None]) -> None:
        self.found: CloseIdeas = NO_CLOSE_IDEAS
        self._project_id = project_id
        self._one_at_a_time = one_at_a_time
        self._on_found = on_found
        self._batches: tuple[Comparable, ...] = ()
        self._finished: tuple[tuple[str | None, int], ...] = ()
        self._sketches: dict[IdeaRef, bytes] = {}
        self._close: dict[IdeaRef, IdeaRef | None] = {}
        self._task: asyncio.Task[None] | None = None

    def update(self, batches: tuple[Comparable, ...]) -> None:
        """Compare the new ideas of these batches (newest first) in the background."""
        finished = tuple((batch.artifact_id, len(batch.notes)) for batch in batches)
        if finished == self._finished:
            return
        self._batches, self._finished = batches, finished
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"close ideas of {self._project_id}")

    async def close(self) -> None:
        """Cancel a comparison that is running."""
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
        # Compare all from the first new idea on: a later one may be closer to it than to its match so far.
        since = next((at for at, ref in enumerate(refs) if ref not in self._close), len(refs))
        if since == len(refs):
            return
        texts = [self._sketches.get(ref) or f"{ideas[ref].title}\n{ideas[ref].body}" for ref in refs]
        sketches, close = await process_pool.run("similar-ideas", compare, texts, since)
        self._sketches = dict(zip(refs, sketches, strict=True))
        for ref, found in zip(refs[since:], close, strict=True):
            self._close[ref] = None if found is None else refs[found]
        here: dict[str, list[tuple[int, tuple[IdeaRef, str]]]] = {}
        for ref, other in self._close.items():
            if other is not None and other in ideas:
                here.setdefault(ref.artifact_id, []).append((ref.index, (other, ideas[other].title)))
        self.found = {artifact_id: tuple(pairs) for artifact_id, pairs in here.items()}
        self._on_found()


def _ideas(batches: Iterable[Comparable]) -> dict[IdeaRef, Idea]:
    """The finished ideas as the model wrote them, the oldest first."""
    return {
        IdeaRef(batch.artifact_id, place): batch.ideas[place]
        for batch in reversed([*batches])
        if batch.artifact_id is not None
        for place in batch.notes
    }
