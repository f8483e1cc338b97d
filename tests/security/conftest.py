"""A project worth stealing; the state machine in this process, and the application in one of its own."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scriptwriter import database
from scriptwriter.backing import electric_server
from scriptwriter.database import apply_schema
from scriptwriter.settings import settings
from scriptwriter.sync import hub as process_hub
from scriptwriter.sync.hub import Hub
from tests.support import postgres
from tests.support.scenes import Scene, make_scene
from tests.support.web import Web, free_port, production_build


@pytest.fixture
async def hub(connected: str) -> AsyncIterator[Hub]:
    """The hub of this process, over an embedded shape server."""
    inside = settings().model_copy(update={"electric_url": None})
    async with (
        electric_server(inside, connected) as electric,
        Hub(electric.url, electric.secret, linger=0.2) as hub,
    ):
        yield process_hub.connect(hub)


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
        }
        with production_build(folder, variables, port=port, pages=False) as web:
            yield Site(web, url)


@pytest.fixture
async def attacked(site: Site) -> AsyncIterator[Scene]:
    """Projects of others in the site's database, which this process is connected to as well."""
    connection = database.connect(site.database_url)
    yield await make_scene()
    with_everything = "TRUNCATE users, projects, auth_providers, user_sessions CASCADE"
    postgres.ask(site.database_url, with_everything)
    await connection.close()
