"""Gives this process an embedded PostgreSQL server, shared with all processes that use the same data folder.

Knows how to reach a server and how to ask for one; the server itself belongs to `supervisor`.

EmbeddedPostgresError
├── UnsupportedSystem    this operating system cannot run the embedded server
├── FolderUnusable       the data folder cannot be created, read or written by this account
└── ServerNotStarted     the server did not come up; the message ends with the tail of its log
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import errors, sql

if sys.platform != "win32":
    from scriptwriter.embedded.postgres import binaries
    from scriptwriter.embedded.postgres.data_folder import PORT, SUPERUSER, DataFolder, Lock

DATABASE = "scriptwriter"
_PATIENCE = 60.0
_POLL = 0.02
_STARTS_ALLOWED = 2
_LOG_LINES = 20
_LARGEST_LOG = 5_000_000
_PROJECT = Path(__file__).parents[3]
_WAY_OUT = "Or set DATABASE_URL to a PostgreSQL server of your own."


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL server cannot be used."""


class UnsupportedSystem(EmbeddedPostgresError):
    """This operating system cannot run the embedded server."""


class FolderUnusable(EmbeddedPostgresError):
    """The data folder cannot be created, read or written by this account."""


class ServerNotStarted(EmbeddedPostgresError):
    """The server did not come up."""


class EmbeddedPostgres:
    """This process's hold on the server of one data folder; the server runs while anybody holds on.

    A process forked from this one has no hold of its own: it calls `attach` if it shall keep the server.
    """

    def __init__(
        self, data_dir: Path, socket_folder: str, hold: Lock, server_settings: Mapping[str, str]
    ) -> None:
        self.data_dir = data_dir
        self._socket_folder = socket_folder
        self._hold = hold
        self._server_settings = server_settings

    def url(self, database: str = DATABASE) -> str:
        """The libpq URL of a database of this server; creates nothing. It stays the same over restarts."""
        return _url(self._socket_folder, database)

    def ensure(self) -> None:
        """Starts the server again where its supervisor is gone too; then blocks until it answers.

        Returns at once while a supervisor lives, who does that by itself. Raises EmbeddedPostgresError.
        """
        folder = DataFolder(self.data_dir)
        try:
            lock = folder.lock(folder.supervisor_lock)
            if lock is not None:
                lock.release()
                _ensure_server(folder, self._server_settings, time.monotonic() + _PATIENCE)
        except OSError as error:
            raise FolderUnusable(f"{folder.root} cannot hold the database: {error}. {_WAY_OUT}") from error

    def close(self) -> None:
        """Lets go; three seconds after the last process did, the server stops."""
        self._hold.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def attach(data_dir: Path, *, server_settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """Attaches this process to the server of a data folder, started if none runs; blocks until it answers.

    In: the folder (created if missing); postgresql.conf settings as strings, used when this call is the one
    that starts the server. Out: the hold, with the database `scriptwriter` in place. Raises
    EmbeddedPostgresError. May be called again at any time, also after the server died.
    """
    if sys.platform == "win32":
        raise UnsupportedSystem(
            "The embedded PostgreSQL server does not run on Windows itself. Set DATABASE_URL to a PostgreSQL "
            "server, or run this program inside WSL2."
        )
    folder = DataFolder(Path(data_dir).expanduser().resolve())
    deadline = time.monotonic() + _PATIENCE
    try:
        _make(folder.root)
        _demand_programs(folder)
        hold = _hold(folder, deadline)
        try:
            socket_folder = _ensure_server(folder, server_settings or {}, deadline)
            return EmbeddedPostgres(folder.root, socket_folder, hold, server_settings or {})
        except BaseException:
            hold.release()
            raise
    except OSError as error:
        raise FolderUnusable(f"{folder.root} cannot hold the database: {error}. {_WAY_OUT}") from error


def _make(root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    try:
        root.mkdir()
    except FileExistsError:
        return
    # Root's server runs under another account, which must pass through; all that is inside stays closed.
    root.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _demand_programs(folder: DataFolder) -> None:
    """Raises FolderUnusable where a version of PostgreSQL made the cluster whose programs are not here."""
    version = folder.cluster / "PG_VERSION"
    if version.exists():
        try:
            binaries.find(int(version.read_text()))
        except FileNotFoundError as error:
            raise FolderUnusable(f"{folder.root} cannot be used: {error}. {_WAY_OUT}") from error


def _hold(folder: DataFolder, deadline: float) -> Lock:
    while (hold := folder.lock(folder.users_lock, shared=True)) is None:
        # A supervisor without users is on its way out, and shall be gone first.
        if time.monotonic() > deadline:
            raise ServerNotStarted(f"The server in {folder.root} is stopping, and does not get done.")
        time.sleep(_POLL)
    return hold


def _ensure_server(folder: DataFolder, settings: Mapping[str, str], deadline: float) -> str:
    """Out: the folder of its socket."""
    log_before = _size(folder.log)
    starts = 0
    while True:
        lock = folder.lock(folder.supervisor_lock)
        if lock is not None:
            if starts == _STARTS_ALLOWED:
                lock.release()
                raise _not_started(folder, "the server ended at once", log_before)
            starts += 1
            _start_supervisor(folder, lock, settings)
        try:
            socket_folder = folder.address.read_text()
            _ensure_database(socket_folder)
            return socket_folder
        except (psycopg.OperationalError, FileNotFoundError) as error:
            if time.monotonic() > deadline:
                raise _not_started(folder, f"it does not answer: {error}", log_before) from error
        time.sleep(_POLL)


def _start_supervisor(folder: DataFolder, lock: Lock, settings: Mapping[str, str]) -> None:
    """Hands the lock on to a new supervisor, which detaches itself from this process."""
    # So that nobody takes a server that is just ending for the new one.
    folder.address.unlink(missing_ok=True)
    if _size(folder.log) > _LARGEST_LOG:
        folder.log.unlink()
    log = folder.open(folder.log, os.O_APPEND)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_PROJECT), environment.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "scriptwriter.embedded.postgres.supervisor"]
    try:
        subprocess.run(
            [*command, folder.root, str(lock.fd), json.dumps(dict(settings))],
            pass_fds=[lock.fd],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=environment,
        )
    finally:
        lock.release()
        os.close(log)


def _ensure_database(socket_folder: str) -> None:
    with psycopg.connect(_url(socket_folder, "postgres"), autocommit=True, connect_timeout=5) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            # Another process may be faster: then it is there, which is all that is wanted.
            with suppress(errors.DuplicateDatabase, errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _url(socket_folder: str, database: str) -> str:
    host = quote(socket_folder, safe="/")
    return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?host={host}&port={PORT}"


def _not_started(folder: DataFolder, why: str, log_before: int) -> ServerNotStarted:
    return ServerNotStarted(
        f"The embedded PostgreSQL server in {folder.root} did not start: {why}. {folder.log} says more. "
        f"{_WAY_OUT}\nThe end of it:\n{_tail(folder.log, log_before)}"
    )


def _tail(log: Path, start: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start if _size(log) >= start else 0)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-_LOG_LINES:])
    except OSError as error:
        return f"({error})"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
