"""Owns which shapes exist and which of them a notification concerns; knows no database and no HTTP."""

import asyncio
import json
import time
from collections.abc import Set
from dataclasses import dataclass, field
from typing import TypeVar

from .shape_log import ShapeLog
from .shape_request import Definition
from .shape_tables import Table

Key = tuple[object, ...]
_K = TypeVar("_K")


@dataclass(eq=False)
class Shape:
    """One shape: its log, how it is read, and what is known about its freshness.

    `project` confines it to the rows of one project; None when its clause is any other. `announced` are the
    transactions notified since the last reading, `horizon` is what the next reading starts from.
    """

    handle: str
    key: Key
    table: Table
    log: ShapeLog
    sql: str
    params: tuple[str, ...]
    project: str | None
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
    """The shapes by handle, by definition, and by what a notification names."""

    def __init__(self) -> None:
        self.by_handle: dict[str, Shape] = {}
        self._by_key: dict[Key, Shape] = {}
        self._by_table: dict[int, set[Shape]] = {}
        self._by_project: dict[tuple[int, str], set[Shape]] = {}

    def add(self, shape: Shape) -> None:
        """Let a shape be found, and be concerned by notifications."""
        self.by_handle[shape.handle] = self._by_key[shape.key] = shape
        for oid, _ in shape.table.family:
            if shape.project is None:
                self._by_table.setdefault(oid, set()).add(shape)
            else:
                self._by_project.setdefault((oid, shape.project), set()).add(shape)

    def remove(self, shape: Shape) -> None:
        """Forget a shape."""
        self.by_handle.pop(shape.handle, None)
        self.replace(shape)
        for oid, _ in shape.table.family:
            if shape.project is None:
                _discard(self._by_table, oid, shape)
            else:
                _discard(self._by_project, (oid, shape.project), shape)

    def replace(self, shape: Shape) -> None:
        """Let the next newcomer have a shape under a new handle; who follows this one may go on."""
        if self._by_key.get(shape.key) is shape:
            del self._by_key[shape.key]

    def with_key(self, key: Key) -> Shape | None:
        """The shape that newcomers with this definition get."""
        return self._by_key.get(key)

    def of_table(self, schema: str, name: str) -> list[Shape]:
        """The shapes of the table that had this name."""
        return [s for s in self.by_handle.values() if (s.table.schema, s.table.name) == (schema, name)]

    def concerned(self, oid: int, projects: list[str] | None) -> Set[Shape]:
        """The shapes whose rows may have changed.

        In: the table that a statement named, and the projects it touched; None when these are not known.
        """
        unconfined = self._by_table.get(oid, set())
        if projects is None:
            return unconfined.union(*(shapes for (of, _), shapes in self._by_project.items() if of == oid))
        return unconfined.union(*(self._by_project.get((oid, project), ()) for project in projects))


def _discard(index: dict[_K, set[Shape]], key: _K, shape: Shape) -> None:
    shapes = index.get(key, set())
    shapes.discard(shape)
    if not shapes:
        index.pop(key, None)
