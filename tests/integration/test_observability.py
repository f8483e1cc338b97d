"""What an operator reads: log lines of a real worker, health and readiness, and metrics."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from io import StringIO
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest
import structlog
from fastapi import FastAPI

from scriptwriter.api.http_app import create
from scriptwriter.domain.graph import Idea
from scriptwriter.operations.backing import electric_server
from scriptwriter.operations.observability import MOST_ALIKE, WHILE, configure_logs
from scriptwriter.operations.version import version
from scriptwriter.services.runs import attempts, starting
from scriptwriter.settings import settings
from scriptwriter.store import database
from scriptwriter.sync import hub
from tests.support.model_server import ModelServer, ideas_text, refused, spoken
from tests.support.rooms import BRIEF, Room
from tests.support.waiting import LIMIT, eventually
from tests.support.web import ROOT, free_port

KEY = 'sk-very/secret "key"'
PASSWORD = "p@ss/word of Postgres"
TOKEN = "the token of Prometheus"


@pytest.fixture
def logs() -> Iterator[Callable[..., StringIO]]:
    """A function that configures this process's logs and returns the stream that they are written to."""
    handlers: list[logging.Handler] = []

    def configure(**options: Any) -> StringIO:
        stream = StringIO()
        handlers.append(configure_logs(stream=stream, **options))
        return stream

    yield configure
    for handler in handlers:
        logging.getLogger().removeHandler(handler)
    logging.getLogger("scriptwriter").setLevel(logging.NOTSET)
    structlog.reset_defaults()


@asynccontextmanager
async def worker(**environment: str) -> AsyncIterator[list[str]]:
    """A real worker process, and the lines that it has logged so far."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scriptwriter", "worker",
        stderr=asyncio.subprocess.PIPE, cwd=ROOT, env=os.environ | environment,
    )  # fmt: skip
    lines: list[str] = []

    async def read() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            lines.append(line.decode().rstrip())

    connected_hub = asyncio.create_task(read())
    try:
        yield lines
    finally:
        process.terminate()
        await process.wait()
        await connected_hub


def first_event(lines: list[str], event: str) -> dict[str, Any] | None:
    """The first log line with this event."""
    return next((line for line in map(json.loads, lines) if line["event"] == event), None)


def client(api: FastAPI, address: str = "127.0.0.1", host: str = "localhost:3000") -> httpx.AsyncClient:
    """A client of the HTTP API, whose requests come from `address`."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api, client=(address, 50000)), base_url=f"http://{host}"
    )


