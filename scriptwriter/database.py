"""Owns the engine, `transaction()`, and the applying of schema/. Knows no table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import cast

import psycopg
from procrastinate.schema import SchemaManager
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.errors import SchemaError
from scriptwriter.fair_share import turn

SCHEMA_FOLDER = Path(__file__).parent.parent / "schema"
SESSION = {
    # A process that is frozen in a transaction must not keep its locks from whoever takes over.
    "options": "-c idle_in_transaction_session_timeout=15000",
    # A server that vanished without a word is one that is away.
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""What every lasting connection to the database asks for, as libpq's parameters."""

_SCHEMA_LOCK = 0x5C219
_DRIVER = "postgresql+psycopg"


class Database:
    """The connections of this process to one database, by its libpq URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            _DRIVER + url[url.index("://") :],
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            connect_args=SESSION,
        )
        event.listen(self.engine.sync_engine, "handle_error", _told_as_lost)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _told_as_lost(context: ExceptionContext) -> BaseException | None:
    """A process that was frozen in a transaction finds its connection gone: one more way of losing it."""
    error = context.original_exception
    if not isinstance(error, psycopg.errors.IdleInTransactionSessionTimeout):
        return None
    context.is_disconnect = True
    return OperationalError(context.statement, context.parameters, error)


_current: Database | None = None


def connect(url: str) -> Database:
    """Make `url` (postgresql://…) the database of this process."""
    global _current
    _current = Database(url)
    return _current


def database() -> Database:
    """The database of this process; RuntimeError before `connect`."""
    if _current is None:
        raise RuntimeError("no database yet: connect(url) comes first")
    return _current


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """A session in one transaction: committed at the end, rolled back by an exception.

    Raises UserError `too_many_at_once` where one person asks for too many at once.
    """
    async with turn(), AsyncSession(database().engine, expire_on_commit=False) as session, session.begin():
        yield session


async def psycopg_connection(session: AsyncSession) -> psycopg.AsyncConnection:
    """The driver's connection under `session`, for work that must share its transaction."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    return cast(psycopg.AsyncConnection, raw.driver_connection)


@lru_cache
def upgrades(folder: Path = SCHEMA_FOLDER) -> tuple[tuple[int, Path], ...]:
    """The numbered files of `folder`, (version, path), in order; schema.sql alone is version 1."""
    return tuple(sorted((int(path.name[:4]), path) for path in folder.glob("[0-9][0-9][0-9][0-9]_*.sql")))


def apply_schema(url: str, folder: Path = SCHEMA_FOLDER) -> int:
    """Bring the database at `url` to this version's schema, and return that version.

    Applied under a lock, in one transaction, so that several processes may start at once.
    Raises SchemaError where the database is of a newer version.
    """
    newest = max([1, *(version for version, _ in upgrades(folder))])
    with psycopg.connect(url, connect_timeout=10) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SCHEMA_LOCK])
        version = _recorded_version(connection)
        if version > newest:
            raise SchemaError(
                f"This database has schema version {version}, but this program knows only up to {newest}. "
                "Start the newer program, or point DATABASE_URL at another database."
            )
        if version == 0:
            _execute_file(connection, folder / "schema.sql")
        else:
            for number, path in upgrades(folder):
                if number > version:
                    _execute_file(connection, path)
        if version < newest:
            connection.execute("INSERT INTO schema_version (version) VALUES (%s)", [newest])
        if not _exists(connection, "procrastinate_jobs"):
            connection.execute(SchemaManager.get_schema().encode())
    return newest


def _recorded_version(connection: psycopg.Connection) -> int:
    if not _exists(connection, "schema_version"):
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    return row[0] if row else 0


def _exists(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", [table]).fetchone()
    return row is not None and row[0] is not None


def _execute_file(connection: psycopg.Connection, path: Path) -> None:
    connection.execute(path.read_text(encoding="utf-8").encode())
