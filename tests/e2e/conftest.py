"""The application for browser tests, with a model that the tests lead."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from scriptwriter.operations.backing import database_server
from scriptwriter.settings import ModelOption, Settings
from scriptwriter.store.database import connect
from tests.support.browsers import chromium
from tests.support.budgets import UNLIMITED
from tests.support.model_server import ModelServer
from tests.support.oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer
from tests.support.web import Web, build_pages, serve

MODELS = (
    ModelOption(name="test-model"),
    ModelOption(name="dear-model", input_price=1, output_price=4),
)
"""What the build offers; both are at the same endpoint."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the build and its data lie."""
    chromium()
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="session")
def model() -> Iterator[ModelServer]:
    """The endpoint that the build asks for ideas."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def provider() -> Iterator[OidcServer]:
    """The provider at which people may sign in as well."""
    with OidcServer() as server:
        yield server


@pytest.fixture(scope="session")
def web(folder: Path, shared_folder: Path, model: ModelServer, provider: OidcServer) -> Iterator[Web]:
    """The application as people meet it."""
    settings = {
        "SCRIPTWRITER_DATA_DIR": str(folder / "data"),
        "EMBEDDED_WORKER": "true",
        "OPENAI_BASE_URL": model.url,
        "MODELS": json.dumps([each.model_dump(exclude_none=True) for each in MODELS]),
        "PRICE_CURRENCY": "$",
        **UNLIMITED,
        "OIDC_ISSUER": provider.url,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_NAME": "工作室",
    }
    with serve(build_pages(shared_folder / "pages", settings), folder, settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def database(web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The application's own database, connected to this process too; its URL."""
    monkeypatch.setenv("SCRIPTWRITER_DATA_DIR", str(folder / "data"))
    async with database_server(Settings()) as url:  # pyright: ignore[reportCallIssue]
        connection = connect(url)
        yield url
        await connection.close()