def samples(text: str) -> Mapping[str, float]:
    """The values of a Prometheus exposition, by name and labels."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def read_metrics(api: FastAPI) -> Mapping[str, float]:
    """What /metrics returns now."""
    async with client(api) as http:
        return samples((await http.get("/metrics")).text)


@asynccontextmanager
async def connected_hub(url: str) -> AsyncIterator[hub.Hub]:
    """A hub connected to an embedded shape server, as the hub of this process."""
    inside = settings().model_copy(update={"electric_url": None})
    async with (
        electric_server(inside, url) as electric,
        hub.connect(hub.Hub(electric.url, electric.secret, linger=0.1)) as reader,
    ):
        yield reader


@pytest.fixture
def api() -> FastAPI:
    return create()


async def test_every_log_line_of_a_run_names_project_transform_and_attempt(
    connected: str, room: Room
) -> None:
    """JSON lines of a worker in production, for a run with one automatic retry. None contains the API key."""
    with ModelServer() as model:
        model.answers(refused(503, f"busy, dear {KEY}"), spoken(ideas_text([1, 2, 3])))
        environment = {
            "SCRIPTWRITER_ENV": "production", "SCRIPTWRITER_URL": "https://write.example",
            "DATABASE_URL": connected, "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": model.url, "MODEL_RETRY_SECONDS": "0.1",
        }  # fmt: skip
        async with worker(**environment) as lines:
            transform_id = await starting.start(room.project_id, BRIEF, room.owner)

            await eventually(lambda: first_event(lines, "generation_completed"), 2 * LIMIT)

    records = [json.loads(line) for line in lines]
    ours = [line for line in records if line["event"].startswith(("generation_", "first_idea"))]
    assert [(line["event"], line["attempt"]) for line in ours] == [
        ("generation_started", 0),
        ("generation_postponed", 0),
        ("generation_started", 1),
        ("first_idea", 1),
        ("generation_completed", 1),
    ]
    assert {(line["project"], line["transform"]) for line in ours} == {(room.project_id, transform_id)}
    assert all(line["level"] and line["timestamp"] and line["logger"] for line in records)
    assert not any(KEY in line or json.dumps(KEY)[1:-1] in line for line in lines)


async def test_lines_of_standard_loggers_have_the_same_form_and_context(logs: Callable) -> None:
    """Each line that is logged during a run names the run."""
    stream = logs(json_lines=True)

    with structlog.contextvars.bound_contextvars(project="p", transform="t", attempt=2):
        logging.getLogger("scriptwriter.sync.hub").info("opened %s", "it")
        logging.getLogger("some.library").warning("careful")
        logging.getLogger("some.library").info("chatter")

    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["level"], first["logger"]) == ("opened it", "info", "scriptwriter.sync.hub")
    assert (second["event"], second["level"]) == ("careful", "warning")
    assert all(
        (line["project"], line["transform"], line["attempt"]) == ("p", "t", 2) for line in (first, second)
    )


@pytest.mark.parametrize("json_lines", [True, False], ids=["production", "development"])
async def test_no_log_line_contains_a_secret(json_lines: bool, logs: Callable, setting: Callable) -> None:
    """This covers messages, URLs, errors and the local variables of stack frames."""
    setting(
        OPENAI_API_KEY=KEY,
        METRICS_TOKEN=TOKEN,
        DATABASE_URL="postgresql://u:p%40ss%2Fword%20of%20Postgres@h/d",
        REDIS_URL="redis://:another-secret@h",
    )
    known = settings()
    stream = logs(json_lines=json_lines, secrets=known.secrets)

    session = "a session's " + "own token"  # never to be read in a frame
    try:
        raise ValueError(f"cannot reach {KEY} by {known.outside_database}")
    except ValueError:
        structlog.get_logger("scriptwriter.test").exception("failed", key=KEY, settings=known)
        logging.getLogger("scriptwriter").exception("failed with %s and %s", TOKEN, known.redis_url)
    logging.getLogger("other").error("password %s, redis another-secret", PASSWORD)

    logged = stream.getvalue()
    assert "ValueError" in logged and "hidden" in logged
    for secret in (KEY, json.dumps(KEY)[1:-1], PASSWORD, "p%40ss", TOKEN, "another-secret", session):
        assert secret not in logged


async def test_readiness_names_the_state_of_each_part(connected: str, api: FastAPI) -> None:
    """A web process without a worker is ready, and says that the worker is missing."""
    async with connected_hub(connected), client(api) as http:
        await eventually_ready(http)

        answer = await http.get("/readyz")
        alive = await http.get("/healthz")

    assert answer.json() == {"status": "ok", "database": "ok", "electric": "ok", "worker": "missing"}
    assert alive.json() == {"status": "ok", "version": version()}


async def test_readiness_sees_a_worker_by_its_heartbeat(connected: str, api: FastAPI) -> None:
    """One with a current heartbeat, and one whose heartbeat is a minute old."""
    async with connected_hub(connected), client(api) as http:
        await eventually_ready(http)
        with psycopg.connect(connected, autocommit=True) as connection:
            connection.execute("INSERT INTO worker_processes DEFAULT VALUES")

            alive = (await http.get("/readyz")).json()["worker"]
            connection.execute("UPDATE worker_processes SET last_heartbeat = now() - interval '1 minute'")
            dead = (await http.get("/readyz")).json()["worker"]

    assert (alive, dead) == ("ok", "missing")


async def test_without_electric_the_process_is_not_ready(connected: str, api: FastAPI) -> None:
    """Electric's address is known, but nobody listens there."""
    async with hub.connect(hub.Hub(f"http://127.0.0.1:{free_port()}")), client(api) as http:
        answer = await http.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable", "database": "ok", "electric": "unreachable", "worker": "missing",
    }  # fmt: skip


