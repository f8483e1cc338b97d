"""The log of one shape: its current rows, snapshots of them for new clients, and the changes since then.

Uses no database, no HTTP and no clock. A row has PostgreSQL's text output, or NULL, for each column.
"""

import asyncio
import bisect
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Position = tuple[int, float]
Row = tuple[bytes | None, ...]

CHUNK_BYTES = 10 * 1024 * 1024
"""Size of an answer from which on the rest is left to the next one."""
TAIL_BYTES = 8 * 1024 * 1024
"""Bytes of messages that a log keeps by default."""


@dataclass(frozen=True)
class Column:
    """One column of a table. `kind` is its entry in the header electric-schema."""

    name: str
    kind: Mapping[str, object]
    is_bool: bool
    pk_index: int | None


@dataclass(frozen=True)
class Change:
    """A row of a reading: its key, the transaction that wrote it, its values in the order of the columns."""

    key: bytes
    txid: int
    row: Row


@dataclass
class _Snapshot:
    first: int
    chunks: list[bytes]
    position: Position
    size: int


@dataclass(frozen=True)
class Read:
    """The messages that follow a client's offset, and the offset after them."""

    messages: list[bytes]
    offset: str
    is_up_to_date: bool


class OffsetTooOld(Exception):
    """The log no longer has the messages after this offset: the client has to start again."""


class OffsetBeyondEnd(Exception):
    """The log ends before this offset."""


