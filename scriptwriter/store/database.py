"""The connection pool, `transaction()`, the exceptions of a lost database, and the upgrades of the schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from procrastinate.schema import SchemaManager
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import SchemaError
from scriptwriter.electric.types import json_value
from scriptwriter.store.fair_share import turn

SCHEMA_FOLDER = Path(__file__).parents[2] / "schema"
# The server ends an idle transaction after 15 s: a frozen process must not keep its locks.
_FROZEN = "-c idle_in_transaction_session_timeout=15000"
_SESSION = {
    # Detect within seconds that a server has disappeared without closing the connection.
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""libpq parameters of every long-lived connection to the database."""

OLDEST_SERVER = 14
"""The oldest supported major version of PostgreSQL."""

DATABASE_AWAY = (OperationalError, InterfaceError, NoConnection, psycopg.OperationalError)
"""The exceptions for a database that cannot be reached, or whose connection was lost."""

_SCHEMA_LOCK = 0x5C219
_DRIVER = "postgresql+psycopg"


def lasting(url: str) -> dict[str, Any]:
    """The libpq parameters of a long-lived connection to `url`, including the `options` in the URL."""
    options = conninfo_to_dict(url).get("options")
    return _SESSION | {"options": f"{options} {_FROZEN}" if options else _FROZEN}


class Database:
    """The connection pool of this process for one database; `url` is a libpq URL or key=value string."""

    def __init__(self, url: str) -> None:
        self.url = url
        # libpq parses the URL instead of SQLAlchemy, so that its parameters mean the same everywhere.
        self.engine: AsyncEngine = create_async_engine(
            f"{_DRIVER}://",
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            json_deserializer=json_value,
            connect_args=conninfo_to_dict(url) | lasting(url),
        )
        event.listen(self.engine.sync_engine, "handle_error", _as_lost_connection)

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _as_lost_connection(context: ExceptionContext) -> BaseException | None:
    """Turn IdleInTransactionSessionTimeout into the OperationalError of a lost connection."""
    error = context.original_exception
    if not isinstance(error, psycopg.errors.IdleInTransactionSessionTimeout):
        return None
    context.is_disconnect = True
    return OperationalError(context.statement, context.parameters, error)


_current: Database | None = None


def connect(url: str) -> Database:
    """Make the database at `url` (a libpq URL or key=value string) that of this process."""
    global _current
    _current = Database(url)
    return _current


def database() -> Database:
    """The database of this process. Raises RuntimeError before `connect`."""
    if _current is None:
        raise RuntimeError("no database yet: connect(url) comes first")
    return _current


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """A session in one transaction: committed at the end, rolled back by an exception.

    Raises UserError `too_many_at_once` if too many transactions of the person wait already.
    """
    async with turn(), AsyncSession(database().engine, expire_on_commit=False) as session, session.begin():
        yield session


async def psycopg_connection(session: AsyncSession) -> psycopg.AsyncConnection:
    """The psycopg connection of `session`, for code that must share its transaction."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    return cast(psycopg.AsyncConnection, raw.driver_connection)


@lru_cache
def upgrades(folder: Path = SCHEMA_FOLDER) -> tuple[tuple[int, Path], ...]:
    """The upgrades in `folder` as (version, path), in order of version. schema.sql is version 1."""
    return tuple(sorted((int(path.name[:4]), path) for path in folder.glob("[0-9][0-9][0-9][0-9]_*.sql")))


def apply_schema(url: str, folder: Path = SCHEMA_FOLDER) -> int:
    """Bring the schema of the database at `url` to the newest version; returns that version.

    It runs in one transaction under a lock, so several processes can start concurrently.
    Raises SchemaError if the database has a newer version, or cannot be used.
    """
    newest = max([1, *(version for version, _ in upgrades(folder))])
    with psycopg.connect(url, connect_timeout=10) as connection:
        _demand_usable(connection)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SCHEMA_LOCK])
        version = _recorded_version(connection)
        if version > newest:
            raise SchemaError(
                f"This database has schema version {version}, but this program knows only up to {newest}. "
                "Start the newer program, or use another database (DATABASE_URL, or SCRIPTWRITER_DATA_DIR "
                "where it is the embedded one)."
            )
        if version < newest and not _value(connection, "has_schema_privilege('public', 'CREATE')"):
            role = _value(connection, "current_user")
            raise SchemaError(
                f"the role {role} may not create tables in the schema public: run "
                f'GRANT CREATE ON SCHEMA public TO "{role}" as the owner of the database.'
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


def _demand_usable(connection: psycopg.Connection) -> None:
    """Raises SchemaError, which says what to change, if this program cannot use the database."""
    version, encoding = connection.info.server_version // 10_000, _value(connection, "getdatabaseencoding()")
    if version < OLDEST_SERVER:
        raise SchemaError(f"the server is PostgreSQL {version}: {OLDEST_SERVER} or newer is needed.")
    if _value(connection, "pg_is_in_recovery()"):
        raise SchemaError(
            "the server is a standby and cannot be written to: point DATABASE_URL at the primary."
        )
    if _value(connection, "current_setting('transaction_read_only')") == "on":
        raise SchemaError(
            "the database cannot be written to: default_transaction_read_only is on for it, its role, or its "
            "server."
        )
    if encoding != "UTF8":
        raise SchemaError(
            f"the database {connection.info.dbname} is in {encoding}: create one with ENCODING 'UTF8'."
        )
    if (schema := _value(connection, "current_schema()")) != "public":
        raise SchemaError(
            f"the first schema of search_path is {schema or 'none'}, but tables must lie in public, where "
            "shapes look for them: leave search_path out of DATABASE_URL and of the role."
        )


def _value(connection: psycopg.Connection, expression: LiteralString) -> Any:
    row = connection.execute(f"SELECT {expression}").fetchone()
    return row[0] if row else None


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
