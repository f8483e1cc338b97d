"""All shapes of one database, each kept equal to its table.

After a notification the server reads every shape that it concerns again. At most one reading of a shape
runs at a time. Notifications that arrive meanwhile lead to one more reading: none is missed, and bursts
coalesce.
"""

import asyncio
import json
import logging
import time
import zlib
from pathlib import Path

from .shape_check import checked_where, only_value
from .shape_index import Key, Shape, ShapeIndex
from .shape_link import Link, LinkLost, LinkPool, QueryFailed
from .shape_log import ShapeLog
from .shape_reading import read_result, reading_sql
from .shape_request import Definition, read_columns, read_table
from .shape_tables import DESCRIBE, Table, choose_columns, read_table_description

_TRIGGERS = Path(__file__).with_name("notify.sql")
_READERS = 3
_LOGGER = logging.getLogger(__name__)


class SnapshotFailed(Exception):
    """Postgres does not let this table be read as a shape. The text says why."""


class ShapeRegistry:
    """All shapes of the database at `dsn`. A shape that nobody asks for is forgotten after `idle_seconds`."""

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
        """Listen for changes until cancelled. After a lost connection, read every shape again."""
        pause, complaint = 0.05, ""
        sweeper = asyncio.create_task(self._sweep())
        try:
            while True:
                listener = None
                try:
                    listener = await Link.open(self._dsn, read_only=False, on_notify=self._notified)
                    await listener.script(_TRIGGERS.read_text())
                    await listener.script("LISTEN shape_server")
                    pause, complaint = 0.05, ""
                    self.has_been_up = True
                    self.is_down.clear()
                    self.is_up.set()
                    for shape in list(self._shapes.by_handle.values()):
                        # The database may have been restored from a backup meanwhile.
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
        """The shape of a definition; it is made and read if there is none.

        Raises BadRequest, SnapshotFailed, LinkLost, and QueryFailed for errors that no check can foresee.
        """
        draft = await self._draft(definition)
        shape = self._shapes.with_key(draft.key)
        if shape is None or not shape.is_ready:
            if draft.key not in self._making:
                making = asyncio.create_task(self._make(draft))
                making.add_done_callback(lambda _: self._making.pop(draft.key, None))
                self._making[draft.key] = making
            shape = await asyncio.shield(self._making[draft.key])
            if shape.log.is_dropped:  # by a TRUNCATE while it was being read
                return await self.find(definition)
        shape.definitions.add(definition)
        shape.used_at = time.monotonic()
        return shape

    async def existing(self, definition: Definition) -> Shape | None:
        """The shape of a definition, if there is one. Raises as `find` does."""
        return self._shapes.with_key((await self._draft(definition)).key)

    def named(self, handle: str) -> Shape | None:
        """The shape with this handle."""
        return self._shapes.by_handle.get(handle)

    def drop(self, shape: Shape) -> None:
        """Forget a shape. Its followers get a 409."""
        self._shapes.remove(shape)
        if not shape.log.is_dropped:
            shape.log.drop()

    def replace(self, shape: Shape) -> None:
        """Make `find` create a shape with a new handle. Clients that have the old handle may continue."""
        self._shapes.replace(shape)

    async def _draft(self, definition: Definition) -> Shape:
        """A shape of this definition with a handle of its own, not read yet. Raises as `find` does."""
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
            only = await only_value(link, where, table)
        clause = (where.key, where.params) if where else None
        names = tuple(column.name for column in columns)
        key = (schema, name, clause, names, definition.replica, definition.log)
        self._last_handle = max(self._last_handle + 1, time.time_ns() // 1000)
        handle = f"{zlib.crc32(repr(key).encode()) & 0x7FFFFFF}-{self._last_handle}"
        is_full, is_changes_only = definition.replica == "full", definition.log == "changes_only"
        log = ShapeLog(schema, name, columns, is_full, is_changes_only)
        condition, params = (where.sql, where.params) if where else ("", ())
        sql = reading_sql(table, columns, condition, len(params))
        return Shape(handle, key, table, log, sql, params, only)

    def _drop_outdated(self, schema: str, name: str, document: bytes | None) -> None:
        fingerprint = json.loads(document)["fingerprint"] if document else None
        for shape in self._shapes.of_table(schema, name):
            if shape.table.fingerprint != fingerprint:
                self.drop(shape)

    async def _make(self, shape: Shape) -> Shape:
        await self._watch(shape.table, shape.only)
        # Added before the first reading, so that a change committed during it causes another reading.
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

    async def _watch(self, table: Table, only: tuple[str, str] | None) -> None:
        """Make the table and its family announce their changes, with the values of the shape's column."""
        wanted = {only[0]} if only else set[str]()
        missing = [(oid, known) for oid, known in table.family if known is None or not wanted <= {*known}]
        if not missing:
            return
        names = {column.name for column in table.columns}
        link = await Link.open(self._dsn, read_only=False)
        try:
            # Create the functions again: their schema may have been dropped and recreated.
            await link.script(_TRIGGERS.read_text())
            for oid, known in missing:
                columns = json.dumps(sorted(names & {*(known or ()), *wanted}))
                await link.query(
                    "SELECT shape_server_watch($1::oid::regclass, "
                    "ARRAY(SELECT json_array_elements_text($2::json)))",
                    (str(oid), columns),
                )
        except QueryFailed as error:
            raise SnapshotFailed(f"Unexpected error while creating snapshot: {error.message}") from error
        finally:
            link.close()

    def _notified(self, payload: bytes) -> None:
        change = json.loads(payload)
        is_truncate = change.get("truncate", False)
        for shape in self._shapes.concerned(change["table"], change.get("values", {})):
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
            # The listener loses its connection too, and wakes every shape when it is back.
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
            # Cleared before the query, because a later notification may be of a change that it does not see.
            shape.is_stale = False
            announced, shape.announced = shape.announced, set()
            result = await link.query(shape.sql, (*shape.params, shape.horizon))
        if shape.log.is_dropped:
            return
        reading, known = read_result(result, len(shape.log.columns)), shape.log.rows
        if reading.fingerprint != shape.table.fingerprint:
            self.drop(shape)
        elif not reading.kept <= known.keys():
            # The reading names unchanged rows that the log lacks, so the database is another one.
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
