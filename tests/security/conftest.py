"""Fixtures of the security tests: projects to attack, and a running application in production mode."""

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from scriptwriter.services.accounts import sessions
from scriptwriter.services.runs import starting
from scriptwriter.store import database
from scriptwriter.store.database import apply_schema
from tests.support import postgres
from tests.support.browsers import chromium
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.rooms import BRIEF, Room, make_room
from tests.support.rows import rows
from tests.support.scenes import Scene, make_scene
from tests.support.secrets import marks, shape_server, with_password
from tests.support.slow_callbacks import watched
from tests.support.waiting import eventually
from tests.support.web import Web, free_port, production_build


@pytest.fixture
async def scene(connected: str) -> Scene:
    """Projects of other people, in the database of this process."""
    return await make_scene()


_CLIENT_LEFT = "asyncio.exceptions.CancelledError"
"""In the log line of a request that was cancelled because its client left. Such lines are expected."""


@dataclass(frozen=True)
class Site:
    """The backend in production mode, without pages and worker, with the database at `database_url`."""

    web: Web
    database_url: str

    @property
    def url(self) -> str:
        """The address of the application."""
        return self.web.url

    def client(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """An HTTP client of the site. It loads no certificates, since the site has none."""
        return httpx.AsyncClient(base_url=self.url, headers=headers, verify=False)

    def unexpected_errors(self) -> list[str]:
        """The lines of the application's log that report an error."""
        markers = ('"level": "error"', '"level": "critical"', "Traceback", "never retrieved", "panicked")
        lines = self.web.log.read_text(errors="replace").splitlines()
        return [
            line for line in lines if any(marker in line for marker in markers) and _CLIENT_LEFT not in line
        ]


@pytest.fixture(scope="session")
def site(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The backend as a company would run it."""
    folder: Path = tmp_path_factory.mktemp("site")
    port = free_port()
    with postgres.new_database(postgres_server) as url:
        apply_schema(url)
        variables = {
            "SCRIPTWRITER_ENV": "production",
            "SCRIPTWRITER_URL": f"http://localhost:{port}",
            "SCRIPTWRITER_DATA_DIR": str(folder / "data"),
            "DATABASE_URL": url,
            "REFLEX_BACKEND_HOST": "127.0.0.1",
            "EMBEDDED_WORKER": "false",
            **watched(folder / "loop.log"),
        }
        with production_build(folder, variables, port=port, pages=False) as web:
            yield Site(web, url)


@pytest.fixture
async def attacked(site: Site) -> AsyncIterator[Scene]:
    """Projects of other people in the site's database, to which this process is connected as well."""
    connection = database.connect(site.database_url)
    # Emptied before the test, not after it: a test that was aborted leaves nothing to the next one.
    postgres.empty(site.database_url)
    yield await make_scene()
    await connection.close()


@pytest.fixture
async def stranger(site: Site, attacked: Scene) -> AsyncIterator[str]:
    """The session cookie of a user who is no member of the projects.

    Afterwards, the site must have logged no new error and must still answer.
    """
    errors_before = len(site.unexpected_errors())
    yield await sessions.open_session(attacked.room.stranger)
    assert site.unexpected_errors()[errors_before:] == []
    async with site.client() as client:
        assert (await client.get("/healthz")).status_code == 200


@dataclass(frozen=True)
class Published(Site):
    """The application in production mode with pages, a worker and a model. Every secret contains a mark."""

    folder: Path
    model: ModelServer
    marks: dict[str, str]


@pytest.fixture(scope="session")
def published(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """The complete application, as users reach it."""
    chromium()
    folder, port, marked = tmp_path_factory.mktemp("published"), free_port(), marks()
    with ExitStack() as stack:
        url = stack.enter_context(postgres.new_database(postgres_server))
        apply_schema(url)
        electric = stack.enter_context(shape_server(url, marked["ELECTRIC_SECRET"]))
        model = stack.enter_context(ModelServer())
        password = f"mark-{secrets.token_hex(12)}"
        variables = marked | {
            "SCRIPTWRITER_ENV": "production",
            "SCRIPTWRITER_URL": f"http://localhost:{port}",
            "SCRIPTWRITER_DATA_DIR": str(folder / "data"),
            "DATABASE_URL": with_password(url, password),
            "ELECTRIC_URL": electric,
            "REFLEX_BACKEND_HOST": "127.0.0.1",
            "EMBEDDED_WORKER": "true",
            "OPENAI_BASE_URL": model.url,
            "OPENAI_MODEL": "test-model",
            "MODEL_RETRY_SECONDS": "0.1",
        }
        web = stack.enter_context(production_build(folder, variables, port=port))
        yield Published(web, url, folder, model, marked | {"the password in DATABASE_URL": password})


@pytest_asyncio.fixture(loop_scope="session")
async def populated(published: Published) -> AsyncIterator[Room]:
    """A project with ideas and members in the application's database, to which this process is connected,
    too.
    """
    connection = database.connect(published.database_url)
    room = await make_room(f"{secrets.token_hex(3)}-")
    published.model.answers(spoken(ideas_text([1, 2, 3])))
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    query = "SELECT id FROM transforms WHERE id = %s AND status = 'completed'"
    await eventually(lambda: rows(published.database_url, query, transform_id))
    yield room
    await connection.close()
