"""Writes drafts of ideas into many projects at a steady rate, each with its marker, as a process.

It writes through the services, as a worker does, with one process for a few projects: an event loop that
serves many would notice the return of a commit late. Standard input: a plan as one line of JSON, then an
empty line that starts it. Standard output: `ready`, `begun`, and the result as JSON.
"""

import asyncio
import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import NamedTuple, TypeAlias

from sqlalchemy import event

from scriptwriter.domain.graph import Brief, Idea, Reply
from scriptwriter.services.accounts.test_user import TEST_USER
from scriptwriter.services.runs import attempts, ending, starting
from scriptwriter.services.runs.attempts import Attempt
from scriptwriter.store import database
from scriptwriter.sync.hub import Hub

BRIEF = Brief("抖音", "穿越, 爽文", "女主是现代 CEO", 5)
_TITLE = "女总裁穿越到古代当丫鬟"
_TEXT = "林若兰醒来时，发现自己成了侯府里最不起眼的丫鬟，而那份没有签完的协议还攥在手里。" * 4
_CHARACTERS_PER_WRITE = 3
_WRITES_PER_IDEA = 50
_WRITES_PER_BATCH = _WRITES_PER_IDEA * BRIEF.count
# Each project starts so many writes further in its batch, so that they do not all finish at once.
_STAGGER = 37
_PROJECTS_PER_PROCESS = 5
_STARTING_SECONDS = 2.0


@dataclass(frozen=True)
class Plan:
    """The projects to write into, the duration in seconds, and the writes a second in each project."""

    projects: list[str]
    seconds: float
    rate: float


class Commit(NamedTuple):
    """The times of one write, in milliseconds since 1970: start, COMMIT sent, COMMIT returned."""

    begun: float
    sent: float
    returned: float


Sent: TypeAlias = dict[asyncio.Task | None, float]
"""When each task last sent a COMMIT."""


@dataclass(frozen=True)
class Written:
    """The result: `commits` by project, in order.

    `seen` has, by the number of the write, when a client of the shapes first received it, for the first
    project.
    """

    commits: dict[str, list[Commit]]
    seen: dict[int, float]


def now() -> float:
    """Milliseconds since 1970."""
    return time.time_ns() / 1e6


def draft(step: int, number: int) -> list[Idea]:
    """The ideas after `step` writes of a batch. The last one is unfinished and ends with the marker."""
    done, length = divmod(step, _WRITES_PER_IDEA)
    whole = _TEXT[: _WRITES_PER_IDEA * _CHARACTERS_PER_WRITE]
    growing = _TEXT[: length * _CHARACTERS_PER_WRITE]
    return [Idea(_TITLE, whole)] * done + [Idea(_TITLE, f"{growing}#{number:06d}", "writing")]


async def write_all(begun: list[Attempt], plan: Plan, begin: float) -> list[list[Commit]]:
    """Write into some projects, from the moment `begin` on."""
    connection = database.connect(os.environ["DATABASE_URL"])
    sent: Sent = {}
    engine = connection.engine.sync_engine
    event.listen(engine, "commit", lambda _: sent.update({asyncio.current_task(): now()}))
    try:
        return await asyncio.gather(*(write(each, plan, begin, sent) for each in begun))
    finally:
        await connection.close()


async def write(attempt: Attempt, plan: Plan, begin: float, sent: Sent) -> list[Commit]:
    """Write into one project at the planned rate. Late writes are not made up for."""
    place = plan.projects.index(attempt.project_id)
    step = place * _STAGGER % _WRITES_PER_BATCH
    commits: list[Commit] = []
    task = asyncio.current_task()
    end, pause = begin + plan.seconds * 1000, 1000 / plan.rate
    # The projects' writes are spread evenly over time.
    due = begin + pause * place / len(plan.projects)
    while due < end:
        await asyncio.sleep((due - now()) / 1000)
        started = now()
        await attempts.save_draft(attempt, draft(step, len(commits)))
        commits.append(Commit(started, sent[task], now()))
        step += 1
        if step == _WRITES_PER_BATCH:
            step = 0
            await ending.finish(attempt, [Idea(_TITLE, _TEXT)] * BRIEF.count, Reply("benchmark"))
            attempt = await _begun(attempt.project_id)
        due = max(due + pause, now())
    return commits


async def watch(project: str, until: float) -> dict[int, float]:
    """When each write of a project, by its number, reached a client of its shapes.

    Ends at the moment `until`.
    """
    seen: dict[int, float] = {}
    live = os.environ["ELECTRIC_LIVE"] == "sse"
    async with Hub(os.environ["ELECTRIC_URL"], os.environ["ELECTRIC_SECRET"] or None, live_sse=live) as hub:
        with suppress(TimeoutError):
            async with asyncio.timeout((until - now()) / 1000), hub.follow(project) as flows:
                async for flow in flows:
                    ideas = flow.batches[0].ideas
                    if ideas and ideas[-1].status == "writing":
                        seen.setdefault(int(ideas[-1].body.rpartition("#")[2] or -1), now())
    return seen


async def begin_all(plan: Plan) -> list[Attempt]:
    """Begin an attempt in each project."""
    connection = database.connect(os.environ["DATABASE_URL"])
    begun = [await _begun(project) for project in plan.projects]
    await connection.close()
    return begun


async def _begun(project: str) -> Attempt:
    attempt = await attempts.begin(await starting.start(project, BRIEF, TEST_USER["id"]))
    assert attempt is not None
    return attempt


def _write(begun: list[Attempt], plan: Plan, begin: float) -> list[list[Commit]]:
    return asyncio.run(write_all(begun, plan, begin))


def _watch(project: str, until: float) -> dict[int, float]:
    return asyncio.run(watch(project, until))


def main() -> None:
    """Carry out the plan on standard input."""
    plan = Plan(**json.loads(sys.stdin.readline()))
    begun = asyncio.run(begin_all(plan))
    print("ready", flush=True)
    if not sys.stdin.readline():
        return
    # Forked, since importing everything again would take each process a second.
    groups = [begun[n : n + _PROJECTS_PER_PROCESS] for n in range(0, len(begun), _PROJECTS_PER_PROCESS)]
    with ProcessPoolExecutor(len(groups) + 1, multiprocessing.get_context("fork")) as pool:
        begin = now() + _STARTING_SECONDS * 1000
        watching = pool.submit(_watch, plan.projects[0], begin + (plan.seconds + 1) * 1000)
        writing = [pool.submit(_write, group, plan, begin) for group in groups]
        time.sleep(_STARTING_SECONDS)
        print("begun", flush=True)
        commits = [commits for each in writing for commits in each.result()]
        written = Written(dict(zip(plan.projects, commits, strict=True)), watching.result())
        print(json.dumps(asdict(written)))


if __name__ == "__main__":
    main()
