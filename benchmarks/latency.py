"""Measures the delay from a commit to the DOM, and prints the tables of docs/measurements.md.

    uv run python -m benchmarks.latency [--seconds 20] [--only NAME] [--live sse|long-poll]

All tabs are pages of one signed-in user in one Chromium, and another process writes. A sample is one write in
one tab: the time from the return of its commit until the page shows it or a newer write.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.chromium import Chromium, Tab, chromium
from benchmarks.figures import Delays, Result, Times, add_tab, add_writes, tables, with_earliest_returns
from benchmarks.stack import Stack, stack, temporary_folder
from benchmarks.writing import Commit, Plan, now
from scriptwriter.services.accounts.test_user import TEST_USER
from scriptwriter.services.projects import catalog

RATE = 10.0
WARM_UP_SECONDS = 3.0
TAB_SCRIPT = (Path(__file__).parent / "tab.js").read_text(encoding="utf-8")
_STREAM_LIMIT = 2**26


class Scenario(NamedTuple):
    """A number of tabs, spread over a number of projects with active runs."""

    name: str
    tabs: int
    projects: int


SCENARIOS = (
    Scenario("1 tab", 1, 1),
    Scenario("10 tabs, one project", 10, 1),
    Scenario("20 tabs, one project", 20, 1),
    Scenario("20 tabs, 20 projects", 20, 20),
)


async def measure(scenario: Scenario, system: Stack, browser: Chromium, seconds: float) -> Result:
    """Run one scenario for `seconds` after its warm-up."""
    ids = [await catalog.create(TEST_USER["id"], f"测量 {number}") for number in range(scenario.projects)]
    # Longer than the measurement, so that no writer ends before the processor times are read.
    plan = Plan(ids, WARM_UP_SECONDS + seconds + 1, RATE)
    tabs = [(ids[number % len(ids)], await browser.new_tab()) for number in range(scenario.tabs)]
    for project, tab in tabs:
        await tab.open(f"{system.url}/projects/{project}/brainstorm", TAB_SCRIPT)
        await tab.wait_for("document.querySelector('[data-testid=idle]')")
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.writing",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env=os.environ | system.environment, limit=_STREAM_LIMIT,
    )  # fmt: skip
    assert writer.stdin is not None and writer.stdout is not None
    try:
        writer.stdin.write(json.dumps(asdict(plan)).encode() + b"\n")
        assert await writer.stdout.readline() == b"ready\n", "the writing process ended"
        for _, tab in tabs:
            await tab.wait_for("document.querySelector('[data-phase]')")
        writer.stdin.write(b"\n")
        assert await writer.stdout.readline() == b"begun\n", "the writing process ended"
        await asyncio.sleep(WARM_UP_SECONDS)
        parts = {**system.pids, "chromium": browser.pid, "writing": writer.pid, "measuring": os.getpid()}
        used, since = _processor_seconds(parts), now()
        await asyncio.sleep(seconds)
        cores = {part: (total - used[part]) / seconds for part, total in _processor_seconds(parts).items()}
        until = now()
        written = json.loads(await writer.stdout.readline())
    finally:
        if writer.returncode is None:
            writer.stdin.close()
            await writer.wait()
    delays = Delays()
    seen = _numbered(written["seen"])
    for project, commits in written["commits"].items():
        watched = seen if project == ids[0] else {}
        own_tabs = [tab for own, tab in tabs if own == project]
        await _collect(delays, [Commit(*each) for each in commits], own_tabs, watched, since, until)
    return Result(scenario.name, delays, len(delays.write) / seconds, cores)


async def _collect(
    delays: Delays, commits: list[Commit], tabs: list[Tab], seen: Times, since: float, until: float
) -> None:
    recorded = []
    for tab in tabs:
        each = await tab.value("benchmark()")
        recorded.append([_numbered(each[times], each["ahead"]) for times in ("frames", "shown")])
        await tab.close()
    commits = with_earliest_returns(commits, [seen, *(times for pair in recorded for times in pair)])
    inside = [number for number, commit in enumerate(commits) if since <= commit.returned < until]
    window = range(inside[0], inside[-1] + 1)
    add_writes(delays, commits, window, seen)
    for frames, shown in recorded:
        add_tab(delays, commits, window, frames, shown, seen)


def _numbered(times: Mapping[str, float], ahead: float = 0.0) -> dict[int, float]:
    return {int(number): moment - ahead for number, moment in times.items()}


def _processor_seconds(parts: Mapping[str, int]) -> dict[str, float]:
    """The processor seconds that each part has used, with all of its child processes."""
    pids = set(parts.values())
    used: dict[str, float] = {}
    for part, pid in parts.items():
        root = psutil.Process(pid)
        family = [root] if pid == os.getpid() else [root, *root.children(recursive=True)]
        used[part] = 0.0
        for process in family:
            if process.pid == pid or process.pid not in pids:
                try:
                    times = process.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                used[part] += times.user + times.system
    return used


async def run(seconds: float, only: str | None, live: str) -> list[Result]:
    """Measure the scenarios whose name contains `only`, one by one, in one system and one browser."""
    wanted = [scenario for scenario in SCENARIOS if only is None or only in scenario.name]
    results: list[Result] = []
    with temporary_folder() as folder:
        print("building and starting …", file=sys.stderr)
        async with stack(folder, live) as system, chromium(folder / "profile") as browser:
            await browser.sign_in(system.url, *await system.session())
            for scenario in wanted:
                print(f"{scenario.name} …", file=sys.stderr)
                results.append(await measure(scenario, system, browser, seconds))
                print(tables(results[-1:]), file=sys.stderr)
    return results


def main() -> None:
    """Parse the arguments, measure, and print the tables."""
    parser = argparse.ArgumentParser(description="Latency from a commit to the page.")
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="duration of each scenario after its warm-up"
    )
    parser.add_argument("--only", help="scenarios whose name contains this")
    parser.add_argument("--live", choices=("sse", "long-poll"), default="sse")
    arguments = parser.parse_args()
    print(tables(asyncio.run(run(arguments.seconds, arguments.only, arguments.live))))


if __name__ == "__main__":
    main()
