"""Owns how a shape's rows are read: the one statement, and what its result says. Runs nothing itself."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from psycopg.pq.abc import PGresult

from .shape_log import Change, Column
from .shape_tables import FINGERPRINT, Table, quote

_HEAD_CELLS = 4
# Of other types, char(n) and inet among them, a cast to text is not what Postgres prints.
_CAST_PRINTS = {
    "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "uuid", "json", "jsonb",
    "date", "time", "timetz", "timestamp", "timestamptz", "interval", "bytea",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """A shape as one snapshot of the database shows it.

    `changes` are the rows that may be new since the horizon given, `kept` the keys of all others;
    `horizon` is the one for the next reading, `snapshot` is Postgres' text of this one.
    """

    horizon: str
    lsn: int
    fingerprint: str
    snapshot: str
    changes: list[Change]
    kept: set[bytes]

    def gone(self, known: Collection[bytes]) -> list[bytes]:
        """Those of the known keys that are no longer there."""
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
    """The one statement that reads a shape again.

    In: the checked clause ('' for none) and how many parameters it has; one more parameter is the horizon:
    the oldest transaction that was unfinished at the last reading, or NULL to read everything.

    Out, by column: key, writing transaction, values. The first row has no key; its values are the new
    horizon, the WAL position, the table's fingerprint and the snapshot's end. A row that was written before
    the horizon, and so was in the last reading just as it is, carries its key only.

    Why that is exact: an UPDATE or a move into the shape makes a new row version, whose xmin is its writer.
    A version that the last snapshot did not see was written by a transaction that was then unfinished or
    not begun, hence not older than the horizon (a subtransaction's number is above its parent's). age()
    compares across the wrap-around of 2³². Where clauses cannot contain anything that changes by itself.
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
    """Take apart what `reading_sql` returned for a shape of so many columns."""
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
