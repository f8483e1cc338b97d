"""Keeps every shape equal to its table; knows Postgres, and nothing of HTTP.

A notification makes the shapes it concerns read themselves again. Of one shape at most one reading runs;
notifications that arrive meanwhile make one more, so nothing is missed and bursts coalesce.
"""

import asyncio
import json
import logging
import time
import zlib
from pathlib import Path

from .shape_check import checked_where, project_of
from .shape_index import Key, Shape, ShapeIndex
from .shape_link import Link, LinkLost, LinkPool, QueryFailed
from .shape_log import Column, ShapeLog
from .shape_reading import read_result, reading_sql
from .shape_request import Definition, read_columns, read_table
from .shape_tables import DESCRIBE, Table, choose_columns, read_table_description
from .shape_where import Where

_SCHEMA = Path(__file__).parents[3] / "schema" / "embedded.sql"
_READERS = 3
_LOGGER = logging.getLogger("scriptwriter.shapes")


class SnapshotFailed(Exception):
    """Postgres would not read this table for a shape: the text says why."""


class ShapeRegistry:
    """All shapes of one database."""

    def __init__(self, dsn: str, *, idle_seconds: float = 300) -> None:
        self._dsn = dsn
        self._idle_seconds = idle_seconds
        self.is_up = asyncio.Event()
        self.is_down = asyncio.Event()
        self.has_been_up = False
        self._shapes = ShapeIndex()
        self._making: dict[Key, asyncio.Task[Shape]] = {}
        self._readers = LinkPool(dsn, _READERS)
        self._last_handle = 0

    async def run(self) -> None:
        """Listen for changes until cancelled; after a lost connection, read every shape again."""
        pause, complaint = 0.05, ""
        sweeper = asyncio.create_task(self._sweep())
        try:
            while True:
                listener = None
                try:
                    listener = await Link.open(self._dsn, read_only=False, on_notify=self._notified)
                    await listener.script(_SCHEMA.read_text())
                    await listener.script("LISTEN scriptwriter_shapes")
                    pause, complaint = 0.05, ""
                    self.has_been_up = True
                    self.is_down.clear()
                    self.is_up.set()
                    for shape in list(self._shapes.by_handle.values()):
                        # The database may be another one by now, restored from a backup.
                        shape.horizon = None
                        self._wake(shape)
                    await listener.lost
                except (LinkLost, QueryFailed) as error:
                    if str(error) != complaint:
                        complaint = str(error)
                        _LOGGER.warning("cannot listen to Postgres: %s", complaint)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, 1)
                finally:
                    self.is_up.clear()
                    self.is_down.set()
                    if listener is not None:
                        listener.close()
        finally:
            sweeper.cancel()
            await self._close()

    async def find(self, definition: Definition) -> Shape:
        """The shape of a definition, made and read for the first time if need be.

        Raises BadRequest, SnapshotFailed, LinkLost, and QueryFailed for what no validation foresaw.
        """
        schema, name = read_table(definition.table)
        wanted = read_columns(definition.columns) if definition.columns else []
        async with self._readers.lend() as link:
            result = await link.query(DESCRIBE, (schema, name))
            document = result.get_value(0, 0) if result.ntuples else None
            self._drop_outdated(schema, name, document)
            table = read_table_description(schema, name, document.decode() if document else None)
            columns = choose_columns(table, wanted)
            where = await checked_where(link, definition, table)
            if table.refusal:
                raise SnapshotFailed(table.refusal)
            project = await project_of(link, where, table)
        clause = (where.key, where.params) if where else None
        names = tuple(column.name for column in columns)
        key = (schema, name, clause, names, definition.replica, definition.log)
        shape = self._shapes.with_key(key)
        if shape is None or not shape.is_ready:
            if key not in self._making:
                making = asyncio.create_task(
                    self._make(self._draft(key, definition, table, columns, where, project))
                )
                making.add_done_callback(lambda _: self._making.pop(key, None))
                self._making[key] = making
            shape = await asyncio.shield(self._making[key])
            if shape.log.is_dropped:  # emptied by a TRUNCATE while it was being read
                return await self.find(definition)
        shape.definitions.add(definition)
        shape.used_at = time.monotonic()
        return shape

    def named(self, handle: str) -> Shape | None:
        """The shape with this handle."""
        return self._shapes.by_handle.get(handle)

    def drop(self, shape: Shape) -> None:
        """Forget a shape; whoever follows it gets a 409."""
        self._shapes.remove(shape)
        if not shape.log.is_dropped:
            shape.log.drop()

    def replace(self, shape: Shape) -> None:
        """Let the next newcomer have a shape under a new handle; who follows this one may go on."""
        self._shapes.replace(shape)

    def _draft(
        self,
        key: Key,
        definition: Definition,
        table: Table,
        columns: tuple[Column, ...],
        where: Where | None,
        project: str | None,
    ) -> Shape:
        clause, params = (where.sql, where.params) if where else ("", ())
        self._last_handle = max(self._last_handle + 1, time.time_ns() // 1000)
        handle = f"{zlib.crc32(repr(key).encode()) & 0x7FFFFFF}-{self._last_handle}"
        is_full, is_changes_only = definition.replica == "full", definition.log == "changes_only"
        log = ShapeLog(table.schema, table.name, columns, is_full, is_changes_only)
        sql = reading_sql(table, columns, clause, len(params))
        return Shape(handle, key, table, log, sql, params, project)

    def _drop_outdated(self, schema: str, name: str, document: bytes | None) -> None:
        fingerprint = json.loads(document)["fingerprint"] if document else None
        for shape in self._shapes.of_table(schema, name):
            if shape.table.fingerprint != fingerprint:
                self.drop(shape)

    async def _make(self, shape: Shape) -> Shape:
        if not all(synced for _, synced in shape.table.family):
            await self._sync(shape.table)
        # Known before it is read: a change committed meanwhile then makes it read again.
        self._shapes.add(shape)
        try:
            async with self._readers.lend() as link:
                result = await link.query(shape.sql, (*shape.params, None))
        except BaseException:
            self.drop(shape)
            raise
        reading = read_result(result, len(shape.log.columns))
        shape.log.begin(reading.changes, reading.lsn, reading.snapshot_end)
        shape.horizon, shape.is_ready = reading.horizon, True
        if shape.is_stale:
            self._wake(shape)
        return shape

    async def _sync(self, table: Table) -> None:
        link = await Link.open(self._dsn, read_only=False)
        try:
            for oid, synced in table.family:
                if not synced:
                    await link.query("SELECT scriptwriter_sync_table($1::oid::regclass)", (str(oid),))
        except QueryFailed as error:
            raise SnapshotFailed(f"Unexpected error while creating snapshot: {error.message}") from error
        finally:
            link.close()

    def _notified(self, payload: bytes) -> None:
        change = json.loads(payload)
        is_truncate = change.get("truncate", False)
        for shape in self._shapes.concerned(change["table"], change.get("projects")):
            if is_truncate:
                self.drop(shape)
            else:
                shape.announced.add(int(change["txid"]))
                self._wake(shape)

    def _wake(self, shape: Shape) -> None:
        shape.is_stale = True
        if shape.reading is None and shape.is_ready:
            shape.reading = asyncio.create_task(self._read_while_stale(shape))

    async def _read_while_stale(self, shape: Shape) -> None:
        try:
            while shape.is_stale and not shape.log.is_dropped:
                await self._read_again(shape)
        except LinkLost:
            # The listener is losing its connection too, or will; it wakes every shape when it is back.
            shape.horizon = None
            self._later(0.5, shape)
        except QueryFailed as error:
            if error.is_passing:
                self._later(1, shape)
            else:
                _LOGGER.warning("shape %s of %s ended: %s", shape.handle, shape.table.sql, error)
                self.drop(shape)
        finally:
            shape.reading = None

    async def _read_again(self, shape: Shape) -> None:
        async with self._readers.lend() as link:
            # From here on a notification may be about something this reading does not see.
            shape.is_stale = False
            announced, shape.announced = shape.announced, set()
            result = await link.query(shape.sql, (*shape.params, shape.horizon))
        if shape.log.is_dropped:
            return
        reading, known = read_result(result, len(shape.log.columns)), shape.log.rows
        if reading.fingerprint != shape.table.fingerprint:
            self.drop(shape)
        elif not reading.kept <= known.keys():
            # Not the database that was read before.
            shape.horizon, shape.is_stale = None, True
        else:
            shape.horizon = reading.horizon
            shape.log.apply(reading.changes, reading.gone(known.keys()), reading.lsn, sorted(announced))

    def _later(self, seconds: float, shape: Shape) -> None:
        shape.is_stale = True
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: None if shape.log.is_dropped else self._wake(shape))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(self._idle_seconds, 30) / 2)
            limit = time.monotonic() - self._idle_seconds
            for shape in [s for s in self._shapes.by_handle.values() if s.used_at < limit]:
                self.drop(shape)

    async def _close(self) -> None:
        for shape in list(self._shapes.by_handle.values()):
            if shape.reading is not None:
                shape.reading.cancel()
            self.drop(shape)
        self._readers.close()
