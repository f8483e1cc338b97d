"""An Electric outside of the tests: ELECTRIC_URL names it, DATABASE_URL the one database that it watches.

Both are set together. Then no test starts a shape server of its own, and all tests share that database. Such
an Electric has to allow deletion (ELECTRIC_ENABLE_INTEGRATION_TESTING=true). ELECTRIC_SECRET is its secret.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from scriptwriter.store.database import apply_schema
from tests.support import postgres

URL = os.environ.get("ELECTRIC_URL", "").rstrip("/")
SECRET = os.environ.get("ELECTRIC_SECRET", "")
_FORGETS_WITHIN = 120.0
_CLEAR = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def demand_database(dsn: str) -> None:
    """Skip a test whose database is not the one that Electric watches."""
    if dsn != os.environ["DATABASE_URL"]:
        pytest.skip("needs a shape server over a database of its own")


@contextmanager
def empty_database() -> Iterator[str]:
    """The URL of the watched database, without any table."""
    url = _alone()
    _clear(url)
    yield url
    _clear(url)


@contextmanager
def app_database() -> Iterator[str]:
    """The URL of the watched database, with this application's schema and without any row."""
    url = _alone()
    apply_schema(url)
    postgres.empty(url)
    yield url


def _alone() -> str:
    if os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1") != "1":
        pytest.fail("Electric watches one database, so one process runs the tests: add -n 0")
    return os.environ["DATABASE_URL"]


def _clear(url: str) -> None:
    """Drop everything, and return when Electric has noticed: until then it serves the dropped tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = [name for (name,) in connection.execute(_TABLES)]
        connection.execute(_CLEAR)
    deadline = time.monotonic() + _FORGETS_WITHIN
    for table in tables:
        query = {"table": f'"{table}"', "offset": "-1", "secret": SECRET}
        while httpx.get(f"{URL}/v1/shape", params=query, timeout=60).status_code == 200:
            assert time.monotonic() < deadline, f"Electric still serves the dropped table {table}"
            time.sleep(0.5)