async def test_readiness_does_not_wait_long_for_electric(connected: str, api: FastAPI) -> None:
    """A server that accepts connections and sends nothing counts as unreachable."""
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, hub.connect(hub.Hub(f"http://127.0.0.1:{port}")), client(api) as http:
        answer = await asyncio.wait_for(http.get("/readyz"), LIMIT)

    assert (answer.status_code, answer.json()["electric"]) == (503, "unreachable")


async def test_without_a_database_the_process_is_not_ready(connected: str, api: FastAPI) -> None:
    """The state of the worker is then unknown, and /metrics says that the database is away."""
    async with connected_hub(connected):
        away = database.connect(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
        async with client(api) as http:
            answer = await http.get("/readyz")
        values = await read_metrics(api)
        await away.close()

    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["worker"]) == ("unreachable", "unknown")
    assert values["scriptwriter_database_up"] == 0
    assert not any(name.startswith("scriptwriter_generations") for name in values)


async def test_runs_are_counted_in_the_database_by_state(connected: str, room: Room, api: FastAPI) -> None:
    """It makes no difference which process wrote them. States without a run are listed, too."""
    await starting.start(room.project_id, BRIEF, room.owner)

    values = await read_metrics(api)

    states = ("pending", "running", "completed", "failed", "cancelled")
    assert [values[f'scriptwriter_generations{{state="{state}"}}'] for state in states] == [1, 0, 0, 0, 0]


async def test_followers_open_projects_and_lag_are_measured_by_the_hub(
    connected: str, room: Room, api: FastAPI
) -> None:
    """A change is measured once for all of its followers. A follower who leaves is no longer counted."""
    before = await read_metrics(api)

    def grown(now: Mapping[str, float], name: str) -> float:
        return now[f"scriptwriter_{name}"] - before[f"scriptwriter_{name}"]

    async with connected_hub(connected) as reader:
        async with reader.follow(room.project_id) as one, reader.follow(room.project_id) as two:
            await anext(one)
            await anext(two)
            during = await read_metrics(api)
            attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
            assert attempt is not None
            await attempts.save_draft(attempt, [Idea("一", "二")])
            async for flow in one:
                if flow.batches and flow.batches[0].ideas:
                    break
        await eventually(lambda: reader.open_projects == 0)
    after = await read_metrics(api)

    assert (grown(during, "followers"), grown(during, "open_projects")) == (2, 1)
    assert (grown(after, "followers"), grown(after, "open_projects")) == (0, 0)
    assert grown(during, "shape_lag_seconds_count") == 0
    assert grown(after, "shape_lag_seconds_count") >= 1


async def test_a_worker_serves_its_metrics_on_a_port_of_its_own(connected: str, room: Room) -> None:
    """Retries, tokens and failures, to the bearer of the token only."""
    port = free_port()
    with ModelServer() as model:
        model.answers(refused(503, "busy"), spoken(ideas_text([1, 2, 3])), refused(401, "who are you?"))
        environment = {
            "SCRIPTWRITER_ENV": "production", "SCRIPTWRITER_URL": "https://write.example",
            "DATABASE_URL": connected, "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": model.url, "MODEL_RETRY_SECONDS": "0.1",
            "METRICS_PORT": str(port), "METRICS_TOKEN": TOKEN,
        }  # fmt: skip
        async with worker(**environment) as lines, httpx.AsyncClient(trust_env=False) as http:
            await starting.start(room.project_id, BRIEF, room.owner)
            await eventually(lambda: first_event(lines, "generation_completed"), 2 * LIMIT)
            await starting.start(room.project_id, BRIEF, room.owner)
            await eventually(lambda: first_event(lines, "generation_failed"), 2 * LIMIT)
            address = f"http://127.0.0.1:{port}/metrics"

            refusal = await http.get(address)
            answer = await http.get(address, headers={"authorization": f"Bearer {TOKEN}"})

    values = samples(answer.text)
    assert (refusal.status_code, answer.status_code) == (401, 200)
    assert values['scriptwriter_tokens_total{kind="completion"}'] == 22
    assert values["scriptwriter_first_idea_seconds_count"] == 1
    for name in ("retries", "failures"):
        [count] = [value for key, value in values.items() if key.startswith(f"scriptwriter_{name}_total")]
        assert count == 1
    assert values['scriptwriter_generations{state="failed"}'] == 1


