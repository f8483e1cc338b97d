"""The shapes that exist, by handle and by definition, and which of them a notification concerns."""

import asyncio
import json
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from .shape_log import ShapeLog
from .shape_request import Definition
from .shape_tables import Table

Key = tuple[object, ...]


@dataclass(eq=False)
class Shape:
    """One shape: its log, the query that reads it, and what is known about changes since the last reading.

    `only` is (column, value) when the where clause is `column = value`, else None. `announced` holds the
    transactions notified since the last reading; `horizon` is the oldest transaction that was unfinished
    then.
    """

    handle: str
    key: Key
    table: Table
    log: ShapeLog
    sql: str
    params: tuple[str, ...]
    only: tuple[str, str] | None
    definitions: set[Definition] = field(default_factory=set)
    horizon: str | None = None
    announced: set[int] = field(default_factory=set)
    is_ready: bool = False
    is_stale: bool = False
    reading: asyncio.Task[None] | None = None
    used_at: float = field(default_factory=time.monotonic)

    @property
    def electric_schema(self) -> str:
        """The value of the electric-schema header."""
        kinds = {column.name: column.kind for column in self.log.columns}
        return json.dumps(kinds, separators=(",", ":"))


class ShapeIndex:
    """The shapes by handle, by definition, and by the table and value that a notification names."""

    def __init__(self) -> None:
        self.by_handle: dict[str, Shape] = {}
        self._by_key: dict[Key, Shape] = {}
        self._by_table: dict[int, set[Shape]] = {}
        self._by_value: dict[int, dict[str, dict[str, set[Shape]]]] = {}  # oid, column, value

    def add(self, shape: Shape) -> None:
        """Add a shape."""
        self.by_handle[shape.handle] = self._by_key[shape.key] = shape
        for oid, _ in shape.table.family:
            self._concerned_alike(oid, shape.only).add(shape)

    def remove(self, shape: Shape) -> None:
        """Forget a shape."""
        self.by_handle.pop(shape.handle, None)
        self.replace(shape)
        for oid, _ in shape.table.family:
            shapes = self._concerned_alike(oid, shape.only)
            shapes.discard(shape)
            if shape.only and not shapes:
                column, value = shape.only
                del self._by_value[oid][column][value]

    def replace(self, shape: Shape) -> None:
        """Make `with_key` no longer return this shape. Requests that name its handle still find it."""
        if self._by_key.get(shape.key) is shape:
            del self._by_key[shape.key]

    def with_key(self, key: Key) -> Shape | None:
        """The shape for new clients whose definition has this key, or None."""
        return self._by_key.get(key)

    def of_table(self, schema: str, name: str) -> list[Shape]:
        """The shapes of the table that had this name."""
        return [s for s in self.by_handle.values() if (s.table.schema, s.table.name) == (schema, name)]

    def concerned(self, oid: int, values: Mapping[str, list[str]]) -> Set[Shape]:
        """The shapes whose rows a statement may have changed.

        `oid` is the table that the statement named; `values` holds those it touched, by column. A shape of a
        column that is not in `values` may be concerned.
        """
        found = set(self._by_table.get(oid, ()))
        for column, shapes in self._by_value.get(oid, {}).items():
            found.update(*(shapes.get(value, ()) for value in values.get(column, shapes)))
        return found

    def _concerned_alike(self, oid: int, only: tuple[str, str] | None) -> set[Shape]:
        if only is None:
            return self._by_table.setdefault(oid, set())
        column, value = only
        return self._by_value.setdefault(oid, {}).setdefault(column, {}).setdefault(value, set())
