"""The shape client against the embedded shape server over a real Postgres."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack

import psycopg
import pytest

from scriptwriter.electric import RequestRefused, Shape, ShapeStream
from tests.support.shape_servers import SECRET, database, shape_server

_NOTES = """CREATE TABLE notes (id int PRIMARY KEY, room text NOT NULL, body jsonb, done bool, n int);
            INSERT INTO notes VALUES (1, 'a', '{"t": "一"}', true, 1), (2, 'b', NULL, false, 2)"""
_LIMIT = 60


class Observed:
    """The rows and statuses of a shape at each change."""

    def __init__(self) -> None:
        self.rows: list[dict[int, dict[str, object]]] = []
        self.statuses: list[str] = []
        self.shape: Shape | None = None
        self._changed = asyncio.Event()

    def record(self) -> None:
        """Record the current rows and status, and wake `until`."""
        assert self.shape is not None
        self.rows.append({row["id"]: row for row in self.shape.rows.values()})
        self.statuses.append(self.shape.status.name)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a change satisfies the condition. Raises the shape's error, if it has one."""
        async with asyncio.timeout(_LIMIT):
            while not (self.rows and condition()):
                assert self.shape is not None
                if self.shape.error is not None:
                    raise self.shape.error
                self._changed.clear()
                await self._changed.wait()


def followed(
    url: str, *, live_sse: bool = True, secret: str = SECRET, table: str = "notes"
) -> tuple[Shape, Observed]:
    """A shape of the notes in room `a`, and what is observed of it."""
    seen = Observed()
    stream = ShapeStream(
        f"{url}/v1/shape", table=table, where="room = $1", params=["a"], secret=secret, live_sse=live_sse
    )
    seen.shape = Shape(stream, on_change=seen.record)
    return seen.shape, seen


async def stored(connection: psycopg.AsyncConnection) -> dict[int, dict[str, object]]:
    """The rows of room `a` as Postgres has them."""
    cursor = await connection.execute("SELECT id, room, body, done, n FROM notes WHERE room = 'a'")
    names = ("id", "room", "body", "done", "n")
    return {row[0]: dict(zip(names, row, strict=True)) for row in await cursor.fetchall()}


@pytest.mark.parametrize(("live_sse", "in_parts"), [(True, False), (True, True), (False, False)])
async def test_a_shape_converges_to_the_rows_of_its_table(
    live_sse: bool, in_parts: bool, empty_database: str
) -> None:
    """A hundred transactions insert, update, move between rooms and delete rows before that."""
    chance = random.Random(7)
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, sse_lifetime=0.5, sse_in_parts=in_parts) as url,
    ):
        await connection.execute(_NOTES.encode())
        shape, seen = followed(url, live_sse=live_sse)
        async with shape:
            await asyncio.wait_for(shape.ready(), _LIMIT)
            for n in range(100):
                key, room = chance.randrange(12), chance.choice("aab")
                statement = chance.choice(
                    [
                        "INSERT INTO notes VALUES (%(key)s, %(room)s, '[1]', true, 0) ON CONFLICT DO NOTHING",
                        "UPDATE notes SET n = %(n)s, done = NOT done WHERE id <= %(key)s",
                        "UPDATE notes SET room = %(room)s WHERE id = %(key)s",
                        "DELETE FROM notes WHERE id = %(key)s",
                    ]
                )
                await connection.execute(statement.encode(), {"key": key, "room": room, "n": n})
            await connection.execute(b"INSERT INTO notes VALUES (99, 'a', NULL, NULL, 100)")
            expected = await stored(connection)

            await seen.until(lambda: seen.rows[-1] == expected)

    assert shape.error is None


async def test_an_altered_table_is_refetched_while_the_old_rows_stay(empty_database: str) -> None:
    """ALTER TABLE ends the shape. The old rows stay until the rows with the new column have arrived."""
    async with database(empty_database) as connection, shape_server(empty_database) as url:
        await connection.execute(_NOTES.encode())
        shape, seen = followed(url)
        async with shape:
            await asyncio.wait_for(shape.ready(), _LIMIT)

            await connection.execute(b"ALTER TABLE notes ADD COLUMN extra int; UPDATE notes SET extra = 5")

            await seen.until(lambda: seen.rows[-1][1].get("extra") == 5)

    assert all(seen.rows)
    assert "resyncing" in seen.statuses


async def test_a_client_catches_up_after_the_server_restarts(empty_database: str) -> None:
    """Rows stay during the outage, and what was committed meanwhile arrives."""
    async with database(empty_database) as connection, AsyncExitStack() as running:
        await connection.execute(_NOTES.encode())
        url = await running.enter_async_context(shape_server(empty_database, is_stopped=True))
        shape, seen = followed(url)
        async with shape:
            await asyncio.wait_for(shape.ready(), _LIMIT)

            await running.aclose()
            await seen.until(lambda: shape.status.name == "disconnected")
            await connection.execute(b"INSERT INTO notes VALUES (3, 'a', '{}', true, 3)")
            async with shape_server(empty_database, port=int(url.rpartition(":")[2])):
                await seen.until(lambda: shape.status.name == "live" and 3 in seen.rows[-1])

    assert all(seen.rows)


@pytest.mark.parametrize(
    ("options", "status"),
    [({"secret": "not the secret"}, 401), ({"table": "nothing"}, 400), ({"table": "seen"}, 400)],
)
async def test_a_refusal_of_the_server_is_raised(
    options: dict[str, str], status: int, empty_database: str
) -> None:
    """A wrong secret, an unknown table and a view. The error has the server's message, without the secret."""
    async with database(empty_database) as connection, shape_server(empty_database) as url:
        await connection.execute((_NOTES + "; CREATE VIEW seen AS SELECT * FROM notes").encode())
        shape, _ = followed(url, secret=options.get("secret", SECRET), table=options.get("table", "notes"))
        async with shape:
            with pytest.raises(RequestRefused) as caught:
                await asyncio.wait_for(shape.ready(), _LIMIT)

    assert caught.value.status == status
    assert "not the secret" not in str(caught.value)
