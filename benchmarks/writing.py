"""Owns the process that writes: drafts of ideas for many projects at a steady pace, each with its marker.

It writes as a worker does, through the services, in a process for every few projects: a loop that is busy
with many would note a commit late. Standard input: a plan as one line of JSON, then an empty line that starts
it. Standard output: `ready`, `begun`, and what happened, as JSON. Knows no browser.
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
# So that at any moment the projects are at different places of their batches.
_STAGGER = 37
_PROJECTS_PER_PROCESS = 5
_STARTING_SECONDS = 2.0


@dataclass(frozen=True)
class Plan:
    """What to write: projects, seconds, writes a second in each."""

    projects: list[str]
    seconds: float
    rate: float


class Commit(NamedTuple):
    """One write, in milliseconds since 1970: when it was begun, COMMIT was sent, and had returned."""

    begun: float
    sent: float
    returned: float


Sent: TypeAlias = dict[asyncio.Task | None, float]
"""When each task last sent a COMMIT."""


@dataclass(frozen=True)
class Written:
    """What happened: `commits` by project, in order.

    `seen`: when a client of the shapes first had each write of the first project, by its number.
    """

    commits: dict[str, list[Commit]]
    seen: dict[int, float]


def now() -> float:
    """Milliseconds since 1970."""
    return time.time_ns() / 1e6


def draft(step: int, number: int) -> list[Idea]:
    """The ideas after `step` writes of a batch, the last one growing and ending with the marker."""
    done, length = divmod(step, _WRITES_PER_IDEA)
    whole = _TEXT[: _WRITES_PER_IDEA * _CHARACTERS_PER_WRITE]
    growing = _TEXT[: length * _CHARACTERS_PER_WRITE]
    return [Idea(_TITLE, whole)] * done + [Idea(_TITLE, f"{growing}#{number:06d}", "writing")]


async def write_all(begun: list[Attempt], plan: Plan, begin: float) -> list[list[Commit]]:
    """Write into some projects from the moment `begin`."""
    connection = database.connect(os.environ["DATABASE_URL"])
    sent: Sent = {}
    engine = connection.engine.sync_engine
    event.listen(engine, "commit", lambda _: sent.update({asyncio.current_task(): now()}))
    try:
        return await asyncio.gather(*(write(each, plan, begin, sent) for each in begun))
    finally:
        await connection.close()


async def write(attempt: Attempt, plan: Plan, begin: float, sent: Sent) -> list[Commit]:
    """Write into one project as fast as the plan says, and no faster to catch up."""
    place = plan.projects.index(attempt.project_id)
    step = place * _STAGGER % _WRITES_PER_BATCH
    commits: list[Commit] = []
    task = asyncio.current_task()
    end, pause = begin + plan.seconds * 1000, 1000 / plan.rate
    # Evenly between each other, as strangers write.
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
    """When each write of a project reaches a client of its shapes, by its number, until a moment."""
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
    """An attempt in each project."""
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
    """Do what the plan on standard input says."""
    plan = Plan(**json.loads(sys.stdin.readline()))
    begun = asyncio.run(begin_all(plan))
    print("ready", flush=True)
    if not sys.stdin.readline():
        return
    # Forked, because every import of its own would take a second of the machine.
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
