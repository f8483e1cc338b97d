"""A dump of all rows of a database, to check that nothing was written."""

import psycopg
from psycopg import sql

BOOKKEEPING = frozenset(
    {"user_sessions", "sign_in_failures", "presence", "api_tokens", "schema_version", "worker_processes"}
)
"""Tables that record sign-ins and presence. They change on every page load."""

Dump = dict[str, frozenset[str]]

_connections: dict[str, psycopg.Connection] = {}


def dump(url: str) -> Dump:
    """The rows of each table as JSON, without BOOKKEEPING and the workers of the job queue."""
    try:
        return _read(_connection(url))
    except psycopg.OperationalError:
        # Between two tests, the fixture of the database ends every connection to it.
        _connections.pop(url, None)
        return _read(_connection(url))


def _connection(url: str) -> psycopg.Connection:
    # A run dumps some thousand times, and connecting takes longer than reading.
    if url not in _connections:
        _connections[url] = psycopg.connect(url, autocommit=True)
    return _connections[url]


def _read(connection: psycopg.Connection) -> Dump:
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ).fetchall()
    kept = [
        table
        for (table,) in tables
        if table not in BOOKKEEPING and not table.startswith("procrastinate_workers")
    ]
    # One query for all tables, for the same reason.
    rows = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, to_jsonb(t)::text FROM {} AS t").format(table, sql.Identifier(table))
        for table in kept
    )
    found: dict[str, set[str]] = {table: set() for table in kept}
    for table, row in connection.execute(rows):
        found[table].add(row)
    return {table: frozenset(rows) for table, rows in found.items()}


def differences(before: Dump, after: Dump) -> list[str]:
    """Every row that only one of the two dumps has, preceded by its table."""
    return [
        f"{table}: {row}"
        for table in sorted(before.keys() | after.keys())
        for row in sorted(before.get(table, frozenset()) ^ after.get(table, frozenset()))
    ]
