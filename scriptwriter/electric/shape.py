"""The rows of one shape, as of its last up-to-date."""

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

MESSAGES_AT_ONCE = 500
"""Messages that are read before other tasks of the event loop run."""


class Shape:
    """A keyed set of rows that follows a stream. `async with shape:` runs it for the block.

    `on_change` is called without arguments after each change of the rows or the status, and when the stream
    has failed. One `asyncio.Event.set` may serve several shapes.
    """

    def __init__(self, stream: ShapeStream, *, on_change: Callable[[], object] | None = None) -> None:
        self._stream = stream
        self._on_change = on_change
        self._rows: dict[str, Row] = {}
        self._pending: list[tuple[Change, Row]] = []
        self._replacing = True
        self._reader: RowReader | None = None
        self._version = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.error: Exception | None = None
        """The error that ended the stream, if one did."""

    @property
    def rows(self) -> Mapping[str, Row]:
        """The rows by key, unordered. A read-only view: copy it to keep it over an `await`."""
        return MappingProxyType(self._rows)

    @property
    def status(self) -> Status:
        """How current the rows are."""
        return self._stream.status

    @property
    def up_to_date_since(self) -> float | None:
        """When the rows became live, on the stream's clock; None while they are not live."""
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
        """Wait for the first complete snapshot; return the rows. Raises the error that ended the stream."""
        while self._version == 0:
            await self._wait_for_change()
        return self.rows

    async def updates(self) -> AsyncIterator[Mapping[str, Row]]:
        """Yield the rows now and after changes; a slow reader gets the newest only. Raises like `ready`."""
        await self.ready()
        seen = 0
        while True:
            if self._version == seen:
                await self._wait_for_change()
            else:
                seen = self._version
                yield self.rows

    async def _wait_for_change(self) -> None:
        if self.error is not None:
            raise self.error
        await self._changed.wait()

    async def _follow(self) -> None:
        try:
            async with aclosing(self._stream.batches()) as batches:
                async for batch in batches:
                    for at in range(0, len(batch), MESSAGES_AT_ONCE):
                        if at:
                            await asyncio.sleep(0)
                        self._take(batch[at : at + MESSAGES_AT_ONCE])
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
        """Apply all pending changes in one step.

        Some may have been applied before: servers repeat a transaction after a reconnect.
        """
        changes = self._pending
        rows = {} if self._replacing else self._rows
        before = {change.key: rows.get(change.key) for change, _ in changes}
        for change, row in changes:
            if change.operation == "delete":
                rows.pop(change.key, None)
            elif change.operation == "insert":
                rows[change.key] = row
            elif change.key in rows:  # else it is repeated, and so is the delete after it
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
        self._changed.set()
        self._changed = asyncio.Event()
        if self._on_change is not None:
            self._on_change()
