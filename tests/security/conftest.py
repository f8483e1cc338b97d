"""A project worth stealing; the state machine in this process, and the application in one of its own."""

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
    """Projects of others, and who stands around them."""
    return await make_scene()


_LEFT = "asyncio.exceptions.CancelledError"
"""In the line of a connection that was asking when its page left: it is thrown away, which is logged."""


@dataclass(frozen=True)
class Site:
    """The backend in production, without pages and without a worker, over `database_url`."""

    web: Web
    database_url: str

    @property
    def url(self) -> str:
        """Where it is."""
        return self.web.url

    def client(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """A program that asks it; there is no certificate to verify, so none are loaded to do it with."""
        return httpx.AsyncClient(base_url=self.url, headers=headers, verify=False)

    def complaints(self) -> list[str]:
        """The lines of its log that tell of something that nobody expected."""
        signs = ('"level": "error"', '"level": "critical"', "Traceback", "never retrieved", "panicked")
        lines = self.web.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(sign in line for sign in signs) and _LEFT not in line]


@pytest.fixture(scope="session")
def site(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The backend as a company runs it."""
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
    """Projects of others in the site's database, which this process is connected to as well."""
    connection = database.connect(site.database_url)
    # Before rather than after: a test that broke off leaves nothing to the next.
    postgres.empty(site.database_url)
    yield await make_scene()
    await connection.close()


@pytest.fixture
async def stranger(site: Site, attacked: Scene) -> AsyncIterator[str]:
    """The cookie of somebody with an account, and no part in the projects; the site is well afterwards."""
    already = len(site.complaints())
    yield await sessions.open_session(attacked.room.stranger)
    assert site.complaints()[already:] == []
    async with site.client() as client:
        assert (await client.get("/healthz")).status_code == 200


@dataclass(frozen=True)
class Published(Site):
    """The application in production with its pages, a worker and a model, and a mark in every secret."""

    folder: Path
    model: ModelServer
    marks: dict[str, str]


@pytest.fixture(scope="session")
def published(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """The application as people meet it."""
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
async def inhabited(published: Published) -> AsyncIterator[Room]:
    """A project with ideas, and its people, in its database, which this process is connected to as well."""
    connection = database.connect(published.database_url)
    room = await make_room(f"{secrets.token_hex(3)}-")
    published.model.answers(spoken(ideas_text([1, 2, 3])))
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    query = "SELECT id FROM transforms WHERE id = %s AND status = 'completed'"
    await eventually(lambda: rows(published.database_url, query, transform_id))
    yield room
    await connection.close()
