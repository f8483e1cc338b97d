"""Servers and databases for tests; knows nothing of what the tests do with them."""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from scriptwriter.embedded.postgres import attach

_NO_DURABILITY = {"fsync": "off", "full_page_writes": "off"}


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server to make databases on: DATABASE_URL, else an embedded one for this block."""
    if outside := os.environ.get("DATABASE_URL"):
        yield outside
        return
    data_dir = Path(tempfile.gettempdir()) / f"scriptwriter-tests-{secrets.token_hex(6)}"
    try:
        with attach(data_dir, server_settings=_NO_DURABILITY) as postgres:
            yield postgres.url("postgres")
            # Sooner than it would by itself: its data folder is about to go.
            with suppress(ProcessLookupError):
                os.kill(supervisor_pid(data_dir), signal.SIGTERM)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


@contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """The URL of a database of its own, dropped at the end together with the connections to it."""
    name = f"test_{secrets.token_hex(8)}"
    identifier = sql.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


def supervisor_pid(data_dir: Path) -> int:
    """The process that owns the embedded server of a data folder."""
    return int((data_dir / "supervisor.lock").read_text())
