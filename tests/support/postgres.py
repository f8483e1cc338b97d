"""Postgres servers, databases, and processes that use them."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from scriptwriter.embedded.postgres.data_folder import DataFolder
from scriptwriter.embedded.postgres.launcher import attach
from scriptwriter.store.database import apply_schema
from tests.support.waiting import wait_until

_NO_DURABILITY = {"fsync": "off", "full_page_writes": "off"}
_FORM: LiteralString = """
SELECT
    (SELECT string_agg(version::text, ' ' ORDER BY version) FROM schema_version)
    || (
        SELECT string_agg(concat_ws(' ', conname, conrelid), ',' ORDER BY oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    )
    || (
        SELECT string_agg(concat_ws(' ', tgname, tgrelid, tgenabled), ',' ORDER BY oid)
        FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE 'shape_server_%'
    )
    || string_agg(concat_ws(' ', relname, attname, atttypid, attnotnull), ',' ORDER BY attrelid, attnum)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
"""
_ALONE: LiteralString = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid != pg_backend_pid()
"""
_EMPTY: LiteralString = """
DO $$
DECLARE each RECORD;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT tablename AS name FROM pg_tables
        WHERE schemaname = 'public' AND tablename != 'schema_version'
    LOOP
        EXECUTE format('DELETE FROM public.%I', each.name);
    END LOOP;
    FOR each IN SELECT seqrelid::regclass AS sequence FROM pg_sequence LOOP
        PERFORM setval(each.sequence, 1, false);
    END LOOP;
END $$
"""
_APP = """
import sys
from pathlib import Path
from scriptwriter.embedded.postgres.launcher import attach
postgres = attach(Path(sys.argv[1]), server_settings={"fsync": "off"})
print(postgres.url(), flush=True)
sys.stdin.read()
"""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a Postgres server: DATABASE_URL, or else an embedded one that runs during the block."""
    if outside := os.environ.get("DATABASE_URL"):
        yield outside
        return
    with data_folder() as data_dir, attach(data_dir, server_settings=_NO_DURABILITY) as postgres:
        yield postgres.url("postgres")


@contextmanager
def data_folder() -> Iterator[Path]:
    """The path of a data folder that does not exist yet; afterwards its server is stopped and it is deleted.

    If the test fails, the end of the log of the server and its supervisor is printed.
    """
    data_dir = Path(tempfile.gettempdir()) / f"scriptwriter-tests-{secrets.token_hex(6)}"
    try:
        yield data_dir
    except Exception:
        with suppress(FileNotFoundError):
            print("server.log:", (data_dir / "server.log").read_text(errors="replace")[-4000:])
        raise
    finally:
        stop(data_dir)
        shutil.rmtree(data_dir, ignore_errors=True)


def stop(data_dir: Path) -> None:
    """Stop the server of a data folder earlier than it would stop by itself."""
    if data_dir.is_dir():
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            os.kill(supervisor_pid(data_dir), signal.SIGTERM)
        wait_until(lambda: is_quiet(data_dir))


@contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """The URL of a new database, which is dropped afterwards together with the connections to it."""
    name = f"test_{secrets.token_hex(8)}"
    identifier = sql.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


class Databases:
    """Databases with this application's schema on the server at `server_url`, emptied between tests and
    reused.

    Creating a database takes a hundred times as long as emptying one.
    """

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._ready: _Database | None = None
        self._kept = ExitStack()

    @contextmanager
    def lend(self) -> Iterator[str]:
        """The URL of a database without any row, for one test at a time."""
        database = self._ready or self._make()
        self._ready = None
        yield database.url
        self._ready = database if database.empty() else None

    def close(self) -> None:
        """Drop all of these databases."""
        self._kept.close()

    def _make(self) -> "_Database":
        url = self._kept.enter_context(new_database(self._server_url))
        apply_schema(url)
        made = _Database(url)
        self._kept.callback(made.close)
        return made


class _Database:
    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)
        self._made = self._form()

    def empty(self) -> bool:
        """Delete all rows and disconnect others.

        Returns whether the database is as it was created; it is not where a test has changed tables.
        """
        try:
            self._alone().execute(_EMPTY)
            return self._form() == self._made
        except psycopg.Error:
            return False

    def close(self) -> None:
        self._connection.close()

    def _alone(self) -> psycopg.Connection:
        try:
            self._connection.execute(_ALONE)
        except psycopg.OperationalError:
            # A test has terminated this connection together with its own.
            self._connection.close()
            self._connection = psycopg.connect(self.url, autocommit=True)
            self._connection.execute(_ALONE)
        return self._connection

    def _form(self) -> Any:
        row = self._connection.execute(_FORM).fetchone()
        return row and row[0]


def empty(url: str) -> None:
    """Delete every row of a database with this application's schema, without disconnecting others."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_EMPTY)


@contextmanager
def app(data_dir: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that attaches to a data folder, prints the URL as its first line, and runs until killed."""
    command = [sys.executable, "-c", _APP, str(data_dir)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    """The next line that the process prints."""
    assert process.stdout
    line = process.stdout.readline().strip()
    assert line, "the process ended without output; its error is in the captured stderr"
    return line


def ask(url: str, query: str) -> Any:
    """The first column of the first row that a query returns, or None; the query is committed."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def answers(url: str) -> bool:
    """Whether a server accepts connections at `url`."""
    try:
        return ask(url, "SELECT true")
    except psycopg.OperationalError:
        return False


def supervisor_pid(data_dir: Path) -> int:
    """The pid of the supervisor of a data folder's embedded server."""
    return int((data_dir / "supervisor.lock").read_text())


def postmaster_pid(data_dir: Path) -> int:
    """The pid of the postmaster of a data folder's server."""
    return int((data_dir / "cluster" / "postmaster.pid").read_text().split()[0])


def is_quiet(data_dir: Path) -> bool:
    """Whether neither a supervisor nor a server process runs for a data folder."""
    folder = DataFolder(data_dir)
    locks = [folder.lock(path) for path in (folder.supervisor_lock, folder.server_lock)]
    for lock in locks:
        if lock:
            lock.release()
    return all(locks)


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie process does not count."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return sys.platform != "linux"
    return state != "Z"


def returned(folder: Path, url: str, before: int) -> bool:
    """Whether a server with another pid than `before` runs and accepts connections."""
    try:
        return postmaster_pid(folder) != before and answers(url)
    except (FileNotFoundError, IndexError):
        return False
