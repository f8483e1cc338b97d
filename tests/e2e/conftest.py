"""The application for browser tests, with a model whose replies the tests control."""

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
"""The models that the application offers, both at the same endpoint."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the application's data."""
    chromium()
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="session")
def model() -> Iterator[ModelServer]:
    """The model endpoint of the application."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def provider() -> Iterator[OidcServer]:
    """The OpenID Connect provider that people may sign in with."""
    with OidcServer() as server:
        yield server


@pytest.fixture(scope="session")
def web(folder: Path, shared_folder: Path, model: ModelServer, provider: OidcServer) -> Iterator[Web]:
    """The complete application, as users reach it."""
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
    """The URL of the application's database, to which this process is connected as well."""
    monkeypatch.setenv("SCRIPTWRITER_DATA_DIR", str(folder / "data"))
    async with database_server(Settings()) as url:  # pyright: ignore[reportCallIssue]
        connection = connect(url)
        yield url
        await connection.close()
