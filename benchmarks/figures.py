"""Delays, percentiles and tables, computed from recorded times."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.writing import Commit

Times = Mapping[int, float]
"""Milliseconds since 1970 by the number of a write."""


@dataclass
class Delays:
    """Delays in milliseconds, one for each write and tab.

    `dom` is the whole delay: from the commit's return until the page first shows this write or a newer one.
    `longest` starts when COMMIT was sent, so the actual moment of the commit lies between the two. `client`,
    `frame` and `page` are parts of it, for writes that were observed at both ends: from the commit to a
    client of the shapes, from there to the websocket message in the browser, and from there to the DOM.
    """

    dom: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)
    frame: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    write: list[float] = field(default_factory=list)
    expected: int = 0
    shown: int = 0


@dataclass(frozen=True)
class Result:
    """The measurements of one scenario.

    `cores` is how many processors each part of the system used on average.
    """

    name: str
    delays: Delays
    rate: float
    cores: Mapping[str, float]


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that `percent` of them do not exceed. NaN without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else math.nan


def first_not_older(times: Times, count: int) -> list[float]:
    """For each of `count` writes, when it or a newer one was first observed (infinity: never)."""
    reached, earliest = [math.inf] * count, math.inf
    for number in range(count - 1, -1, -1):
        earliest = min(earliest, times.get(number, math.inf))
        reached[number] = earliest
    return reached


def with_earliest_returns(commits: Sequence[Commit], observations: Sequence[Times]) -> list[Commit]:
    """The commits, with `returned` not later than their first observation.

    A busy writer notices a return late.
    """
    return [
        Commit(begun, sent, min(returned, *(times.get(number, math.inf) for times in observations)))
        for number, (begun, sent, returned) in enumerate(commits)
    ]


def add_tab(
    delays: Delays, commits: Sequence[Commit], window: range, frames: Times, shown: Times, seen: Times
) -> None:
    """Add the delays of one tab for the writes in `window`. `seen` has the times of the shapes' client."""
    reached = first_not_older(shown, len(commits))
    for number in window:
        delays.expected += 1
        delays.dom.append(reached[number] - commits[number].returned)
        delays.longest.append(reached[number] - commits[number].sent)
        if number in shown:
            delays.shown += 1
        if number in shown and number in frames:
            delays.page.append(shown[number] - frames[number])
        if number in seen and number in frames:
            delays.frame.append(frames[number] - seen[number])


def add_writes(delays: Delays, commits: Sequence[Commit], window: range, seen: Times) -> None:
    """Add the durations of one project's writes, and their delays to the shapes' client if one followed."""
    for number in window:
        delays.write.append(commits[number].returned - commits[number].begun)
        if number in seen:
            delays.client.append(seen[number] - commits[number].returned)


def tables(results: Sequence[Result]) -> str:
    """Markdown tables of all results."""
    return "\n\n".join((_delays_table(results), _parts_table(results), _cores_table(results)))


def _delays_table(results: Sequence[Result]) -> str:
    heading = (
        "commit → DOM, ms", "p50", "p95", "p99", "max", "p50 / p95 from COMMIT sent", "samples",
        "writes/s", "reached the DOM",
    )  # fmt: skip
    rows = [
        (
            each.name,
            *(_ms(percentile(each.delays.dom, percent)) for percent in (50, 95, 99, 100)),
            _pair(each.delays.longest),
            f"{len(each.delays.dom):,}",
            f"{each.rate:.0f}",
            f"{each.delays.shown / max(1, each.delays.expected):.1%}",
        )
        for each in results
    ]
    return _table(heading, rows)


def _parts_table(results: Sequence[Result]) -> str:
    heading = (
        "p50 / p95, ms",
        "commit → shape client",
        "→ websocket message",
        "→ DOM",
        "(duration of the write)",
    )
    rows = []
    for each in results:
        delays = each.delays
        parts = (delays.client, delays.frame, delays.page, delays.write)
        rows.append((each.name, *map(_pair, parts)))
    return _table(heading, rows)


def _cores_table(results: Sequence[Result]) -> str:
    parts = list(results[0].cores) if results else []
    return _table(
        ("processors used", *parts),
        [(each.name, *(f"{each.cores[part]:.2f}" for part in parts)) for each in results],
    )


def _pair(values: Sequence[float]) -> str:
    return f"{_ms(percentile(values, 50))} / {_ms(percentile(values, 95))}"


def _ms(value: float) -> str:
    return f"{value:.1f}"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ("---", *("--:" for _ in heading[1:])), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
