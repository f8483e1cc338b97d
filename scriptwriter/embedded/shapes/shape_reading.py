"""The statement that reads a shape's rows, and what its result means. Runs no query itself."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from psycopg.pq.abc import PGresult

from .shape_log import Change, Column
from .shape_tables import FINGERPRINT, Table, quote

_HEAD_CELLS = 4
# For other types, char(n) and inet among them, a cast to text differs from the text output.
_CAST_PRINTS = {
    "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "uuid", "json", "jsonb",
    "date", "time", "timetz", "timestamp", "timestamptz", "interval", "bytea",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """The rows of a shape in one snapshot of the database.

    `changes` are the rows that may have changed since the given horizon, `kept` the keys of all others.
    `horizon` is for the next reading; `snapshot` is the text of this snapshot (pg_current_snapshot).
    """

    horizon: str
    lsn: int
    fingerprint: str
    snapshot: str
    changes: list[Change]
    kept: set[bytes]

    def gone(self, known: Collection[bytes]) -> list[bytes]:
        """The known keys that are not in this reading."""
        present = self.kept.union(change.key for change in self.changes)
        return [key for key in known if key not in present]

    @property
    def snapshot_end(self) -> bytes:
        """The message that ends a snapshot."""
        xmin, xmax, running = self.snapshot.split(":")
        xip_list = running.split(",") if running else []
        headers = {"control": "snapshot-end", "xip_list": xip_list, "xmax": xmax, "xmin": xmin}
        return json.dumps({"headers": headers}, separators=(",", ":")).encode()


def reading_sql(table: Table, columns: tuple[Column, ...], where: str, params: int) -> str:
    """The statement that reads a shape.

    `where` is the checked clause ('' for none), `params` the number of its parameters. One more parameter is
    the horizon: the oldest transaction that was unfinished at the last reading, or NULL to read every row.

    Columns of the result: key, writing transaction, values. The first row has no key; its values are the new
    horizon, the WAL position, the table's fingerprint and the snapshot. A row that was written before the
    horizon was in the last reading with the same values, so only its key is returned.

    Why this is exact: an UPDATE, also one that moves a row into the shape, makes a new row version, and xmin
    is the transaction that wrote it. A version that the last snapshot did not see was written by a
    transaction that was unfinished then, or began later. So it is not older than the horizon. (The id of a
    subtransaction is above that of its parent.) age() compares across the wrap-around of 2³². A where clause
    cannot contain an expression whose value changes without a write.
    """
    keys = [column for column in columns if column.pk_index is not None] or columns
    key_names = [_printed(column) for column in keys]
    key = key_names[0] if len(key_names) == 1 else f"ARRAY[{', '.join(key_names)}]::text"
    values = ", ".join(f"{_printed(column)} AS c{n}" for n, column in enumerate(columns))
    names = ", ".join(f"c{n}" for n in range(max(len(columns), _HEAD_CELLS)))
    padding = "".join(f", NULL::text AS c{n}" for n in range(len(columns), _HEAD_CELLS))
    horizon = f"${params + 1}"
    head = [
        "pg_snapshot_xmin(s)::text",
        "(pg_current_wal_lsn() - '0/0')::text",
        f"({FINGERPRINT.format(oid=table.oid)})",
        "s::text",
    ]
    head += ["NULL"] * (len(columns) - _HEAD_CELLS)
    return f"""SELECT NULL::text AS key, NULL::text AS txid, {", ".join(head)} FROM pg_current_snapshot() AS s
UNION ALL SELECT {key}, v.txid, {names} FROM {table.sql} AS t
LEFT JOIN LATERAL (SELECT t.xmin::text AS txid, {values}{padding}) AS v
ON coalesce(age(t.xmin) <= age({horizon}::text::xid), true) {f"WHERE {where}" if where else ""}"""


def read_result(result: PGresult, columns: int) -> Reading:
    """The result of `reading_sql` for a shape with that number of columns."""
    value, cells = result.get_value, range(2, 2 + columns)
    head: list[str] = []
    changes: list[Change] = []
    kept: set[bytes] = set()
    for n in range(result.ntuples):
        key = value(n, 0)
        if key is None:
            head = [(value(n, i) or b"").decode() for i in range(2, 2 + _HEAD_CELLS)]
        elif (txid := value(n, 1)) is None:
            kept.add(key)
        else:
            changes.append(Change(key, int(txid), tuple([value(n, i) for i in cells])))
    horizon, lsn, fingerprint, snapshot = head
    return Reading(horizon, int(lsn), fingerprint, snapshot, changes, kept)


def _printed(column: Column) -> str:
    name = f"t.{quote(column.name)}"
    if column.kind["type"] in _CAST_PRINTS or "dims" in column.kind:
        return f"{name}::text"
    return f"CASE WHEN {name} IS DISTINCT FROM NULL THEN concat({name}) END"
