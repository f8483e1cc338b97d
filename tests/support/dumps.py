"""The whole content of a database, to tell whether anything was written."""

import psycopg
from psycopg import sql

BOOKKEEPING = frozenset(
    {"user_sessions", "sign_in_failures", "presence", "api_tokens", "schema_version", "worker_processes"}
)
"""Tables that say who is here and who was: they change whenever somebody looks."""

Dump = dict[str, frozenset[str]]

_connections: dict[str, psycopg.Connection] = {}


def dump(url: str) -> Dump:
    """The rows of each table, as JSON, without the bookkeeping of sessions and of the job queue's workers."""
    try:
        return _read(_connection(url))
    except psycopg.OperationalError:
        # Whoever lends a database ends every connection to it between two tests.
        _connections.pop(url, None)
        return _read(_connection(url))


def _connection(url: str) -> psycopg.Connection:
    # This is asked some thousand times: to connect would take longer than to read.
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
    # All tables at once, for the same reason.
    rows = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, to_jsonb(t)::text FROM {} AS t").format(table, sql.Identifier(table))
        for table in kept
    )
    found: dict[str, set[str]] = {table: set() for table in kept}
    for table, row in connection.execute(rows):
        found[table].add(row)
    return {table: frozenset(rows) for table, rows in found.items()}


def differences(before: Dump, after: Dump) -> list[str]:
    """Every row that is in one of the two only, with its table."""
    return [
        f"{table}: {row}"
        for table in sorted(before.keys() | after.keys())
        for row in sorted(before.get(table, frozenset()) ^ after.get(table, frozenset()))
    ]