async def test_metrics_need_a_local_client_or_the_token(
    connected: str, api: FastAPI, setting: Callable
) -> None:
    """Refused are other machines, pages of other sites, and in production everybody without the token."""

    async def status(address: str = "127.0.0.1", host: str = "localhost:3000", bearer: str = "") -> int:
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        async with client(api, address, host) as http:
            return (await http.get("/metrics", headers=headers)).status_code

    here, here6 = await status(), await status("::1", "[::1]:3000")
    outside, foreign_page = await status("192.0.2.7"), await status(host="rebound.example:3000")
    setting(SCRIPTWRITER_ENV="production")
    here_in_production = await status()
    setting(METRICS_TOKEN=TOKEN)
    with_token, wrong_token, without = (
        await status("192.0.2.7", bearer=TOKEN),
        await status(bearer="x"),
        await status(),
    )

    assert (here, here6) == (200, 200)
    assert (outside, foreign_page, here_in_production) == (404, 404, 404)
    assert (with_token, wrong_token, without) == (200, 401, 401)


async def eventually_ready(http: httpx.AsyncClient) -> None:
    """Wait until the shape server has reached its database."""
    async with asyncio.timeout(LIMIT):
        while True:
            if (await http.get("/readyz")).status_code == 200:
                return
            await asyncio.sleep(0.05)


def test_repeated_warnings_are_limited(logs: Callable[..., StringIO]) -> None:
    """Other warnings and errors are still logged. A minute later one line says how many were left out."""
    stream = logs(json_lines=True)
    [handler] = [each for each in logging.getLogger().handlers if getattr(each, "stream", None) is stream]

    def say(text: Any, level: str = "WARNING", later: float = 0.0) -> None:
        values = {"name": "scriptwriter", "levelname": level, "levelno": logging.getLevelName(level)}
        handler.handle(logging.makeLogRecord(values | {"msg": text, "args": ("x",), "created": later}))

    for _ in range(3 * MOST_ALIKE):
        say("a page failed: %s")
        say("an event failed: %s", "ERROR")
    say("another: %s")
    say("a page failed: %s", later=WHILE)

    lines = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert lines.count("a page failed: x") == MOST_ALIKE
    assert lines.count("an event failed: x") == 3 * MOST_ALIKE
    assert lines[-2:] == ["another: x", f"a page failed: x ({2 * MOST_ALIKE} more were left out)"]


def test_a_structured_warning_has_the_number_of_those_left_out_in_a_field(
    logs: Callable[..., StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Warnings with the same event count together, whatever their fields are."""
    stream, clock = logs(json_lines=True), [1_000.0]
    monkeypatch.setattr(
        logging, "time", SimpleNamespace(time=lambda: clock[0], time_ns=lambda: int(clock[0] * 1e9))
    )
    log = structlog.get_logger("scriptwriter.here")

    for number in range(MOST_ALIKE + 5):
        log.warning("event_refused", handler=str(number))
    clock[0] += WHILE
    log.warning("event_refused", handler="later")

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == MOST_ALIKE + 1
    assert (lines[-1]["handler"], lines[-1]["left_out"]) == ("later", 5)
