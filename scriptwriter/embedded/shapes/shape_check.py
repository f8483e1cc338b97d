"""The last check of a where clause: Postgres plans it, and a refusal is put into Electric's words."""

from .shape_link import Link, QueryFailed
from .shape_request import BadRequest, Definition
from .shape_tables import Table
from .shape_where import Where, WhereRefused, check_where

# Two values of these types are equal exactly when their texts are, so a notified value is found by its text.
_INDEXABLE = {"text", "varchar", "uuid", "int2", "int4", "int8"}
_NAMES = {"integer": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool"}
_PARSER_PREFIX = 15  # Electric counts the place of a syntax error from its own `SELECT 1 WHERE `


async def checked_where(link: Link, definition: Definition, table: Table) -> Where | None:
    """The checked where clause of a definition, or None if it has none. Raises BadRequest, LinkLost."""
    if not definition.where.strip():
        return None
    try:
        where = check_where(definition.where, dict(definition.params), {c.name for c in table.columns})
    except WhereRefused as refused:
        raise BadRequest("where", str(refused)) from None
    await _let_postgres_check(link, where, table)
    return where


async def only_value(link: Link, where: Where | None, table: Table) -> tuple[str, str] | None:
    """Column and value of a clause `column = $1`, the value as Postgres prints it; None for other clauses."""
    column = where and where.only_column
    kind = table.types.get(column or "", "")
    if where is None or column is None or kind not in _INDEXABLE:
        return None
    result = await link.query(f"SELECT ($1::text)::{kind}::text", where.params)
    return column, (result.get_value(0, 0) or b"").decode()


async def _let_postgres_check(link: Link, where: Where, table: Table) -> None:
    """Have Postgres parse and plan the clause, with the parameters in their places.

    Raises BadRequest with the location in the clause as the client sent it.
    """
    prefix = f"EXPLAIN SELECT FROM {table.sql} WHERE "
    text, moved, shift = where.source, [], 0
    for at, length, number in where.param_places:
        literal = "'" + where.given[number].replace("'", "''") + "'"
        text = text[: at + shift] + literal + text[at + shift + length :]
        moved.append((at + shift, len(literal) - length))
        shift += len(literal) - length
    try:
        await link.once(prefix + text)
    except QueryFailed as error:
        place = error.position - 1 - len(prefix)
        place -= sum(extra for start, extra in moved if start < place)
        raise BadRequest("where", _electric_wording(error, place)) from error


def _electric_wording(error: QueryFailed, place: int) -> str:
    if error.sqlstate == "42601":
        return f"At location {place + _PARSER_PREFIX}: {error.message}"
    if error.sqlstate in ("42883", "42725"):
        return f"At location {place}: Could not select an operator overload"
    if error.sqlstate == "42804" and "argument of WHERE" in error.message:
        return "WHERE clause must return a boolean"
    if error.sqlstate.startswith("22") and ": " in error.message:
        kind, _, value = error.message.rpartition(" type ")[2].partition(": ")
        return f"At location {place}: invalid syntax for type {_NAMES.get(kind, kind)}: " + value.strip('"')
    return f"At location {place}: {error.message}" if place >= 0 else error.message
