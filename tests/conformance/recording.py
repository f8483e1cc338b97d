"""Reads the recorded exchanges with a real Electric."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "recordings" / "electric-1.7.12"

_SQL = re.compile(r"==== \[ *([0-9.]+)s\] SQL: (.*)")
_REQUEST = re.compile(r">>>> \[ *([0-9.]+)s\] ([A-Z]+) (\S+)( \(raw socket\))?$")
_RESPONSE = re.compile(r"<<<< \[\+([0-9.]+)s\] HTTP ([0-9]+)")
_RAW = re.compile(r"<<<< \[\+([0-9.]+)s\] raw (b'.*')$")
_HEADER = re.compile(r"     ([A-Za-z-]+): ?(.*)")
_BODY = re.compile(r"     body \([0-9]+ bytes\): ?(.*)")


@dataclass
class Statement:
    """SQL that was executed at second `at` of the recording."""

    at: float
    sql: str


@dataclass
class Exchange:
    """A request sent at second `at`, and its response, complete at second `until`."""

    at: float
    method: str
    target: str
    title: str
    request_headers: dict[str, str] = field(default_factory=dict)
    until: float = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    raw: list[bytes] = field(default_factory=list)
    during: list[Statement] = field(default_factory=list)


def read_recording(name: str, rewrites: Mapping[str, str] | None = None) -> list[Statement | Exchange]:
    """The steps of a recording, in order of time.

    Statements that ran during a request are in its `during`. `rewrites` replaces parts of the text that
    cannot be repeated.
    """
    steps: list[Statement | Exchange] = []
    exchange: Exchange | None = None
    title = ""
    text = (FOLDER / name).read_text()
    for old, new in (rewrites or {}).items():
        text = text.replace(old, new)
    for line in text.splitlines():
        if line.startswith("#### "):
            title = line[5:]
        elif match := _SQL.match(line):
            steps.append(Statement(float(match[1]), match[2]))
        elif match := _REQUEST.match(line):
            exchange = Exchange(float(match[1]), match[2], match[3], title)
            steps.append(exchange)
        elif exchange and (match := _RESPONSE.match(line)):
            exchange.until, exchange.status = exchange.at + float(match[1]), int(match[2])
        elif exchange and (match := _RAW.match(line)):
            exchange.until = exchange.at + float(match[1])
            exchange.raw.append(ast.literal_eval(match[2]))
        elif exchange and exchange.status and (match := _BODY.match(line)):
            exchange.body = match[1]
        elif exchange and (match := _HEADER.match(line)):
            target = exchange.headers if exchange.status else exchange.request_headers
            target[match[1].lower()] = match[2]
    return _in_order(steps)


def _in_order(steps: list[Statement | Exchange]) -> list[Statement | Exchange]:
    """The steps by time, with statements that ran during a waiting request moved into that request."""
    ordered: list[Statement | Exchange] = []
    # The recorded time of a statement is that of its end.
    waits = [s for s in steps if isinstance(s, Exchange) and s.until - s.at > 0.2]
    for step in sorted(steps, key=lambda step: step.at):
        around = [w for w in waits if isinstance(step, Statement) and w.at + 0.2 < step.at <= w.until + 0.01]
        if isinstance(step, Statement) and around:
            around[0].during.append(step)
        else:
            ordered.append(step)
    return ordered
