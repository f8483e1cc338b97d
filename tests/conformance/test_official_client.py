"""Electric's own JavaScript client, run with bun, follows a shape of the embedded shape server."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.conformance.official import following
from tests.support.shape_servers import SECRET, database, shape_server


@pytest.mark.parametrize(
    ("sse", "in_parts"),
    [(False, False), (True, False), (True, True)],
    ids=["long-poll", "sse", "sse in parts"],
)
async def test_the_official_client_follows_a_shape_of_the_embedded_server(
    sse: bool, in_parts: bool, installed: Path, empty_database: str
) -> None:
    """It receives inserts, updates, deletes, a TRUNCATE, and changes from before and after a restart."""
    async with database(empty_database) as connection, AsyncExitStack() as first_server:
        await connection.execute("CREATE TABLE notes (id int PRIMARY KEY, body text, done boolean)")
        await connection.execute("INSERT INTO notes VALUES (1, 'one', true)")
        url = await first_server.enter_async_context(
            shape_server(empty_database, sse_in_parts=in_parts, is_stopped=True)
        )
        params = {"table": "notes", "secret": SECRET}

        async with following(installed, f"{url}/v1/shape", params, sse=sse) as client:
            await client.shows([{"id": 1, "body": "one", "done": True}])
            await connection.execute("INSERT INTO notes VALUES (2, 'two', NULL), (3, 'three', false)")
            await connection.execute("UPDATE notes SET done = false, body = 'eins' WHERE id = 1")
            await connection.execute("DELETE FROM notes WHERE id = 2")
            await client.shows(
                [{"id": 1, "body": "eins", "done": False}, {"id": 3, "body": "three", "done": False}]
            )
            await connection.execute("TRUNCATE notes")
            await connection.execute("INSERT INTO notes VALUES (9, 'new', true)")
            await client.shows([{"id": 9, "body": "new", "done": True}])
            await first_server.aclose()
            await connection.execute("INSERT INTO notes VALUES (10, 'while it was down', NULL)")
            async with shape_server(empty_database, port=int(url.rpartition(":")[2]), sse_in_parts=in_parts):
                await connection.execute("UPDATE notes SET body = 'after' WHERE id = 9")

                await client.shows(
                    [
                        {"id": 9, "body": "after", "done": True},
                        {"id": 10, "body": "while it was down", "done": None},
                    ]
                )
