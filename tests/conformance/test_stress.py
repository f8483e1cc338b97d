"""Many processes write, and followers start at any time: each ends with the rows of the table."""

import asyncio
import random
from contextlib import suppress

import psycopg
import pytest
from psycopg import errors

from tests.conformance.follower import Follower
from tests.support.shape_servers import client, database, shape_server

_TABLES = """
CREATE TABLE notes (id int PRIMARY KEY, project_id text NOT NULL, body text, n numeric, done boolean);
CREATE TABLE loose (a int, b int, project_id text, PRIMARY KEY (b, a));
CREATE INDEX ON notes (project_id);
INSERT INTO notes SELECT i, 'p' || 1 + i % 3, 'body', i, i % 2 = 0 FROM generate_series(1, 60) AS i;
"""
_COLUMNS = {"notes": "id,project_id,body,n,done", "loose": "a,b,project_id"}
_KEYS = {"notes": ("id",), "loose": ("b", "a")}
_PROJECTS = ["p1", "p2", "p3"]
_SHAPES: list[dict[str, str]] = [
    *({"table": "notes", "where": "project_id = $1", "params[1]": project} for project in _PROJECTS),
    {"table": "notes"},
    {"table": "notes", "where": "done AND n > 40", "replica": "full"},
    {"table": "notes", "columns": "id,body"},
    {"table": "loose"},
    {"table": "loose", "where": "project_id = $1", "params[1]": "p2"},
]
_ROUNDS, _WRITERS, _TRANSACTIONS = 12, 4, 12
_LIMIT = 20

Rows = dict[tuple[str | None, ...], dict[str, str | None]]


async def _write(dsn: str, seed: int, *, only_updates: bool) -> None:
    """Run random transactions in a connection of its own."""
    chance = random.Random(seed)
    async with database(dsn) as connection:
        for _ in range(_TRANSACTIONS):
            # Writers change the same rows, so some transactions fail.
            with suppress(errors.DeadlockDetected, errors.UniqueViolation):
                await _transaction(connection, chance, only_updates)


async def _transaction(
    connection: psycopg.AsyncConnection, chance: random.Random, only_updates: bool
) -> None:
    """Run a random transaction, which is rolled back now and then."""
    async with connection.transaction(force_rollback=chance.random() < 0.05):
        for _ in range(chance.randint(1, 4)):
            statement, values = chance.choice(_updates(chance) if only_updates else _statements(chance))
            if chance.random() < 0.2:
                with suppress(errors.UniqueViolation):
                    async with (
                        connection.transaction()
                    ):  # a savepoint, whose rows have a transaction id of their own
                        await connection.execute(statement, values)
            else:
                await connection.execute(statement, values)
            # So that others commit, and shapes are read, while this transaction is open.
            await asyncio.sleep(chance.choice([0, 0.001, 0.005]))


def _updates(chance: random.Random) -> list[tuple[bytes, tuple[object, ...]]]:
    """Random updates of existing rows."""
    number, body = chance.randint(1, 60), "x" * chance.randint(0, 3000) + str(chance.random())
    return [
        (b"UPDATE notes SET body = %s WHERE id = %s", (body, number)),
        (b"UPDATE notes SET n = n + 1, done = NOT done WHERE id = %s", (number,)),
        (b"UPDATE notes SET body = body WHERE id = %s", (number,)),
    ]


def _statements(chance: random.Random) -> list[tuple[bytes, tuple[object, ...]]]:
    """Random statements of every kind."""
    number, other, project = chance.randint(1, 60), chance.randint(1, 60), chance.choice(_PROJECTS)
    upsert = (
        b"INSERT INTO notes VALUES (%s, %s, %s, %s, true) ON CONFLICT (id) DO UPDATE SET body = excluded.body"
    )
    return [
        *_updates(chance),
        (upsert, (number, project, str(chance.random()), number)),
        (b"UPDATE notes SET project_id = %s WHERE id = %s", (project, number)),
        (b"UPDATE notes SET id = %s WHERE id = %s", (other, number)),
        (b"DELETE FROM notes WHERE id BETWEEN %s AND %s", (number, number + chance.choice([0, 0, 0, 8]))),
        (b"INSERT INTO loose VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (number, other % 5, project)),
        (b"UPDATE loose SET a = a + 100 WHERE a = %s", (number,)),
        (b"DELETE FROM loose WHERE project_id = %s AND a > 60", (project,)),
    ]


async def _table(connection: psycopg.AsyncConnection, shape: dict[str, str]) -> Rows:
    """The rows of a shape as the table has them."""
    names = shape.get("columns", _COLUMNS[shape["table"]]).split(",")
    where = shape.get("where", "true").replace("$1", f"'{shape.get('params[1]')}'")
    printed = ", ".join(f"{name}::text" for name in names)
    found = await connection.execute(f"SELECT {printed} FROM {shape['table']} WHERE {where}".encode())
    rows = [dict(zip(names, row, strict=True)) for row in await found.fetchall()]
    return {tuple(row[key] for key in _KEYS[shape["table"]]): row for row in rows}


def _rows(follower: Follower, shape: dict[str, str]) -> Rows:
    """The rows of a shape as the follower has them."""
    rows = [dict(row) for row in follower.rows.values()]
    for row in rows:
        if "done" in row:
            row["done"] = {"t": "true", "f": "false"}.get(row["done"] or "", row["done"])
    return {tuple(row[key] for key in _KEYS[shape["table"]]): row for row in rows}


@pytest.mark.parametrize(("seed", "only_updates"), [(1, False), (2, True)], ids=["everything", "updates"])
async def test_every_follower_ends_with_the_rows_of_the_table(
    seed: int, only_updates: bool, empty_database: str
) -> None:
    """Whenever the writers pause, each follower comes to hold the rows of the table, whenever it started."""
    chance = random.Random(seed)
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, sse_lifetime=1) as url,
        client(url) as http,
        asyncio.TaskGroup() as following,
    ):
        await connection.execute(_TABLES.encode())
        followers: list[tuple[Follower, dict[str, str]]] = []
        tasks: list[asyncio.Task[None]] = []

        for turn in range(_ROUNDS):
            writing = [
                asyncio.create_task(
                    _write(empty_database, seed * 1000 + turn * 10 + n, only_updates=only_updates)
                )
                for n in range(_WRITERS)
            ]
            for shape in chance.sample(_SHAPES, 3):
                await asyncio.sleep(chance.random() * 0.02)
                followers.append((Follower(http, shape, sse=chance.random() < 0.6), shape))
                tasks.append(following.create_task(followers[-1][0].run()))
            await asyncio.gather(*writing)

            for follower, shape in followers:
                wanted = await _table(connection, shape)
                await follower.until(lambda f=follower, s=shape, w=wanted: _rows(f, s) == w, _LIMIT)
        for task in tasks:
            task.cancel()
