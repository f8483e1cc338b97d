"""Changes of a table's definition, and which shapes are read again after a change of rows."""

import asyncio
import json

import pytest

from scriptwriter.embedded.shapes.shape_registry import ShapeRegistry
from scriptwriter.embedded.shapes.shape_request import Definition
from tests.conformance.follower import Follower
from tests.conformance.shape_requests import first_sync
from tests.support.shape_servers import client, database, shape_server

_NOTES = "CREATE TABLE notes (id int PRIMARY KEY, body text); INSERT INTO notes VALUES (1, 'one')"
_LIMIT = 30


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE notes ADD COLUMN extra int; INSERT INTO notes VALUES (2, 'two', 3)",
        "ALTER TABLE notes RENAME body TO words; INSERT INTO notes VALUES (2, 'two')",
        "ALTER TABLE notes ALTER body TYPE varchar(9); UPDATE notes SET body = 'x'",
        "ALTER TABLE notes DROP COLUMN body; INSERT INTO notes VALUES (2)",
        "TRUNCATE notes",
    ],
)
async def test_an_altered_table_ends_its_shapes(change: str, empty_database: str) -> None:
    """As recorded, a waiting request gets a 409 without a handle, and the next one a 409 with the new one."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        handle, offset, _ = await first_sync(http, table="notes")
        query = {"table": "notes", "handle": handle, "offset": offset}

        waiting = asyncio.create_task(http.get("/v1/shape", params={**query, "live": "true"}))
        for _ in range(4):
            await http.get("/v1/health")
        await connection.execute(change.encode())
        answer, after = await waiting, await http.get("/v1/shape", params=query)

        assert (answer.status_code, after.status_code) == (409, 409)
        assert answer.json() == after.json() == [{"headers": {"control": "must-refetch"}}]
        assert "electric-handle" not in answer.headers
        assert after.headers["electric-handle"] not in ("", handle)


async def test_a_dropped_and_recreated_table_is_served_at_once(empty_database: str) -> None:
    """Electric serves the old rows for half a minute (recording 17)."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        old, _, _ = await first_sync(http, table="notes")

        await connection.execute(b"DROP TABLE notes")
        missing = await http.get("/v1/shape", params={"table": "notes", "offset": "-1"})
        await connection.execute(b"CREATE TABLE notes (id int PRIMARY KEY, body text)")
        await connection.execute(b"INSERT INTO notes VALUES (7, 'new')")
        new, offset, messages = await first_sync(http, table="notes")
        query = {"table": "notes", "handle": new, "offset": offset, "live": "true"}
        waiting = asyncio.create_task(http.get("/v1/shape", params=query))
        await connection.execute(b"INSERT INTO notes VALUES (8, 'live')")
        live = await waiting

        assert missing.status_code == 400
        assert new != old
        assert messages[0]["value"] == {"id": "7", "body": "new"}
        assert live.json()[0]["value"] == {"id": "8", "body": "live"}


async def test_a_dropped_and_recreated_schema_is_served(empty_database: str) -> None:
    """Dropping the schema resets a database, and also drops the server's triggers and functions."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        await first_sync(http, table="notes")

        await connection.execute(b"DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.execute(b"CREATE TABLE notes (id int PRIMARY KEY, body text)")
        handle, offset, _ = await first_sync(http, table="notes")
        query = {"table": "notes", "handle": handle, "offset": offset, "live": "true"}
        waiting = asyncio.create_task(http.get("/v1/shape", params=query))
        await connection.execute(b"INSERT INTO notes VALUES (8, 'live')")

        assert (await waiting).json()[0]["value"] == {"id": "8", "body": "live"}


async def test_a_change_reaches_only_the_shapes_with_its_values(empty_database: str) -> None:
    """Ids are compared as Postgres prints them. Moving a row reaches the shapes of both projects."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, long_poll=0.3) as url,
        client(url) as http,
    ):
        await connection.execute("CREATE TABLE cards (id int PRIMARY KEY, project_id uuid NOT NULL)")
        one, two = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"
        shape = {"table": "cards", "where": "project_id = $1", "params[1]": one}
        follower, other = (Follower(http, {**shape, "params[1]": p}, sse=True) for p in (one, two))
        following = [asyncio.create_task(f.run()) for f in (follower, other)]

        await connection.execute("INSERT INTO cards VALUES (1, %s), (2, %s)", (one, two))
        await follower.until(lambda: len(follower.rows) == 1, _LIMIT)
        await connection.execute("UPDATE cards SET project_id = %s", (two.upper(),))

        await follower.until(lambda: not follower.rows, _LIMIT)
        await other.until(lambda: len(other.rows) == 2, _LIMIT)
        for task in following:
            task.cancel()


