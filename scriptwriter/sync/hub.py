"""Hub: one subscription per shape in this process, and one join per view that somebody follows.

    Shape, one per definition → view, one per project (or person) and kind → followers, one per tab

All views of a project share its shapes. A slow follower gets only the newest value. A view without followers
is kept for `linger` seconds; a shape is closed with the last view that uses it. The hub does not check
access: its callers call a service for that first.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from scriptwriter.electric import Shape, ShapeError, ShapeStream
from scriptwriter.operations import process_pool
from scriptwriter.operations.observability import FOLLOWERS, OPEN_PROJECTS, SHAPE_LAG
from scriptwriter.sync.close_ideas import CloseIdeaSearch
from scriptwriter.sync.project_flow import ProjectFlow
from scriptwriter.sync.shape_rows import Row
from scriptwriter.sync.views import FLOW, ColumnReader, ShapeDefinition, Syncing, Value, View

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Value)
LINGER_SECONDS = 30.0
"""How long a view is kept without followers: a reload, or the way to another page and back."""
RESTART_SECONDS = 2.0
"""Pause after a shape ended with an error, or a join failed."""
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Hub:
    """Follows projects on the Electric server at `url`; `async with` opens it, leaving closes everything."""

    def __init__(
        self,
        url: str,
        secret: str | None = None,
        *,
        live_sse: bool = True,
        linger: float = LINGER_SECONDS,
    ) -> None:
        self.server = url.rstrip("/")
        self.secret = secret
        self._live_sse = live_sse
        self._linger = linger
        self._shapes: dict[ShapeDefinition, _SharedShape] = {}
        self._views: dict[tuple[str, str], _FollowedView[Any]] = {}
        self.comparing = asyncio.Lock()
        """Held while the ideas of one project are compared."""

    async def __aenter__(self) -> "Hub":
        return self

    async def __aexit__(self, *_: object) -> None:
        OPEN_PROJECTS.dec(self.open_projects)
        views = [*self._views.values()]
        self._views.clear()
        for view in views:
            await view.close()

    def follow(self, project_id: str) -> AbstractAsyncContextManager[AsyncIterator[ProjectFlow]]:
        """Follow what the room of a project shows: `follow_view` with FLOW."""
        return self.follow_view(project_id, FLOW)

    @asynccontextmanager
    async def follow_view(self, subject_id: str, view: View[T]) -> AsyncIterator[AsyncIterator[T]]:
        """Iterate over the values of a view: now, and after every change.

        `subject_id` is the id of a project, or of a person where the view says so. The first value comes
        when all shapes are complete; a slow follower skips to the newest one. The caller has checked that
        the person may read it.
        """
        followed: _FollowedView[T] | None = self._views.get((subject_id, view.name))
        if followed is None:
            before = self.open_projects
            followed = _FollowedView(self, subject_id, view)
            self._views[followed.key] = followed
            OPEN_PROJECTS.inc(self.open_projects - before)
        follower = followed.add_follower()
        try:
            yield followed.values(follower)
        finally:
            followed.remove_follower(follower)

    @property
    def open_projects(self) -> int:
        """The number of projects of which a view is followed, or was within the last `linger` seconds."""
        return len({each.subject_id for each in self._views.values() if each.view.of_project})

    @property
    def open_shapes(self) -> tuple[str, ...]:
        """The table of each shape that is open, once for each shape."""
        return tuple(definition.table for definition in self._shapes)

    def stream(self, definition: ShapeDefinition, *, past_caches: bool = False) -> ShapeStream:
        """A new stream of a shape from this hub's server; `past_caches` is as in ShapeStream."""
        return ShapeStream(
            f"{self.server}/v1/shape",
            table=definition.table,
            where=definition.where,
            params=[definition.subject_id],
            columns=definition.columns,
            secret=self.secret,
            live_sse=self._live_sse,
            past_caches=past_caches,
        )

    def use_shape(self, definition: ShapeDefinition, changed: asyncio.Event) -> "_SharedShape":
        """The shape of this definition, opened if nobody uses it yet; it sets `changed` at every change."""
        shape = self._shapes.get(definition)
        if shape is None:
            shape = self._shapes[definition] = _SharedShape(self, definition)
        shape.users.add(changed)
        return shape

    async def release_shape(self, shape: "_SharedShape", changed: asyncio.Event) -> None:
        """Undo `use_shape`; the last user closes the shape."""
        shape.users.discard(changed)
        if not shape.users and self._shapes.get(shape.definition) is shape:
            del self._shapes[shape.definition]
            await shape.close()

    async def close_when_idle(self, followed: "_FollowedView[Any]") -> None:
        """Close a view that nobody has followed for `linger` seconds."""
        await asyncio.sleep(self._linger)
        if not followed.followers and self._views.get(followed.key) is followed:
            before = self.open_projects
            del self._views[followed.key]
            OPEN_PROJECTS.dec(before - self.open_projects)
            await followed.close()


