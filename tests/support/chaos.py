"""Chaos: an installation in use, whose processes are killed at random moments, and then the reckoning.

A round is a storm, the return of everything, the end of every generation, and the checks. A seed fixes what
is decided; when the processes get to it is theirs, so that a seed repeats a storm, but not its every moment.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import structlog

from scriptwriter.services.accounts import test_user
from scriptwriter.services.accounts.test_user import TEST_USER
from scriptwriter.services.projects import catalog
from scriptwriter.services.runs import retrying
from scriptwriter.sync.project_flow import Batch
from tests.support.budgets import unlimited
from tests.support.chaos_checks import short, shown_equals_stored, unended, violations
from tests.support.chaos_model import Storyteller
from tests.support.chaos_people import Audience, Person
from tests.support.chaos_report import Report
from tests.support.chaos_stage import Stage, stage
from tests.support.chaos_zombie import haunt
from tests.support.model_server import ModelServer
from tests.support.rows import rows

OWNER = TEST_USER["id"]
KINDS = ("worker", "worker", "postgres", "supervisor", "shape server", "web")
ZOMBIE = "zombie"
BLOWS = ("all workers", "everything", ZOMBIE)
"""The last fault of a storm, which nobody who writes survives: what follows is the time of recovery.

A zombie is a worker that comes back from it, when all people are gone; it takes two workers.
"""

REST = 120.0
"""Seconds within which all generations end, and all screens show it, once everything is back."""

_log = structlog.get_logger(__name__)


Check = Callable[[], Awaitable[list[str]]]
"""One more thing to look at when all is at rest; a sentence for each violation."""


class Chaos:
    """An installation with its people, ready for storms."""

    def __init__(self, seed: int, running: Stage, model: Storyteller, project_ids: Sequence[str]) -> None:
        self.report = Report(seed)
        self.stage = running
        self.audience = Audience(running.electric_url, running.secret, [*project_ids])
        self._model = model
        self._pace, self._faults = model.pace, model.faults
        self._random = Random(f"{seed} storm")
        self._web_changes = asyncio.Lock()
        self._people = [
            Person(OWNER, witness, Random(f"{seed} person {number}"))
            for number, witness in enumerate(self.audience.witnesses.values())
        ]

    async def round(
        self,
        seconds: float,
        kinds: Sequence[str] = KINDS,
        *,
        blow: str | None = None,
        checks: Sequence[Check] = (),
    ) -> None:
        """A storm of so many seconds, and everything after it; what does not hold goes into the report."""
        self._model.pace, self._model.faults = self._pace, self._faults
        blow = blow or self._random.choice(BLOWS)
        people = [asyncio.create_task(person.brainstorm()) for person in self._people]
        await self._storm(seconds, kinds, blow)
        for person in people:
            person.cancel()
        for error in await asyncio.gather(*people, return_exceptions=True):
            if not isinstance(error, asyncio.CancelledError):
                raise RuntimeError("a person did not bear it") from error
        await self.stage.complete()
        self.report.recoveries.append(await (self._haunt() if blow == ZOMBIE else self._recovery()))
        await self._complete_all()
        self.report.note(await self._rest())
        for check in checks:
            self.report.note(await check())
        self._count()

    async def _storm(self, seconds: float, kinds: Sequence[str], blow: str) -> None:
        end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as faults:
            # The first words are on screen, when it starts.
            await asyncio.sleep(self._random.uniform(1.5, 3.0))
            while time.monotonic() < end:
                self._begin(faults, self._random.choice(kinds))
                await asyncio.sleep(self._random.uniform(0.3, 2.5))
        if blow == ZOMBIE:
            return
        await self._until_somebody_writes()
        async with asyncio.TaskGroup() as faults:
            self._begin(faults, blow)

    def _begin(self, faults: asyncio.TaskGroup, kind: str) -> None:
        down = self._random.uniform(0.0, 3.0)
        self.report.kills[kind] += 1
        _log.info("chaos", kind=kind, down=round(down, 1))
        faults.create_task(self._strike(kind, down))

    async def _until_somebody_writes(self) -> None:
        await self.stage.complete()
        deadline = time.monotonic() + REST
        while time.monotonic() < deadline:
            if any(batch.ideas for batch in self._on_screen()):
                return
            await asyncio.sleep(0.05)

    async def _strike(self, kind: str, down: float) -> None:
        running = self.stage
        processes = running.processes
        workers = [name for name in processes if name.startswith("worker")]
        match kind:
            case "worker":
                await processes[self._random.choice(workers)].down(down)
            case "all workers":
                await asyncio.gather(*(processes[name].down(down) for name in workers))
            case "frozen worker":
                # Mostly long enough to be taken for dead, and to come back while another one writes.
                async with processes[self._random.choice(workers)].stopped():
                    await asyncio.sleep(14 + 4 * down)
            case "postgres":
                await running.kill_postgres()
            case "supervisor":
                await running.kill_supervisor(down)
            case "shape server":
                await processes["shape server"].down(down)
            case "web":
                await asyncio.gather(
                    self._web(down), *([processes["web"].down(down)] if "web" in processes else ())
                )
            case "everything":
                await asyncio.gather(
                    *(process.down(down) for process in processes.values()),
                    running.kill_supervisor(down),
                    self._web(down),
                )

    def _on_screen(self) -> list[Batch]:
        newest = [witness.newest for witness in self.audience.witnesses.values()]
        return [batch for batch in newest if batch is not None and batch.status in ("pending", "running")]

    async def _web(self, down: float) -> None:
        """The web process's part that lives in this one."""
        async with self._web_changes:
            await self.audience.leave()
            await asyncio.sleep(down)
            await self.audience.come()

    async def _recovery(self) -> float:
        """Seconds until the last of the interrupted generations is seen to go on, or has ended."""
        back = time.monotonic()
        waiting = {run["id"]: run["project_id"] for run in await asyncio.to_thread(unended, self.stage.url)}
        longest = 0.0
        deadline = back + REST
        while waiting and time.monotonic() < deadline:
            for transform_id, project_id in [*waiting.items()]:
                moved = self.audience.witnesses[project_id].moved.get(transform_id, 0.0)
                if moved > back:
                    longest = max(longest, moved - back)
                    del waiting[transform_id]
            await asyncio.sleep(0.05)
        self.report.note([f"{each} did not go on within {REST:.0f} s" for each in waiting])
        return longest

    async def _haunt(self) -> float:
        """Seconds until another worker has finished an idea in the place of a frozen one."""
        self.report.kills[ZOMBIE] += 1
        everybody = [*self.audience.witnesses.values()]
        seconds, sentences = await haunt(self.stage, self._model, everybody, OWNER)
        self.report.note(sentences)
        return seconds

    async def _complete_all(self) -> None:
        """Somebody stays until no generation lacks an idea."""
        self._model.pace, self._model.faults, url = self._pace / 4, 0.0, self.stage.url
        deadline = time.monotonic() + REST
        while time.monotonic() < deadline:
            if not await asyncio.to_thread(unended, url):
                lacking = await asyncio.to_thread(short, url)
                if not lacking:
                    return
                # A project generates once at a time.
                for run in {run["project_id"]: run for run in lacking}.values():
                    await retrying.retry(run["project_id"], run["id"], OWNER)
            await asyncio.sleep(0.2)
        left = [*unended(url), *short(url)]
        self.report.note([f"{run['id']} is {run['streaming_status']} after {REST:.0f} s" for run in left])

    async def _rest(self) -> list[str]:
        """What does not hold, when all screens had time to show the end."""
        witnesses = [*self.audience.witnesses.values()]
        deadline = time.monotonic() + REST
        while time.monotonic() < deadline:
            jobs = await self._rows("SELECT id FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
            shown = [await asyncio.to_thread(shown_equals_stored, self.stage.url, each) for each in witnesses]
            if all(shown) and not jobs:
                break
            await asyncio.sleep(0.2)
        return await asyncio.to_thread(violations, self.stage.url, self._model.calls, witnesses)

    async def _rows(self, query: str) -> list[dict[str, str]]:
        return await asyncio.to_thread(rows, self.stage.url, query)

    def _count(self) -> None:
        [total] = rows(
            self.stage.url,
            "SELECT count(*) AS runs, coalesce(sum(retry_count + 1), 0) AS attempts FROM transforms",
        )
        report, witnesses = self.report, self.audience.witnesses.values()
        report.generations, report.attempts = total["runs"], total["attempts"]
        report.calls = len(self._model.calls)
        report.ideas = sum(len(witness.seen) for witness in witnesses)
        report.changes = sum(witness.changes for witness in witnesses)
        report.deeds = sum((Counter(person.deeds) for person in self._people), Counter())


@asynccontextmanager
async def chaos(
    seed: int,
    *,
    project_count: int,
    workers: int = 2,
    pace: float = 0.04,
    faults: float = 0.1,
    web: bool = False,
    logs: Path | None = None,
) -> AsyncIterator[Chaos]:
    """An installation with so many projects, a person at each, and a model that faults sometimes."""
    model = Storyteller(seed, pace=pace, faults=faults)
    with unlimited(), ModelServer() as server:
        server.answers(model)
        async with stage(workers, server.url, web=web, logs=logs) as running:
            await test_user.seed()
            names = [f"项目 {number + 1}" for number in range(project_count)]
            opened = Chaos(seed, running, model, [await catalog.create(OWNER, name) for name in names])
            await opened.audience.come()
            try:
                yield opened
            finally:
                await opened.audience.leave()
