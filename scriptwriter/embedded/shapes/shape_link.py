"""A connection to Postgres for statements and notifications.

It calls libpq directly and keeps one reader registered with the event loop. A reading takes a third of the
time that psycopg's cursor needs, and a notification is handled in the loop iteration in which it arrives.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

# Rows are compared and sent as text, so every setting that changes the text is fixed here (recording 11).
_SESSION = """
SET timezone = 'UTC'; SET datestyle = 'ISO, DMY'; SET intervalstyle = 'iso_8601'; SET bytea_output = 'hex';
SET extra_float_digits = 1; SET standard_conforming_strings = on; SET client_encoding = 'UTF8';
SET max_parallel_workers_per_gather = 0; SET jit = off; SET statement_timeout = '30s';
SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; SET search_path = public;
"""
_PREPARED_MAX = 200


class LinkLost(Exception):
    """The connection to Postgres is gone."""


class QueryFailed(Exception):
    """Postgres rejected a statement. `position` is the error's character in it, from 1; 0 if unknown."""

    def __init__(self, result: PGresult) -> None:
        def part(name: pq.DiagnosticField) -> str:
            return (result.error_field(name) or b"").decode(errors="replace")

        self.sqlstate = part(pq.DiagnosticField.SQLSTATE)
        self.message = part(pq.DiagnosticField.MESSAGE_PRIMARY)
        self.position = int(part(pq.DiagnosticField.STATEMENT_POSITION) or 0)
        super().__init__(f"{self.sqlstate} {self.message}")

    @property
    def is_passing(self) -> bool:
        """Whether the same statement may succeed later: a timeout, a lock, no connection left."""
        return self.sqlstate[:2] in ("40", "53", "55", "57")


class Link:
    """One connection. It runs one statement at a time, and takes notifications in between."""

    def __init__(
        self, connection: psycopg.AsyncConnection, on_notify: Callable[[bytes], None] | None
    ) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._on_notify = on_notify
        self._prepared: dict[str, bytes] = {}
        self._waiting: asyncio.Future[PGresult] | None = None
        self._result: PGresult | None = None
        self._loop = asyncio.get_running_loop()
        self._socket = self._pg.socket
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def open(
        cls, dsn: str, *, read_only: bool, on_notify: Callable[[bytes], None] | None = None
    ) -> "Link":
        """Connect. Raises LinkLost when Postgres cannot be reached."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                dsn, autocommit=True, connect_timeout=5, application_name="shape server"
            )
        except psycopg.Error as error:
            raise LinkLost(str(error)) from error
        link = cls(connection, on_notify)
        await link.script(_SESSION)
        if read_only:
            await link.script("SET default_transaction_read_only = on")
        return link

    async def script(self, sql: str) -> None:
        """Run statements that return nothing. Raises LinkLost, QueryFailed."""
        await self._run(lambda: self._pg.send_query(sql.encode()))

    async def query(self, sql: str, params: Sequence[str | None] = ()) -> PGresult:
        """Run one prepared statement with text parameters. Raises LinkLost, QueryFailed."""
        name = self._prepared.get(sql)
        if name is None:
            if len(self._prepared) >= _PREPARED_MAX:
                await self.script("DEALLOCATE ALL")
                self._prepared.clear()
            name = b"s%d" % len(self._prepared)
            prepared = name
            await self._run(lambda: self._pg.send_prepare(prepared, sql.encode()))
            self._prepared[sql] = name
        statement = name
        values = [None if value is None else value.encode() for value in params]
        return await self._run(lambda: self._pg.send_query_prepared(statement, values))

    async def once(self, sql: str) -> PGresult:
        """Run one statement without preparing it. Raises LinkLost, QueryFailed."""
        return await self._run(lambda: self._pg.send_query(sql.encode()))

    def close(self) -> None:
        """Close the connection. A running statement raises LinkLost."""
        self._fail()

    async def _run(self, send: Callable[[], None]) -> PGresult:
        if self.lost.done():
            raise LinkLost
        self._result, self._waiting = None, self._loop.create_future()
        try:
            send()
            await self._flush()
        except psycopg.Error as error:
            self._fail()
            raise LinkLost from error
        try:
            result = await self._waiting
        except asyncio.CancelledError:
            # The result would be taken for that of the next statement.
            self._fail()
            raise
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise QueryFailed(result)
        return result

    async def _flush(self) -> None:
        # Only a statement larger than the socket's buffer needs a second round.
        while self._pg.flush():
            writable = self._loop.create_future()
            self._loop.add_writer(self._socket, lambda w=writable: w.done() or w.set_result(None))
            try:
                await writable
            finally:
                self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        pg = self._pg
        try:
            pg.consume_input()
            while self._waiting is not None and not pg.is_busy():
                result = pg.get_result()
                if result is None:
                    self._deliver()
                elif self._result is None or self._result.status != pq.ExecStatus.FATAL_ERROR:
                    self._result = result
            while self._on_notify is not None and (notify := pg.notifies()):
                self._on_notify(notify.extra)
        except psycopg.Error:
            self._fail()

    def _deliver(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done() and self._result is not None:
            waiting.set_result(self._result)
        self._result = None

    def _fail(self) -> None:
        if self.lost.done():
            return
        self._loop.remove_reader(self._socket)
        self._pg.finish()
        self.lost.set_result(None)
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(LinkLost())


class LinkPool:
    """At most `size` read-only connections, opened when they are needed."""

    def __init__(self, dsn: str, size: int) -> None:
        self._dsn = dsn
        self._free: asyncio.LifoQueue[Link | None] = asyncio.LifoQueue()
        for _ in range(size):
            self._free.put_nowait(None)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Link]:
        """A connection for the block. Raises LinkLost when Postgres cannot be reached."""
        link = await self._free.get()
        try:
            if link is None or link.lost.done():
                link = None
                link = await Link.open(self._dsn, read_only=True)
            yield link
        finally:
            self._free.put_nowait(link)

    def close(self) -> None:
        """Close the connections that are not lent."""
        while not self._free.empty():
            link = self._free.get_nowait()
            if link is not None:
                link.close()
