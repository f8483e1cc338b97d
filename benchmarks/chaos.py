"""Injects random faults into an installation for a given time, and prints which invariants held.

    uv run python -m benchmarks.chaos --minutes 20 [--seed N] [--without-browser]

Each round has two phases. In the first, people start, stop and retry generations in several projects while
workers, Postgres and its supervisor, the shape server and the web process are killed and workers are frozen.
Its last fault ends all workers, or all processes, or freezes a worker until another one has taken over its
run. In the second phase, all generations must complete and all invariants must hold. Exit status 1: one did
not.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random, randrange

from playwright.async_api import TimeoutError as NotThere

from scriptwriter.services.accounts import sessions
from tests.support.browsers import browser
from tests.support.chaos import KINDS, OWNER, Chaos, Check, chaos
from tests.support.chaos_checks import newest_titles
from tests.support.people import Person

PROJECTS = 6
ALL_KINDS = (*KINDS, *KINDS, "frozen worker", "frozen worker", "everything")
FAULT_SECONDS = 15.0, 45.0


async def run(minutes: float, seed: int, *, web: bool, logs: Path | None = None) -> Chaos:
    """Run rounds until the time is up. The result holds the report."""
    random = Random(f"{seed} rounds")
    end = time.monotonic() + 60 * minutes
    async with AsyncExitStack() as stack:
        chaos_run = await stack.enter_async_context(
            chaos(seed, project_count=PROJECTS, pace=0.12, faults=0.15, web=web, logs=logs)
        )
        checks = await stack.enter_async_context(_page(chaos_run)) if web else []
        known = 0
        while time.monotonic() < end:
            await chaos_run.round(random.uniform(*FAULT_SECONDS), ALL_KINDS, checks=checks)
            known = _print_round(chaos_run, known)
    return chaos_run


@asynccontextmanager
async def _page(chaos_run: Chaos) -> AsyncIterator[list[Check]]:
    """A page on the first project that is never reloaded, and a check that it shows the stored ideas."""
    home = chaos_run.installation.web_url
    assert home is not None
    project_id = next(iter(chaos_run.observers.by_project))
    async with browser() as opened:
        person = await Person.arrive(opened, home, await sessions.open_session(OWNER))
        await person.go(f"/projects/{project_id}/brainstorm")
        await person.page.evaluate("window.neverReloaded = true")

        async def check() -> list[str]:
            titles = newest_titles(chaos_run.installation.url, project_id)
            try:
                await person.sees_ideas(*titles)
            except (AssertionError, NotThere):
                shown = await person.finished.get_by_role("heading").all_inner_texts()
                await person.takes_picture("chaos")
                return [f"the page shows {shown}, and the database holds {titles}"]
            kept = await person.page.evaluate("window.neverReloaded === true")
            return [] if kept else ["the page was reloaded"]

        yield [check]


def _print_round(chaos_run: Chaos, known: int) -> int:
    """Print a line for the round, and one for each violation beyond the `known` ones.

    Returns their number.
    """
    report = chaos_run.report
    print(
        f"round {len(report.recoveries)}: {report.kills.total()} kills, {report.generations} generations, "
        f"recovered after {report.recoveries[-1]:.1f} s, {len(report.violations)} violations",
        *report.violations[known:],
        sep="\n  - ",
        flush=True,
    )
    return len(report.violations)


def _summary(chaos_run: Chaos, seconds: float) -> str:
    report = chaos_run.report
    recoveries = sorted(report.recoveries)
    facts = {
        "seed": report.seed,
        "minutes": f"{seconds / 60:.1f}",
        **{f"killed: {kind}": number for kind, number in sorted(report.kills.items())},
        **{f"people: {action}": number for action, number in sorted(report.actions.items())},
        "generations": report.generations,
        "attempts": report.attempts,
        "calls of the model": report.calls,
        "finished ideas": report.ideas,
        "changes on screens": report.changes,
        "recovered after (median, s)": f"{recoveries[len(recoveries) // 2]:.1f}",
        "recovered after (longest, s)": f"{recoveries[-1]:.1f}",
        "violations": len(report.violations),
    }
    lines = ["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in facts.items())]
    return "\n".join([*lines, *(f"- {sentence}" for sentence in report.violations)])


def main() -> int:
    """Parse the arguments and run. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description="Inject random faults")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(
        "--without-browser", action="store_true", help="leave the web process and its page out"
    )
    parser.add_argument("--logs", type=Path, default=None, help="a folder for the output of the processes")
    chosen = parser.parse_args()
    seed = randrange(10**6) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    chaos_run = asyncio.run(run(chosen.minutes, seed, web=not chosen.without_browser, logs=chosen.logs))
    print(_summary(chaos_run, time.monotonic() - began))
    return 1 if chaos_run.report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
