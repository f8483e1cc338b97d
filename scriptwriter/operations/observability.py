"""Logging and metrics of this process.

Metrics of runs are counted from the worker's log lines, so that the worker reports each event once.
"""

import json
import logging
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO
from urllib.parse import quote

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HIDDEN = "hidden"
_OURS = "scriptwriter"
_SHORTEST_SECRET = 4
MOST_ALIKE, WHILE = 100, 60.0
"""Limit of warnings of one kind, and its period in seconds, so that bad requests cannot fill the disk."""
_MOST_KINDS = 1_000

REGISTRY = CollectorRegistry()
FIRST_IDEA = Histogram(
    "scriptwriter_first_idea_seconds",
    "From the begin of an attempt to its first finished idea.",
    buckets=(1, 2, 3, 5, 8, 13, 20, 30, 45, 60, 90, 120, 180),
    registry=REGISTRY,
)
TOKENS = Counter(
    "scriptwriter_tokens", "Tokens that the model counted, by their kind.", ["kind"], registry=REGISTRY
)
RETRIES = Counter(
    "scriptwriter_retries", "Automatic retries after temporary errors, by code.", ["code"], registry=REGISTRY
)
FAILURES = Counter(
    "scriptwriter_failures", "Runs that ended as failed, by their code.", ["code"], registry=REGISTRY
)
SHAPE_LAG = Histogram(
    "scriptwriter_shape_lag_seconds",
    "From the writing of a row (its updated_at, the start of its transaction) to its arrival in the hub. "
    "Right only as far as the clocks of the database and of this machine agree; an outage counts in full.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
    registry=REGISTRY,
)
FOLLOWERS = Gauge("scriptwriter_followers", "Tabs that follow a project in this process.", registry=REGISTRY)
OPEN_PROJECTS = Gauge(
    "scriptwriter_open_projects", "Projects that this process has subscribed to.", registry=REGISTRY
)


def exposition(runs: Mapping[str, int] | None) -> bytes:
    """The metrics in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).

    `runs` is the number of runs in the database, by state (None: the database is unavailable; the metric is
    then left out). Every process reports the same numbers: take their maximum, not their sum.
    """
    scrape = CollectorRegistry()
    scrape.register(_Runs(runs))
    return generate_latest(REGISTRY) + generate_latest(scrape)


class _Runs:
    def __init__(self, states: Mapping[str, int] | None) -> None:
        self._states = states

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(
            "scriptwriter_database_up",
            "Whether the database answered this scrape.",
            value=float(self._states is not None),
        )
        if self._states is not None:
            family = GaugeMetricFamily(
                "scriptwriter_generations", "Runs in the database, by state.", labels=["state"]
            )
            for state, number in self._states.items():
                family.add_metric([state], number)
            yield family


def configure_logs(
    *, json_lines: bool, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> logging.Handler:
    """Configure logging to `stream` (stderr), as JSON lines or for people; returns the handler.

    Loggers of this application log from INFO on, all others from WARNING on. Values of `secrets` are replaced
    in every line. A second call replaces the first.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    output = stream or sys.stderr
    shown: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if json_lines:
        shown += [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    else:
        # The default formatter shows the local variables of every frame, including keys and tokens.
        plain = structlog.dev.plain_traceback
        shown.append(structlog.dev.ConsoleRenderer(colors=output.isatty(), exception_formatter=plain))
    handler = _Handler(output)
    handler.addFilter(_FloodLimit())
    handler.setFormatter(_SecretFilter(secrets, processors=shown, foreign_pre_chain=shared))
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    logging.getLogger(_OURS).setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            _count,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return handler


class _Handler(logging.StreamHandler[TextIO]):
    """The handler of `configure_logs`, recognised by its class."""


class _FloodLimit(logging.Filter):
    """Passes MOST_ALIKE warnings of one kind per WHILE seconds. The next one reports how many were dropped.

    A kind is a logger and the template of a message, without the values from a client.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record. May add to it how many earlier records of its kind were dropped."""
        if record.levelno != logging.WARNING:
            return True
        line = record.msg if isinstance(record.msg, dict) else {}
        kind = record.name, str(line.get("event", record.msg))
        since, seen = self._kinds.get(kind, (record.created, 0))
        left_out = 0
        if record.created - since >= WHILE:
            since, seen, left_out = record.created, 0, max(0, seen - MOST_ALIKE)
        if len(self._kinds) >= _MOST_KINDS:
            # A library formats values into the message itself, so the kinds are unbounded.
            self._kinds.clear()
        self._kinds[kind] = since, seen + 1
        if left_out and line:
            record.msg = line | {"left_out": left_out}
        elif left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more were left out)", None
        return seen < MOST_ALIKE


class _SecretFilter(structlog.stdlib.ProcessorFormatter):
    """Replaces secrets in every line, also URL-encoded, JSON-escaped or quoted ones."""

    def __init__(self, secrets: Iterable[str], **options: Any) -> None:
        forms: set[str] = set()
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                forms |= {secret, quote(secret), quote(secret, safe="")}
                forms |= {json.dumps(secret)[1:-1], repr(secret)[1:-1]}
        self._forms = sorted(forms, key=len, reverse=True)
        super().__init__(**options)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for form in self._forms:
            line = line.replace(form, _HIDDEN)
        return line


def _count(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Count metrics from a log line of a run. A line without the expected fields is ignored."""
    with suppress(AttributeError, KeyError, TypeError, ValueError):
        if usage := line.get("usage"):
            for kind in ("prompt", "completion"):
                TOKENS.labels(kind).inc(usage.get(f"{kind}_tokens") or 0)
        if line["event"] == "first_idea":
            FIRST_IDEA.observe(line["seconds"])
        elif line["event"] == "generation_postponed":
            RETRIES.labels(line["code"]).inc()
        elif line["event"] == "generation_failed":
            FAILURES.labels(line["code"]).inc()
    return line