async def test_shapes_filtered_by_different_columns_are_notified_separately(empty_database: str) -> None:
    """The second shape adds its column to what the table's triggers announce."""
    registry = ShapeRegistry(empty_database)
    async with database(empty_database) as connection:
        await connection.execute("CREATE TABLE cards (id int PRIMARY KEY, owner text, list text)")
        listening = asyncio.create_task(registry.run())
        await registry.is_up.wait()
        for column in ("owner", "list"):
            await registry.find(Definition("cards", f"{column} = $1", ((1, "a"),), "", "default", "full"))

        await connection.execute("LISTEN shape_server")
        await connection.execute("INSERT INTO cards VALUES (1, 'a', 'b'), (2, 'c', NULL)")
        await connection.execute("UPDATE cards SET list = 'd' WHERE id = 3")
        await connection.execute("UPDATE cards SET list = 'd' WHERE id = 1")

        announced = [
            {
                column: sorted(map(str, values))
                for column, values in json.loads(note.payload)["values"].items()
            }
            async for note in connection.notifies(stop_after=2, timeout=9)
        ]
        assert announced == [
            {"owner": ["a", "c"], "list": ["None", "b"]},
            {"owner": ["a"], "list": ["b", "d"]},
        ]
        listening.cancel()


@pytest.mark.parametrize("change", ["DROP COLUMN list", "RENAME list TO column_of_another_name"])
async def test_a_table_that_loses_an_announced_column_can_still_be_written(
    change: str, empty_database: str
) -> None:
    """Its triggers then announce changes without values, and all of its shapes are read again."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute("CREATE TABLE cards (id int PRIMARY KEY, list text)")
        await first_sync(http, table="cards", where="list = $1", **{"params[1]": "a"})

        await connection.execute(f"ALTER TABLE cards {change}".encode())
        await connection.execute("INSERT INTO cards (id) VALUES (1)")
        handle, offset, _ = await first_sync(http, table="cards", where="id = $1", **{"params[1]": "1"})
        query = {"table": "cards", "where": "id = $1", "params[1]": "1", "handle": handle, "offset": offset}
        waiting = asyncio.create_task(http.get("/v1/shape", params={**query, "live": "true"}))
        await connection.execute("DELETE FROM cards")

        assert [m["headers"].get("operation") for m in (await waiting).json()] == ["delete", None]


@pytest.mark.parametrize("type_of_id", ["text", "uuid"])
async def test_statements_are_announced_with_the_values_of_the_filter_column(
    type_of_id: str, empty_database: str
) -> None:
    """Any column can be the one of a clause `column = $1`, whatever its type."""
    one, two = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"
    clause = Definition("projects", "id = $1", ((1, one),), "", "default", "full")
    registry = ShapeRegistry(empty_database)
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(f"CREATE TABLE projects (id {type_of_id} PRIMARY KEY, name text)".encode())
        follower = Follower(http, {"table": "projects", "where": "id = $1", "params[1]": one}, sse=True)
        following = asyncio.create_task(follower.run())
        listening = asyncio.create_task(registry.run())
        await registry.is_up.wait()
        assert (await registry.find(clause)).only == ("id", one)

        await connection.execute("LISTEN shape_server")
        for statement in (
            f"INSERT INTO projects VALUES ('{one}', 'first'), ('{two}', 'second')",
            f"UPDATE projects SET name = 'other' WHERE id = '{two}'",
            f"UPDATE projects SET name = 'renamed' WHERE id = '{one}'",
        ):
            await connection.execute(statement.encode())
        await follower.until(lambda: [row["name"] for row in follower.rows.values()] == ["renamed"], _LIMIT)
        await connection.execute(f"DELETE FROM projects WHERE id = '{one}'".encode())
        await follower.until(lambda: not follower.rows, _LIMIT)

        announced = [
            json.loads(note.payload)["values"]["id"]
            async for note in connection.notifies(stop_after=4, timeout=9)
        ]
        assert announced == [[one, two], [two], [one], [one]]
        for task in (following, listening):
            task.cancel()


async def test_a_statement_that_changes_very_many_ids_reaches_their_shapes(
    empty_database: str,
) -> None:
    """The ids are more than the payload of a notification can hold."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute("CREATE TABLE cards (id int PRIMARY KEY, project_id text NOT NULL)")
        shape = {"table": "cards", "where": "project_id = $1", "params[1]": "project-1999"}
        follower = Follower(http, shape, sse=True)
        following = asyncio.create_task(follower.run())

        await connection.execute(
            "INSERT INTO cards SELECT i, 'project-' || i FROM generate_series(1, 2000) AS i"
        )

        await follower.until(lambda: len(follower.rows) == 1, _LIMIT)
        following.cancel()


async def test_a_clause_that_fails_on_a_later_row_ends_its_shape(empty_database: str) -> None:
    """The next request for the shape gets a 400 with Postgres's message."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        await connection.execute("UPDATE notes SET body = '1'")
        shape = {"table": "notes", "where": "body::int > 0"}
        handle, offset, _ = await first_sync(http, **shape)

        query = {**shape, "handle": handle, "offset": offset, "live": "true"}
        waiting = asyncio.create_task(http.get("/v1/shape", params=query))
        for _ in range(4):
            await http.get("/v1/health")
        await connection.execute("INSERT INTO notes VALUES (2, 'no number')")
        ended = await waiting
        refused = await http.get("/v1/shape", params={**shape, "offset": "-1"})

        assert ended.status_code == 409
        assert refused.status_code == 400
        assert "no number" in refused.json()["errors"]["where"][0]
