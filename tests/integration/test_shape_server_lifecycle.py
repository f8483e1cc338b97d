"""Lost connections, forgotten logs and deleted shapes of the embedded shape server."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import psycopg

from tests.conformance.follower import Follower
from tests.conformance.shape_requests import first_sync, until_status
from tests.support.shape_servers import client, database, shape_server

_NOTES = "CREATE TABLE notes (id int PRIMARY KEY, body text); INSERT INTO notes VALUES (1, 'one')"
_LIMIT = 30


async def test_a_lost_listening_connection_loses_no_change(empty_database: str) -> None:
    """Changes that are committed while LISTEN is interrupted arrive after the reconnection."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        follower = Follower(http, {"table": "notes"}, sse=True)
        following = asyncio.create_task(follower.run())
        await follower.until(lambda: len(follower.rows) == 1, _LIMIT)

        for number in range(2, 6):
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database()"
            )
            await connection.execute("INSERT INTO notes VALUES (%s, 'x')", (number,))
            await connection.execute("UPDATE notes SET body = %s WHERE id = 1", (str(number),))

        await follower.until(
            lambda: len(follower.rows) == 5 and follower.rows['"public"."notes"/"1"']["body"] == "5",
            _LIMIT,
        )
        following.cancel()


async def test_without_postgres_it_answers_503_and_serves_once_postgres_is_up(postgres_server: str) -> None:
    """Retry-After and the health "waiting" are as recorded. It needs no restart."""
    name = "shapes_of_a_late_database"
    dsn = httpx.URL(postgres_server).copy_with(path=f"/{name}")
    async with (
        shape_server(str(dsn), database_wait=0.2) as url,
        client(url) as http,
        database(postgres_server) as server,
        AsyncExitStack() as cleanup,
    ):
        health = await http.get("/v1/health")
        refused = await http.get("/v1/shape", params={"table": "notes", "offset": "-1"})

        await server.execute(f"CREATE DATABASE {name}".encode())
        cleanup.push_async_callback(server.execute, f"DROP DATABASE {name} WITH (FORCE)".encode())
        async with database(str(dsn)) as connection:
            await connection.execute(_NOTES.encode())
        async with asyncio.timeout(_LIMIT):
            await until_status(http, "/v1/health", 200)
        _, _, messages = await first_sync(http, table="notes")

        assert (health.status_code, health.json()) == (202, {"status": "waiting"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert messages[0]["value"] == {"id": "1", "body": "one"}


async def test_an_offset_that_the_log_no_longer_holds_gets_a_409_with_another_handle(
    empty_database: str,
) -> None:
    """The log keeps only its newest part. A follower that is close to its end is not affected."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        handle, offset, _ = await first_sync(http, table="notes")
        current = Follower(http, {"table": "notes"}, sse=True)
        following = asyncio.create_task(current.run())
        for number in range(10):
            body = f"{number}" * 1_000_000
            await connection.execute("UPDATE notes SET body = %s", (body,))
            await current.until(lambda b=body: [row["body"] for row in current.rows.values()] == [b], _LIMIT)

        late = await http.get("/v1/shape", params={"table": "notes", "handle": handle, "offset": offset})
        new, _, messages = await first_sync(http, table="notes")
        await connection.execute("UPDATE notes SET body = 'short'")
        await current.until(lambda: [row["body"] for row in current.rows.values()] == ["short"], _LIMIT)

        assert late.status_code == 409
        assert late.headers["electric-handle"] == new != handle
        assert messages[0]["value"] == {"id": "1", "body": "9" * 1_000_000}
        assert current.refetches == 0
        following.cancel()


async def test_a_large_snapshot_is_sent_in_chunks(empty_database: str) -> None:
    """Each has about 10 MB. Only the last one ends with up-to-date, and no row comes twice (recording 13)."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(
            "CREATE TABLE big AS "
            "SELECT i AS id, repeat(md5(i::text), 320) AS pad FROM generate_series(1, 2500) AS i"
        )
        await connection.execute("ALTER TABLE big ADD PRIMARY KEY (id)")
        first = await http.get("/v1/shape", params={"table": "big", "offset": "-1"})
        handle, offset, messages = await first_sync(http, table="big")

        assert 10_000_000 < len(first.content) < 11_500_000
        assert (first.headers["electric-offset"], offset) == ("0_0", "0_inf")
        assert sorted(int(m["value"]["id"]) for m in messages if "value" in m) == list(range(1, 2501))
        assert handle == first.headers["electric-handle"]


async def test_a_new_follower_gets_a_fresh_snapshot_instead_of_a_long_log(
    empty_database: str,
) -> None:
    """The handle stays the same, and existing followers continue with the log."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        early = Follower(http, {"table": "notes"}, sse=False)
        following = asyncio.create_task(early.run())
        for number in range(40):
            await connection.execute("UPDATE notes SET body = %s", (str(number) * 5000,))
            await early.until(
                lambda n=number: [r["body"] for r in early.rows.values()] == [str(n) * 5000], _LIMIT
            )

        handle, offset, messages = await first_sync(http, table="notes")
        query = {"table": "notes", "handle": handle, "offset": offset, "live": "true"}
        waiting = asyncio.create_task(http.get("/v1/shape", params=query))
        await connection.execute("INSERT INTO notes VALUES (2, 'live')")

        assert [m["value"]["body"] for m in messages if "value" in m] == ["39" * 5000]
        assert [m["value"]["id"] for m in (await waiting).json() if "value" in m] == ["2"]
        assert early.refetches == 0
        following.cancel()


async def test_an_unused_shape_is_dropped(empty_database: str) -> None:
    """After the idle time its handle gets a 409."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, idle_seconds=0.2) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        handle, offset, _ = await first_sync(http, table="notes")

        await asyncio.sleep(0.6)  # the time under test: it must pass without a request
        answer = await http.get("/v1/shape", params={"table": "notes", "handle": handle, "offset": offset})

        assert answer.status_code == 409


async def test_a_shape_can_be_deleted_where_that_is_allowed(empty_database: str) -> None:
    """The deletion is answered with 202, and the next request with the deleted handle with 409."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, allow_deletion=True) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        handle, offset, _ = await first_sync(http, table="notes")

        deleted = await http.delete("/v1/shape", params={"table": "notes", "handle": handle})
        after = await http.get("/v1/shape", params={"table": "notes", "handle": handle, "offset": offset})

        assert (deleted.status_code, after.status_code) == (202, 409)


async def test_a_shape_can_be_deleted_by_its_handle_alone(empty_database: str) -> None:
    """Electric answers 202 for a handle, 404 for an unknown one, and 400 without handle and table."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, allow_deletion=True) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        handle, offset, _ = await first_sync(http, table="notes")

        deleted = await http.delete("/v1/shape", params={"handle": handle})
        after = await http.get("/v1/shape", params={"table": "notes", "handle": handle, "offset": offset})
        unknown = await http.delete("/v1/shape", params={"handle": "1-1"})
        neither = await http.delete("/v1/shape")

        assert (deleted.status_code, after.status_code) == (202, 409)
        assert (unknown.status_code, unknown.json()) == (404, {"message": "No existing shape found"})
        assert neither.status_code == 400
        assert neither.json()["errors"] == {"handle": ["can't be blank when shape definition is missing"]}


async def test_deleting_a_shape_does_not_create_it(empty_database: str) -> None:
    """A definition without a shape gets 404. A wrong handle gets 409 with the right one."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database, allow_deletion=True) as url,
        client(url) as http,
    ):
        await connection.execute(_NOTES.encode())
        missing = await http.delete("/v1/shape", params={"table": "notes"})
        handle, offset, _ = await first_sync(http, table="notes")

        other = await http.delete("/v1/shape", params={"table": "notes", "handle": "1-1"})
        kept = await http.get("/v1/shape", params={"table": "notes", "handle": handle, "offset": offset})

        assert missing.status_code == 404
        assert (other.status_code, other.headers["electric-handle"]) == (409, handle)
        assert kept.status_code == 200


async def test_the_triggers_are_installed_once(empty_database: str) -> None:
    """A second server, and a restart, find them and change nothing."""
    async with database(empty_database) as connection:
        await connection.execute(_NOTES.encode())
        found: list[object] = []
        for _ in range(2):
            async with (
                shape_server(empty_database) as url,
                shape_server(empty_database) as second,
                client(url) as http,
                client(second) as other,
            ):
                await asyncio.gather(first_sync(http, table="notes"), first_sync(other, table="notes"))
            found.append(await _triggers(connection))

    assert found[0] == found[1]
    assert len(found[0]) == 4  # pyright: ignore[reportArgumentType]


async def _triggers(connection: psycopg.AsyncConnection) -> list[tuple[object, ...]]:
    cursor = await connection.execute(
        "SELECT oid, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY oid"
    )
    return await cursor.fetchall()