class _SharedShape:
    """One shape, followed once for all views that read it.

    `complete` is true from the first complete snapshot on. If the shape ends with an error, its rows stay
    until a new one is complete; `live` is false meanwhile.
    """

    def __init__(self, hub: Hub, definition: ShapeDefinition) -> None:
        self.definition = definition
        self.users: set[asyncio.Event] = set()
        self.rows: Mapping[str, Row] = MappingProxyType({})
        self.complete = False
        self.live = False
        self._hub = hub
        self._snapshot: tuple[Row, ...] | None = None
        self._task = asyncio.create_task(self._run(), name=f"{definition.table} of {definition.subject_id}")

    @property
    def snapshot(self) -> tuple[Row, ...]:
        """The current rows. An update replaces the row object and never mutates it."""
        if self._snapshot is None:
            self._snapshot = tuple(self.rows.values())
        return self._snapshot

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception as error:
                # The shape has logged already what the server answered.
                cause = None if isinstance(error, ShapeError) else error
                log.error(
                    "following %s of %s failed; trying again",
                    self.definition.table,
                    self.definition.subject_id,
                    exc_info=cause,
                )
            await asyncio.sleep(RESTART_SECONDS)

    async def _follow(self) -> None:
        """Run one Shape until it ends with an error, which is raised."""
        ended = asyncio.Event()
        was_live = False

        def on_change() -> None:
            nonlocal was_live
            self.live = shape.status.name == "live"
            was_live = was_live or self.live
            if was_live:
                self.complete, self.rows, self._snapshot = True, shape.rows, None
            if shape.error is not None:
                ended.set()
            for changed in self.users:
                changed.set()

        shape = Shape(self._hub.stream(self.definition, past_caches=self.complete), on_change=on_change)
        async with shape:
            await ended.wait()
        assert shape.error is not None
        raise shape.error


class _FollowedView(Generic[T]):
    """The newest value of a view for one project or person, joined once for all of its followers."""

    def __init__(self, hub: Hub, subject_id: str, view: View[T]) -> None:
        self.subject_id = subject_id
        self.view = view
        self.followers: set[asyncio.Event] = set()
        self._hub = hub
        self._value: T | None = None
        self._joined: tuple[object, ...] = ()
        self._newest: datetime | None = None
        self._idle: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._changed.set()
        self._close_ideas = CloseIdeaSearch(subject_id, hub.comparing, self._changed.set)
        self._readers = {table: ColumnReader(columns) for table, columns in view.reads.items()}
        self._shapes = {
            table: hub.use_shape(definition, self._changed)
            for table, definition in view.definitions(subject_id).items()
        }
        self._task = asyncio.create_task(self._run(), name=f"{view.name} of {subject_id}")

    @property
    def key(self) -> tuple[str, str]:
        """The key of this view in its hub."""
        return self.subject_id, self.view.name

    def add_follower(self) -> asyncio.Event:
        """Add a follower; returns an event that is set at each new value, and already if there is a value."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        follower = asyncio.Event()
        if self._value is not None:
            follower.set()
        self.followers.add(follower)
        FOLLOWERS.inc()
        return follower

    def remove_follower(self, follower: asyncio.Event) -> None:
        self.followers.discard(follower)
        FOLLOWERS.dec()
        if not self.followers and self._idle is None:
            self._idle = asyncio.create_task(self._hub.close_when_idle(self))

    async def values(self, follower: asyncio.Event) -> AsyncIterator[T]:
        while True:
            await follower.wait()
            follower.clear()
            assert self._value is not None
            yield self._value

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, self._close_ideas.close(), return_exceptions=True)
        for shape in self._shapes.values():
            await self._hub.release_shape(shape, self._changed)

    async def _run(self) -> None:
        """Publish a new value whenever a shape has changed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if not all(shape.complete for shape in self._shapes.values()):
                continue
            try:
                await self._publish()
            except Exception as error:
                log.error(
                    "the %s of %s failed; trying again", self.view.name, self.subject_id, exc_info=error
                )
                if self._value is not None:
                    self._set_value(replace(self._value, syncing="resyncing"))
                await asyncio.sleep(RESTART_SECONDS)
                self._changed.set()

    async def _publish(self) -> None:
        live = all(shape.live for shape in self._shapes.values())
        syncing: Syncing = "live" if live else "resyncing"
        rows = {table: self._rows(table, shape) for table, shape in self._shapes.items()}
        joined = (*rows.values(), syncing, self._close_ideas.found)
        if len(joined) == len(self._joined) and all(map(_is_same, joined, self._joined)):
            return
        value = await process_pool.in_thread_if_large(
            sum(map(len, rows.values())),
            self.view.join,
            self.subject_id,
            rows,
            syncing,
            self._close_ideas.found,
        )
        self._joined = joined
        if isinstance(value, ProjectFlow):
            self._close_ideas.update(value.batches)
        self._observe_delay(rows)
        self._set_value(value)

    def _rows(self, table: str, shape: _SharedShape) -> tuple[Row, ...]:
        reader = self._readers.get(table)
        return shape.snapshot if reader is None else reader.read(shape.rows)

    def _set_value(self, value: T) -> None:
        if value != self._value:
            self._value = value
            for follower in self.followers:
                follower.set()

    def _observe_delay(self, rows: Mapping[str, tuple[Row, ...]]) -> None:
        """Observe the delay of the newest change. The first rows are left out: they may be of any age."""
        written = [row["updated_at"] for table in self.view.dated for row in rows[table]]
        newest = max((moment for moment in written if isinstance(moment, datetime)), default=_BEGINNING)
        if self._newest is not None and newest > self._newest:
            SHAPE_LAG.observe(max((datetime.now(UTC) - newest).total_seconds(), 0.0))
        self._newest = newest


def _is_same(one: object, other: object) -> bool:
    return one is other


_current: Hub | None = None


def connect(hub: Hub) -> Hub:
    """Make `hub` the one of this process."""
    global _current
    _current = hub
    return hub


def hub() -> Hub:
    """The hub of this process. Raises RuntimeError before `connect`."""
    if _current is None:
        raise RuntimeError("no hub yet: connect(hub) comes first")
    return _current
