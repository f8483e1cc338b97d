"""Chaos: an installation in use, whose processes are killed at random moments.

A round has four steps: faults are injected, all processes return, every generation ends, and the checks run.
A seed fixes the random decisions, but not the moment at which a process reaches them: a seed repeats a round
roughly, not exactly.
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
from tests.support.chaos_frozen_worker import freeze_until_takeover
from tests.support.chaos_installation import Installation, installation
from tests.support.chaos_model import Storyteller
from tests.support.chaos_people import Observers, Person
from tests.support.chaos_report import Report
from tests.support.model_server import ModelServer
from tests.support.rows import rows

OWNER = TEST_USER["id"]
KINDS = ("worker", "worker", "postgres", "supervisor", "shape server", "web")
ZOMBIE = "zombie"
LAST_FAULTS = ("all workers", "everything", ZOMBIE)
"""The last fault of a round, which ends every attempt that is running. The recovery time is measured after
it.

"zombie" freezes a worker until another one has taken over its run; it needs two workers.
"""

REST = 120.0
"""Seconds within which all generations must end and all screens must show it, once every process is back."""

_log = structlog.get_logger(__name__)


Check = Callable[[], Awaitable[list[str]]]
"""A further check at the end of a round; it returns a sentence for each violation."""


class Chaos:
    """An installation with its users, in which rounds of faults can be run."""

    def __init__(
        self, seed: int, running: Installation, model: Storyteller, project_ids: Sequence[str]
    ) -> None:
        self.report = Report(seed)
        self.installation = running
        self.observers = Observers(running.electric_url, running.secret, [*project_ids])
        self._model = model
        self._pace, self._faults = model.pace, model.faults
        self._random = Random(f"{seed} storm")
        self._web_changes = asyncio.Lock()
        self._people = [
            Person(OWNER, observer, Random(f"{seed} person {number}"))
            for number, observer in enumerate(self.observers.by_project.values())
        ]

    async def round(
        self,
        seconds: float,
        kinds: Sequence[str] = KINDS,
        *,
        last_fault: str | None = None,
        checks: Sequence[Check] = (),
    ) -> None:
        """Inject faults for `seconds`, wait for recovery, and add every violation to the report."""
        self._model.pace, self._model.faults = self._pace, self._faults
        last_fault = last_fault or self._random.choice(LAST_FAULTS)
        people = [asyncio.create_task(person.brainstorm()) for person in self._people]
        await self._fault_phase(seconds, kinds, last_fault)
        for person in people:
            person.cancel()
        for error in await asyncio.gather(*people, return_exceptions=True):
            if not isinstance(error, asyncio.CancelledError):
                raise RuntimeError("a simulated person raised an error") from error
        await self.installation.wait_until_ready()
        self.report.recoveries.append(
            await (self._zombie_recovery() if last_fault == ZOMBIE else self._recovery())
        )
        await self._complete_all()
        self.report.note(await self._checked())
        for check in checks:
            self.report.note(await check())
        self._count()

    async def _fault_phase(self, seconds: float, kinds: Sequence[str], last_fault: str) -> None:
        end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as faults:
            # Inject the first fault when the first words are on the screen.
            await asyncio.sleep(self._random.uniform(1.5, 3.0))
            while time.monotonic() < end:
                self._begin(faults, self._random.choice(kinds))
                await asyncio.sleep(self._random.uniform(0.3, 2.5))
        if last_fault == ZOMBIE:
            return
        await self._until_somebody_writes()
        async with asyncio.TaskGroup() as faults:
            self._begin(faults, last_fault)

    def _begin(self, faults: asyncio.TaskGroup, kind: str) -> None:
        down = self._random.uniform(0.0, 3.0)
        self.report.kills[kind] += 1
        _log.info("chaos", kind=kind, down=round(down, 1))
        faults.create_task(self._inject(kind, down))

    async def _until_somebody_writes(self) -> None:
        await self.installation.wait_until_ready()
        deadline = time.monotonic() + REST
        while time.monotonic() < deadline:
            if any(batch.ideas for batch in self._on_screen()):
                return
            await asyncio.sleep(0.05)

    async def _inject(self, kind: str, down: float) -> None:
        running = self.installation
        processes = running.processes
        workers = [name for name in processes if name.startswith("worker")]
        match kind:
            case "worker":
                await processes[self._random.choice(workers)].down(down)
            case "all workers":
                await asyncio.gather(*(processes[name].down(down) for name in workers))
            case "frozen worker":
                # Usually long enough for the worker to count as dead and to return while another one writes.
                async with processes[self._random.choice(workers)].frozen():
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
        newest = [observer.newest for observer in self.observers.by_project.values()]
        return [batch for batch in newest if batch is not None and batch.status in ("pending", "running")]

    async def _web(self, down: float) -> None:
        """Restart the hub, which is the part of the web process that runs in this process."""
        async with self._web_changes:
            await self.observers.disconnect()
            await asyncio.sleep(down)
            await self.observers.connect()

    async def _recovery(self) -> float:
        """Seconds until every interrupted generation has changed on the screen or has ended."""
        back = time.monotonic()
        waiting = {
            run["id"]: run["project_id"] for run in await asyncio.to_thread(unended, self.installation.url)
        }
        longest = 0.0
        deadline = back + REST
        while waiting and time.monotonic() < deadline:
            for transform_id, project_id in [*waiting.items()]:
                moved = self.observers.by_project[project_id].moved.get(transform_id, 0.0)
                if moved > back:
                    longest = max(longest, moved - back)
                    del waiting[transform_id]
            await asyncio.sleep(0.05)
        self.report.note([f"{each} did not go on within {REST:.0f} s" for each in waiting])
        return longest

    async def _zombie_recovery(self) -> float:
        """Seconds until another worker has finished an idea in place of a frozen one."""
        self.report.kills[ZOMBIE] += 1
        everybody = [*self.observers.by_project.values()]
        seconds, sentences = await freeze_until_takeover(self.installation, self._model, everybody, OWNER)
        self.report.note(sentences)
        return seconds

    async def _complete_all(self) -> None:
        """Retry until no generation lacks an idea."""
        self._model.pace, self._model.faults, url = self._pace / 4, 0.0, self.installation.url
        deadline = time.monotonic() + REST
        while time.monotonic() < deadline:
            if not await asyncio.to_thread(unended, url):
                lacking = await asyncio.to_thread(short, url)
                if not lacking:
                    return
                # A project has at most one running generation.
                for run in {run["project_id"]: run for run in lacking}.values():
                    await retrying.retry(run["project_id"], run["id"], OWNER)
            await asyncio.sleep(0.2)
        left = [*unended(url), *short(url)]
        self.report.note([f"{run['id']} is {run['streaming_status']} after {REST:.0f} s" for run in left])

    async def _checked(self) -> list[str]:
        """The violations, once all screens have had time to show the end."""
        observers = [*self.observers.by_project.values()]
        deadline = time.monotonic() + REST
        while time.monotonic() < deadline:
            jobs = await self._rows("SELECT id FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
            shown = [
                await asyncio.to_thread(shown_equals_stored, self.installation.url, each)
                for each in observers
            ]
            if all(shown) and not jobs:
                break
            await asyncio.sleep(0.2)
        return await asyncio.to_thread(violations, self.installation.url, self._model.calls, observers)

    async def _rows(self, query: str) -> list[dict[str, str]]:
        return await asyncio.to_thread(rows, self.installation.url, query)

    def _count(self) -> None:
        [total] = rows(
            self.installation.url,
            "SELECT count(*) AS runs, coalesce(sum(retry_count + 1), 0) AS attempts FROM transforms",
        )
        report, observers = self.report, self.observers.by_project.values()
        report.generations, report.attempts = total["runs"], total["attempts"]
        report.calls = len(self._model.calls)
        report.ideas = sum(len(observer.seen) for observer in observers)
        report.changes = sum(observer.changes for observer in observers)
        report.actions = sum((Counter(person.actions) for person in self._people), Counter())


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
    """An installation with `project_count` projects, one person in each, and a model that sometimes fails."""
    model = Storyteller(seed, pace=pace, faults=faults)
    with unlimited(), ModelServer() as server:
        server.answers(model)
        async with installation(workers, server.url, web=web, logs=logs) as running:
            await test_user.seed()
            names = [f"项目 {number + 1}" for number in range(project_count)]
            opened = Chaos(seed, running, model, [await catalog.create(OWNER, name) for name in names])
            await opened.observers.connect()
            try:
                yield opened
            finally:
                await opened.observers.disconnect()