@dataclass
class ShapeLog:
    """The current rows of one shape, and the log of their changes: its last `tail_bytes`."""

    schema: str
    table: str
    columns: tuple[Column, ...]
    is_full_replica: bool
    is_changes_only: bool
    rows: dict[bytes, Row] = field(default_factory=dict)
    lsn: int = 0
    tail_bytes: int = TAIL_BYTES
    changed: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    is_dropped: bool = False
    _positions: list[Position] = field(default_factory=list)
    _messages: list[bytes] = field(default_factory=list)
    _size: int = 0
    _forgotten: Position = (0, 0)
    _snapshots: list[_Snapshot] = field(default_factory=list)

    def __post_init__(self) -> None:
        pk = sorted((c.pk_index, i) for i, c in enumerate(self.columns) if c.pk_index is not None)
        self._key_columns = [i for _, i in pk] or list(range(len(self.columns)))
        self._relation = f"{json.dumps([self.schema, self.table], ensure_ascii=False)}"
        self._key_start = ".".join('"' + name.replace('"', '""') + '"' for name in (self.schema, self.table))

    def begin(self, changes: Iterable[Change], lsn: int, snapshot_end: bytes) -> None:
        """Store the first reading, and make the first snapshot for new clients from it."""
        self.rows = {change.key: change.row for change in changes}
        self.lsn, self._end = lsn, snapshot_end
        self._snapshots = [self._snapshot(0, (0, math.inf))]

    def apply(self, changes: Iterable[Change], gone: Iterable[bytes], lsn: int, txids: list[int]) -> bool:
        """Append the difference between the rows and a new reading to the log, as one transaction.

        `changes` are rows that may differ, `gone` the keys of deleted rows. `lsn` is the position in the WAL.
        `txids` are the transactions that notified the server; deletions are logged with them, because a
        deleted row does not tell which transaction deleted it. Returns whether anything differed.
        """
        drafts: list[tuple[str, Row, Row | None, list[int]]] = []
        for key in gone:
            drafts.append(("delete", self.rows.pop(key), None, txids))
        for change in changes:
            old = self.rows.get(change.key)
            if old != change.row:
                self.rows[change.key] = change.row
                drafts.append(("insert" if old is None else "update", change.row, old, [change.txid]))
        if not drafts:
            return False
        self.lsn = max(self.lsn + 1, lsn)
        for number, (operation, row, old, writers) in enumerate(drafts):
            headers = self._headers(operation, number, writers, number == len(drafts) - 1)
            self._append((self.lsn, 2 * number), self._message(operation, row, old, headers))
        self._drop_oldest()
        self.announce()
        return True

    def announce(self) -> None:
        """Wake everything that waits for `changed`."""
        done, self.changed = self.changed, asyncio.get_running_loop().create_future()
        done.set_result(None)

    def drop(self) -> None:
        """Mark the shape as dropped and wake its followers, which have to start again."""
        self.is_dropped = True
        self.announce()

    @property
    def end(self) -> Position:
        """The position of the newest message."""
        return self._positions[-1] if self._positions else max((0, math.inf), self._forgotten)

    def read(self, offset: str) -> Read:
        """The chunk of a snapshot, or the messages of the log, that follow an offset.

        Raises OffsetTooOld and OffsetBeyondEnd.
        """
        if offset == "-1":
            snapshot = self._current_snapshot()
            return Read([snapshot.chunks[0]], f"0_{snapshot.first}", False)
        high, _, low = offset.partition("_")
        if high == "0" and low != "inf":
            snapshot = next((s for s in self._snapshots if 0 <= int(low) - s.first < len(s.chunks)), None)
            if snapshot is None:
                raise OffsetTooOld if int(low) < self._snapshots[-1].first else OffsetBeyondEnd
            following = int(low) - snapshot.first + 1
            if following < len(snapshot.chunks):
                return Read([snapshot.chunks[following]], f"0_{int(low) + 1}", False)
            return self._after(snapshot.position)
        return self._after((int(high), math.inf if low == "inf" else int(low)))

    def now(self) -> str:
        """The offset of the log's end."""
        high, low = self.end
        return f"{high}_{'inf' if low == math.inf else int(low)}"

    def _after(self, position: Position) -> Read:
        if position < self._forgotten:
            raise OffsetTooOld
        if position > self.end:
            raise OffsetBeyondEnd
        start = stop = bisect.bisect_right(self._positions, position)
        size = 0
        while stop < len(self._messages) and size < CHUNK_BYTES:
            size += len(self._messages[stop])
            stop += 1
        high, low = self._positions[stop - 1] if stop > start else max(position, (0, math.inf))
        offset = f"{high}_{'inf' if low == math.inf else int(low)}"
        return Read(self._messages[start:stop], offset, stop == len(self._messages))

    def _current_snapshot(self) -> _Snapshot:
        newest = self._snapshots[-1]
        behind = self._size if newest.position <= self._forgotten else self._size_after(newest.position)
        if newest.position < self._forgotten or behind > max(newest.size, 64 * 1024):
            newest = self._snapshot(newest.first + len(newest.chunks), self.end)
            # The previous snapshot stays for clients that have read some of its chunks.
            self._snapshots = [self._snapshots[-1], newest]
        return newest

    def _size_after(self, position: Position) -> int:
        return sum(map(len, self._messages[bisect.bisect_right(self._positions, position) :]))

    def _snapshot(self, first: int, position: Position) -> _Snapshot:
        headers = f'{{"relation":{self._relation},"operation":"insert"}}'
        chunks: list[bytes] = []
        current: list[bytes] = []
        size = total = 0
        for row in () if self.is_changes_only else self.rows.values():
            message = self._message("insert", row, None, headers, is_snapshot=True)
            current.append(message)
            size += len(message)
            if size >= CHUNK_BYTES:
                chunks.append(b",".join(current))
                current, total, size = [], total + size, 0
        chunks.append(b",".join([*current, self._end]))
        return _Snapshot(first, chunks, position, total + size)

    def _append(self, position: Position, message: bytes) -> None:
        self._positions.append(position)
        self._messages.append(message)
        self._size += len(message)

    def _drop_oldest(self) -> None:
        if self._size <= self.tail_bytes:
            return
        count = 0
        # Down to three quarters, so that the list is not moved for every message.
        while count < len(self._messages) and self._size > self.tail_bytes * 3 // 4:
            self._size -= len(self._messages[count])
            count += 1
        self._forgotten = self._positions[count - 1]
        del self._positions[:count], self._messages[:count]

    def _headers(self, operation: str, number: int, txids: list[int], is_last: bool) -> str:
        last = '"last":true,' if is_last else ""
        return (
            f'{{{last}"relation":{self._relation},"operation":"{operation}","lsn":"{self.lsn}",'
            f'"op_position":{2 * number},"txids":{json.dumps(txids)}}}'
        )

    def _message(
        self, operation: str, row: Row, old: Row | None, headers: str, is_snapshot: bool = False
    ) -> bytes:
        wanted: Iterable[int] = range(len(row))
        differing = [i for i in wanted if old is not None and old[i] != row[i]]
        if operation == "update" and not self.is_full_replica:
            wanted = sorted({*self._key_columns, *differing})
        elif operation == "delete" and not self.is_full_replica:
            wanted = self._key_columns
        value = self._value(row, wanted, is_snapshot)
        text = f'{{"value":{value},"key":{json.dumps(self._key(row), ensure_ascii=False)},"headers":{headers}'
        if operation == "update" and self.is_full_replica and old is not None:
            text += f',"old_value":{self._value(old, differing, is_snapshot)}'
        return (text + "}").encode()

    def _value(self, row: Row, wanted: Iterable[int], is_snapshot: bool) -> str:
        value: dict[str, str | None] = {}
        for index in wanted:
            cell, column = row[index], self.columns[index]
            text = None if cell is None else cell.decode()
            # As Electric does: "true" in a snapshot (a cast), "t" in the log (the output function).
            value[column.name] = text[0] if text and column.is_bool and not is_snapshot else text
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def _key(self, row: Row) -> str:
        parts = [row[i] for i in self._key_columns]
        texts = ("_" if p is None else '"' + p.decode().replace("/", "//") + '"' for p in parts)
        return "/".join((self._key_start, *texts))
