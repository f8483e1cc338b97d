"""`attach` starts the PostgreSQL server of a data folder, or finds it, and keeps it running for this process.

The server is a child of `supervisor`, not of this process.

EmbeddedPostgresError
├── UnsupportedSystem    this operating system cannot run the embedded server
├── FolderUnusable       this account cannot create, read or write the data folder
└── ServerNotStarted     the server does not start; the message ends with the end of its log
"""

from __future__ import annotations

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
    from . import binaries
    from .data_folder import PORT, DataFolder, Lock, Options

NAME = "embedded"
"""The default name of the database and of the superuser."""
_PATIENCE = 60.0
_POLL = 0.02
_STARTS_ALLOWED = 2
_LOG_LINES = 20
_LARGEST_LOG = 5_000_000
_PACKAGE = __name__.rpartition(".")[0]
_IMPORT_ROOT = Path(__file__).parents[_PACKAGE.count(".") + 1]


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL server cannot be used."""


class UnsupportedSystem(EmbeddedPostgresError):
    """This operating system cannot run the embedded server."""


class FolderUnusable(EmbeddedPostgresError):
    """This account cannot create, read or write the data folder."""


class ServerNotStarted(EmbeddedPostgresError):
    """The server does not start, or does not answer in time."""


class EmbeddedPostgres:
    """The server of one data folder, as this process uses it. It runs while any process is attached.

    A process forked from this one is not attached: it calls `attach` itself to keep the server running.
    """

    def __init__(self, data_dir: Path, socket_folder: str, users_lock: Lock, options: Options) -> None:
        self.data_dir = data_dir
        self._socket_folder = socket_folder
        self._users_lock = users_lock
        self._options = options

    def url(self, database: str | None = None) -> str:
        """The libpq URL of a database, by default of the one that `attach` made. It survives restarts."""
        return _url(self._socket_folder, self._options.name, database)

    def ensure(self) -> None:
        """Start the server again if its supervisor is gone, and block until it answers.

        Returns immediately while the supervisor runs, because the supervisor restarts the server. Raises
        EmbeddedPostgresError.
        """
        folder = DataFolder(self.data_dir)
        try:
            lock = folder.lock(folder.supervisor_lock)
            if lock is not None:
                lock.release()
                _ensure_server(folder, self._options, time.monotonic() + _PATIENCE)
        except OSError as error:
            raise FolderUnusable(f"{folder.root} cannot hold the database: {error}.") from error

    def close(self) -> None:
        """Detach this process. The server stops three seconds after the last process is detached."""
        self._users_lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def attach(
    data_dir: Path, *, name: str = NAME, server_settings: Mapping[str, str] | None = None
) -> EmbeddedPostgres:
    """Attach this process to the server of a data folder, start it if needed, and block until it answers.

    `data_dir` is created if it is missing. `name` names the superuser and the database, which is created if
    it is missing; it also begins the names of folders outside of `data_dir`. It is a lower-case identifier,
    always the same for one folder. `server_settings` are postgresql.conf settings, used if this call starts
    the server. Raises EmbeddedPostgresError. A process may call this at any time, also after the server died.
    """
    if sys.platform == "win32":
        raise UnsupportedSystem(
            "The embedded PostgreSQL server does not run on Windows itself: run this program inside WSL2."
        )
    folder = DataFolder(Path(data_dir).expanduser().resolve())
    options = Options(name, server_settings or {})
    deadline = time.monotonic() + _PATIENCE
    try:
        _make(folder.root)
        _demand_programs(folder)
        users_lock = _lock_as_user(folder, deadline)
        try:
            socket_folder = _ensure_server(folder, options, deadline)
            return EmbeddedPostgres(folder.root, socket_folder, users_lock, options)
        except BaseException:
            users_lock.release()
            raise
    except OSError as error:
        raise FolderUnusable(f"{folder.root} cannot hold the database: {error}.") from error


def _make(root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    try:
        root.mkdir()
    except FileExistsError:
        return
    # A server started by root runs as another account, which needs to enter the folder, but not to list it.
    root.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _demand_programs(folder: DataFolder) -> None:
    """Raises FolderUnusable when this machine lacks the programs of the version that made the cluster."""
    version = folder.cluster / "PG_VERSION"
    if version.exists():
        try:
            binaries.find(int(version.read_text()))
        except FileNotFoundError as error:
            raise FolderUnusable(f"{folder.root} cannot be used: {error}.") from error


def _lock_as_user(folder: DataFolder, deadline: float) -> Lock:
    while (lock := folder.lock(folder.users_lock, shared=True)) is None:
        # A supervisor that has no users left holds this lock while it stops its server.
        if time.monotonic() > deadline:
            raise ServerNotStarted(f"The server in {folder.root} is stopping, and does not end.")
        time.sleep(_POLL)
    return lock


def _ensure_server(folder: DataFolder, options: Options, deadline: float) -> str:
    """The folder of the server's socket, once the server answers and has the database."""
    log_before = _size(folder.log)
    starts = 0
    while True:
        lock = folder.lock(folder.supervisor_lock)
        if lock is not None:
            if starts == _STARTS_ALLOWED:
                lock.release()
                raise _not_started(folder, "the server ended at once", log_before)
            starts += 1
            _start_supervisor(folder, lock, options)
        try:
            socket_folder = folder.address.read_text()
            _ensure_database(socket_folder, options.name)
            return socket_folder
        except (psycopg.OperationalError, FileNotFoundError) as error:
            if time.monotonic() > deadline:
                raise _not_started(folder, f"it does not answer: {error}", log_before) from error
        time.sleep(_POLL)


def _start_supervisor(folder: DataFolder, lock: Lock, options: Options) -> None:
    """Pass the lock to a new supervisor, which detaches itself from this process."""
    # Without it, a process could connect to an earlier server that is about to end.
    folder.address.unlink(missing_ok=True)
    if _size(folder.log) > _LARGEST_LOG:
        folder.log.unlink()
    log = folder.open(folder.log, os.O_APPEND)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    paths = [str(_IMPORT_ROOT), environment.get("PYTHONPATH")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    command = [sys.executable, "-m", f"{_PACKAGE}.supervisor"]
    try:
        subprocess.run(
            [*command, folder.root, str(lock.fd), options.to_json()],
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


def _ensure_database(socket_folder: str, name: str) -> None:
    url = _url(socket_folder, name, "postgres")
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            # Another process may create it first.
            with suppress(errors.DuplicateDatabase, errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _url(socket_folder: str, superuser: str, database: str | None = None) -> str:
    host = quote(socket_folder, safe="/")
    return f"postgresql://{superuser}@/{quote(database or superuser, safe='')}?host={host}&port={PORT}"


def _not_started(folder: DataFolder, why: str, log_before: int) -> ServerNotStarted:
    return ServerNotStarted(
        f"The embedded PostgreSQL server in {folder.root} did not start: {why}. "
        f"{folder.log} says more.\nThe end of it:\n{_tail(folder.log, log_before)}"
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
