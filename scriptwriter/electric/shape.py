"""Owns the rows of one shape, as of its last up-to-date. Knows no HTTP and no meaning of a row."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType, TracebackType
from typing import Self

from . import protocol
from .errors import ProtocolError
from .protocol import Change, Message
from .stream import ShapeStream, Status
from .types import Row, RowReader

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Messages that are read before the event loop turns to others."""


class Shape:
    """A keyed set of rows that follows its stream: `async with shape:` runs it, leaving ends it.

    `on_change` is called, without arguments, whenever the rows or the status differ from before, and when
    following failed; one `asyncio.Event.set` may serve several shapes.
    """

    def __init__(self, stream: ShapeStream, *, on_change: Callable[[], object] | None = None) -> None:
        self._stream = stream
        self._on_change = on_change
        self._rows: dict[str, Row] = {}
        self._pending: list[tuple[Change, Row]] = []
        self._replacing = True
        self._reader: RowReader | None = None
        self._version = 0
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.error: Exception | None = None
        """Why following ended, when it did by itself."""

    @property
    def rows(self) -> Mapping[str, Row]:
        """The rows by key, without order: a read-only view, to be copied where it must outlive an await."""
        return MappingProxyType(self._rows)

    @property
    def status(self) -> Status:
        """How current the rows are."""
        return self._stream.status

    @property
    def up_to_date_since(self) -> float | None:
        """Since when the rows are live, on the stream's clock; None while they are not."""
        return self.status.since if self.status.name == "live" else None

    async def __aenter__(self) -> Self:
        self._stream.on_status = self._tell
        self._task = asyncio.create_task(self._follow(), name=f"shape of {self._stream.table}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})

    async def ready(self) -> Mapping[str, Row]:
        """Wait for the first complete snapshot and give the rows. Raises what ended the following."""
        while self._version == 0:
            await self._move()
        return self.rows

    async def updates(self) -> AsyncIterator[Mapping[str, Row]]:
        """Yield the rows now and after changes; who is slow gets the newest only. Raises like `ready`."""
        await self.ready()
        seen = 0
        while True:
            if self._version == seen:
                await self._move()
            else:
                seen = self._version
                yield self.rows

    async def _move(self) -> None:
        if self.error is not None:
            raise self.error
        await self._moved.wait()

    async def _follow(self) -> None:
        try:
            async with aclosing(self._stream.batches()) as batches:
                async for batch in batches:
                    for at in range(0, len(batch), AT_ONCE):
                        if at:
                            await asyncio.sleep(0)
                        self._take(batch[at : at + AT_ONCE])
        except Exception as error:
            self.error = error
            log.error("the shape of %s is not followed any more: %s", self._stream.table, error)
            self._stream.fail()

    def _take(self, batch: list[Message]) -> None:
        for message in batch:
            if isinstance(message, Change):
                self._pending.append((message, self._read(message)))
            elif message.name == protocol.UP_TO_DATE:
                self._apply()
            elif message.name == protocol.MUST_REFETCH:
                self._pending.clear()
                self._reader = None
                self._replacing = True

    def _apply(self) -> None:
        """Bring the rows up to date in one step: all of what is pending or, if it cannot be read, nothing.

        What is pending may have been applied before, as servers repeat a transaction after a reconnect.
        """
        changes = self._pending
        rows = {} if self._replacing else self._rows
        before = {change.key: rows.get(change.key) for change, _ in changes}
        for change, row in changes:
            if change.operation == "delete":
                rows.pop(change.key, None)
            elif change.operation == "insert":
                rows[change.key] = row
            elif change.key in rows:  # else a repeated update, of a row that a repeated delete follows
                rows[change.key] = rows[change.key] | row
        if self._replacing:
            changed = self._version == 0 or rows != self._rows
        else:
            changed = any(rows.get(key) != row for key, row in before.items())
        self._rows = rows
        self._pending = []
        self._replacing = False
        if changed:
            self._version += 1
            self._tell()

    def _read(self, change: Change) -> Row:
        if change.operation == "delete":
            return {}
        if self._reader is None:
            if self._stream.schema is None:
                raise ProtocolError("rows came before any schema")
            self._reader = RowReader(self._stream.schema)
        return self._reader(change.value)

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        if self._on_change is not None:
            self._on_change()
