"""Owns the last word on a where clause: Postgres plans it, and its refusal is told in Electric's words."""

from .shape_link import Link, QueryFailed
from .shape_request import BadRequest, Definition
from .shape_tables import Table
from .shape_where import Where, WhereRefused, check_where

# Types whose equality is equality of what is printed, so that a notified id can be looked up as text.
_INDEXABLE = {"text", "varchar", "uuid", "int2", "int4", "int8"}
_NAMES = {"integer": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool"}
_PARSER_PREFIX = 15  # Electric counts the place of a syntax error from its own `SELECT 1 WHERE `


async def checked_where(link: Link, definition: Definition, table: Table) -> Where | None:
    """The where clause of a definition, if it has one and the table can be asked it.

    Raises BadRequest, LinkLost.
    """
    if not definition.where.strip():
        return None
    try:
        where = check_where(definition.where, dict(definition.params), {c.name for c in table.columns})
    except WhereRefused as refused:
        raise BadRequest("where", str(refused)) from None
    await _let_postgres_check(link, where, table)
    return where


async def project_of(link: Link, where: Where | None, table: Table) -> str | None:
    """The project that the clause confines the shape to, as Postgres prints its id; None if it does not."""
    kind = table.types.get(table.project_column, "")
    if where is None or where.only_column != table.project_column or kind not in _INDEXABLE:
        return None
    result = await link.query(f"SELECT ($1::text)::{kind}::text", where.params)
    return (result.get_value(0, 0) or b"").decode()


async def _let_postgres_check(link: Link, where: Where, table: Table) -> None:
    """Have Postgres parse and plan the clause, with the parameters in their places.

    Raises BadRequest, its location counted in the clause as it was sent.
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
