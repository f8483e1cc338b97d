"""The query that describes a table, the parser of its result, and the columns that a shape may have.

Runs no query itself.
"""

import json
from dataclasses import dataclass
from typing import Any

from .shape_log import Column
from .shape_request import BadRequest

# The value changes when a column is added, dropped, renamed or retyped, and when the table is recreated.
FINGERPRINT = """SELECT md5(string_agg(
    concat_ws(' ', attrelid, attnum, attname, atttypid, atttypmod, attnotnull), ',' ORDER BY attnum))
    FROM pg_attribute WHERE attrelid = {oid} AND attnum > 0 AND NOT attisdropped"""

# Returns one JSON document, or no row if there is no such relation. `family` has the partitions and parents
# whose statements also change this table's rows, each with the arguments of its trigger (notify.sql) or null.
DESCRIBE = f"""
WITH RECURSIVE target AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2
), up(oid) AS (
    SELECT oid FROM target UNION SELECT inhparent FROM pg_inherits JOIN up ON inhrelid = up.oid
), down(oid) AS (
    SELECT oid FROM target UNION SELECT inhrelid FROM pg_inherits JOIN down ON inhparent = down.oid
)
SELECT json_build_object(
    'oid', c.oid::bigint, 'kind', c.relkind, 'persistence', c.relpersistence,
    'is_catalog', n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast'),
    'fingerprint', ({FINGERPRINT.format(oid="c.oid")}),
    'family', (SELECT json_agg(json_build_array(f.oid::bigint, (
        SELECT encode(tgargs, 'hex') FROM pg_trigger
        WHERE tgrelid = f.oid AND tgname = 'shape_server_truncate')))
        FROM (SELECT oid FROM up UNION SELECT oid FROM down) f),
    'columns', (SELECT json_agg(json_build_object(
        'name', a.attname, 'type', coalesce(e.typname, t.typname),
        'dims', CASE WHEN e.oid IS NULL THEN 0 ELSE greatest(a.attndims, 1) END, 'mod', a.atttypmod,
        'not_null', a.attnotnull, 'generated', a.attgenerated <> '',
        'pk', array_position(i.indkey::int2[], a.attnum)) ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
        LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
)::text FROM target JOIN pg_class c ON c.oid = target.oid JOIN pg_namespace n ON n.oid = c.relnamespace
"""


@dataclass(frozen=True)
class Table:
    """A table as the catalog describes it.

    `types` has the type of each column that is not an array. `family` has the oids of the table, its
    partitions and its parents, each with the columns whose values its trigger sends (None: no trigger).
    `refusal` is Electric's message if the table cannot be a shape, else "".
    """

    schema: str
    name: str
    oid: int
    fingerprint: str
    columns: tuple[Column, ...]
    generated: frozenset[str]
    types: dict[str, str]
    family: tuple[tuple[int, tuple[str, ...] | None], ...]
    refusal: str

    @property
    def sql(self) -> str:
        """The quoted name, with its schema."""
        return f"{quote(self.schema)}.{quote(self.name)}"


def quote(name: str) -> str:
    """Quote the name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def read_table_description(schema: str, name: str, document: str | None) -> Table:
    """Parse the JSON that the query DESCRIBE returned (None: no such relation).

    Raises BadRequest, with Electric's message, if it is not a table (recording 09).
    """
    described = json.loads(document) if document else None
    if described is None or described["kind"] not in ("r", "p"):
        raise BadRequest(
            "table",
            f"Table {quote(schema)}.{quote(name)} does not exist. If the table name contains capitals or "
            "special characters you must quote it.",
        )
    described_columns = described["columns"] or []
    columns = tuple(
        Column(c["name"], _kind(c), c["type"] == "bool" and not c["dims"], c["pk"]) for c in described_columns
    )
    refused = described["is_catalog"] or described["persistence"] != "p"
    refusal = f'Unexpected error while creating snapshot: cannot add relation "{name}" to publication'
    return Table(
        schema,
        name,
        described["oid"],
        described["fingerprint"] or "",
        columns,
        frozenset(c["name"] for c in described_columns if c["generated"]),
        {c["name"]: c["type"] for c in described_columns if not c["dims"]},
        tuple((oid, _trigger_arguments(arguments)) for oid, arguments in described["family"]),
        refusal if refused else "",
    )


def choose_columns(table: Table, wanted: list[str]) -> tuple[Column, ...]:
    """The columns of a shape, in the table's order.

    `wanted` holds the names asked for; an empty list means all. Raises BadRequest (recordings 04, 07, 09).
    """
    names = {column.name for column in table.columns}
    if unknown := [name for name in wanted if name not in names]:
        raise BadRequest("columns", f"The following columns are not found on the table: {', '.join(unknown)}")
    keys = [c.name for c in table.columns if c.pk_index is not None] or [c.name for c in table.columns]
    if wanted and (missing := [name for name in keys if name not in wanted]):
        reason = f"The list of columns must include all primary key columns, missing: {', '.join(missing)}"
        raise BadRequest("columns", reason)
    chosen = tuple(column for column in table.columns if not wanted or column.name in wanted)
    if generated := [column.name for column in chosen if column.name in table.generated]:
        raise BadRequest(
            "columns",
            "The following columns are generated and cannot be included in the shape: "
            f"{', '.join(generated)}. You can exclude them from the shape by explicitly listing which "
            "columns to fetch in the 'columns' query param",
        )
    return chosen


def _trigger_arguments(arguments: str | None) -> tuple[str, ...] | None:
    # In pg_trigger every argument ends with a zero byte.
    return None if arguments is None else tuple(bytes.fromhex(arguments).decode().split("\0")[:-1])


def _kind(column: dict[str, Any]) -> dict[str, object]:
    kind: dict[str, object] = {"type": column["type"]}
    mod = column["mod"]
    if column["dims"]:
        kind["dims"] = column["dims"]
    if mod >= 0 and column["type"] in ("varchar", "bpchar"):
        kind["max_length" if column["type"] == "varchar" else "length"] = mod - 4
    if mod >= 0 and column["type"] in ("bit", "varbit"):
        kind["length"] = mod
    if mod >= 0 and column["type"] == "numeric":
        kind |= {"precision": (mod - 4) >> 16 & 0xFFFF, "scale": (mod - 4) & 0xFFFF}
    if column["not_null"]:
        kind["not_null"] = True
    if column["pk"] is not None:
        kind["pk_index"] = column["pk"]
    return kind
