"""Fixtures that every test may use. Their logic is in support/."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_asyncio
import structlog
from playwright.async_api import Browser
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from xdist.scheduler import LoadFileScheduling

from scriptwriter.services.accounts import password_hashing
from scriptwriter.sync import hub as process_hub
from scriptwriter.sync.hub import Hub
from tests.support import outside_electric, postgres
from tests.support.browsers import browser as open_browser
from tests.support.rooms import Room, make_room
from tests.support.shape_servers import SECRET, shape_server

# CI tries the same examples in every run; other machines try new ones.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
# No deadline: an example may take long on a busy machine.
hypothesis.settings.register_profile("own", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "own")

# structlog's default traceback takes seconds to colour the sources and variables of every frame.
_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])

# Without the collector during imports and collection: nothing of it becomes garbage.
gc.disable()

PROCESSES = 4
"""The number of test processes: twice the cores of a small machine, since tests mostly wait."""

TOGETHER = {
    "browsers": ("accessibility", "interruptions", "accounts", "brainstorm", "lineage"),
    "more browsers": ("collaboration", "estimate", "failures", "import", "members", "programs", "run_status"),
    "secrets": ("pages", "secrets"),
    "attacks": ("ended_sessions", "events", "floods", "websocket"),
    "requests": ("contract", "loop", "routes"),
}
"""Files that share a fixture which is slow to build or to start.

One process runs each group, and builds it once.
"""


class _Together(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        name = Path(file).stem.removeprefix("test_")
        within = file.startswith(("tests/e2e", "tests/security"))
        return next((group for group, names in TOGETHER.items() if within and name in names), file)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The number of test processes: 0 for one file or for named tests, which run in this process.

    Starting other processes would take longer than such a run.
    """
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return PROCESSES
    one_file = len(config.args) == 1 and Path(config.args[0]).is_file()
    return 0 if one_file or all("::" in argument for argument in config.args) else PROCESSES


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Give all tests of a file, and of a group of TOGETHER, to the same process."""
    return _Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of pages on the event loop of the session, on which their browser and fixtures run."""
    for item in items:
        pages = {"web", "published"} & {*getattr(item, "fixturenames", ())}
        if pages and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def pytest_collection_finish() -> None:
    """From here on, the garbage collector ignores what was imported and collected."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cheap_password_hashes() -> Iterator[PasswordHash]:
    """Hash passwords in this process in a millisecond instead of 100; yields the production hasher.

    Other processes, such as the web process of browser tests, use the production hasher.
    """
    real = password_hashing.HASHING
    password_hashing.HASHING = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    yield real
    password_hashing.HASHING = real


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all test processes of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def open_chromium() -> AsyncIterator[Browser]:
    """The browser of this process. It is started once: a start takes as long as loading five pages."""
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def browser(open_chromium: Browser) -> AsyncIterator[Browser]:
    """A headless browser without profiles; the profiles of the test are closed afterwards."""
    yield open_chromium
    for profile in open_chromium.contexts:
        await profile.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a Postgres server on which databases can be created."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def empty_database(postgres_server: str) -> Iterator[str]:
    """The URL of a database without tables, which is dropped after the test."""
    own = (
        outside_electric.empty_database() if outside_electric.URL else postgres.new_database(postgres_server)
    )
    with own as url:
        yield url


@pytest.fixture(scope="session")
def databases(postgres_server: str) -> Iterator[postgres.Databases]:
    """Databases with this application's schema."""
    made = postgres.Databases(postgres_server)
    yield made
    made.close()


@pytest.fixture
def database_url(databases: postgres.Databases) -> Iterator[str]:
    """The URL of a database with this application's schema and without rows."""
    with outside_electric.app_database() if outside_electric.URL else databases.lend() as url:
        yield url


@pytest.fixture
async def connected(database_url: str) -> AsyncIterator[str]:
    """The URL of a database with this application's schema, to which this process is connected."""
    from scriptwriter.store import database

    connection = database.connect(database_url)
    yield database_url
    await connection.close()


@pytest.fixture
async def hub(connected: str) -> AsyncIterator[Hub]:
    """The hub of this process, which reads from an embedded shape server."""
    async with shape_server(connected) as url, Hub(url, SECRET, linger=0.2) as hub:
        yield process_hub.connect(hub)


@pytest.fixture
async def room(connected: str) -> Room:
    """A project with an owner, a collaborator and a viewer, and a stranger who is no member."""
    return await make_room()
