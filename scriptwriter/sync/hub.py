"""Owns one subscription of this process per view that is followed; fans its newest value out to followers.

It knows who follows only as a bell to ring, and asks nobody's rights: a service did that before.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from scriptwriter.electric import Shape, ShapeError, ShapeStream
from scriptwriter.operations import process_pool
from scriptwriter.operations.observability import FOLLOWERS, OPEN_PROJECTS, SHAPE_LAG
from scriptwriter.sync.close_ideas import Nearness
from scriptwriter.sync.project_flow import ProjectFlow
from scriptwriter.sync.views import FLOW, Value, View, clause

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Value)
LINGER_SECONDS = 30.0
RESTART_SECONDS = 2.0
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Hub:
    """Follows projects on the Electric server at `url`; `async with` opens it, leaving ends everything."""

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
        self._subscriptions: dict[tuple[str, str], _Subscription[Any]] = {}
        self.comparing = asyncio.Lock()
        """Held while the ideas of one project are compared."""

    async def __aenter__(self) -> "Hub":
        return self

    async def __aexit__(self, *_: object) -> None:
        for subscription in list(self._subscriptions.values()):
            await subscription.close()
        OPEN_PROJECTS.dec(self.open_projects)
        self._subscriptions.clear()

    def follow(self, project_id: str) -> AbstractAsyncContextManager[AsyncIterator[ProjectFlow]]:
        """The flow of a project, as `follow_view` tells."""
        return self.follow_view(project_id, FLOW)

    @asynccontextmanager
    async def follow_view(self, of: str, view: View[T]) -> AsyncIterator[AsyncIterator[T]]:
        """A view of the project or person with the id `of`, now and after every change.

        Who is slow gets the newest only. Nothing comes before the first complete snapshot. The caller has
        checked that the person may read it.
        """
        subscription: _Subscription[T] | None = self._subscriptions.get((of, view.name))
        if subscription is None:
            before = self.open_projects
            subscription = _Subscription(self, of, view)
            self._subscriptions[subscription.key] = subscription
            OPEN_PROJECTS.inc(self.open_projects - before)
        follower = subscription.join()
        try:
            yield subscription.values(follower)
        finally:
            subscription.leave(follower)

    @property
    def open_projects(self) -> int:
        """How many projects are followed now, those that linger included."""
        return len({each.of for each in self._subscriptions.values() if each.view.of_project})

    def shapes(self, of: str, view: View[Any], bell: asyncio.Event, *, past_caches: bool) -> dict[str, Shape]:
        """The shapes of a view by table, not yet running; each rings `bell` at a change."""
        return {
            table: Shape(
                ShapeStream(
                    f"{self.server}/v1/shape",
                    table=table,
                    where=clause(table, of_project=view.of_project),
                    params=[of],
                    columns=view.columns.get(table),
                    secret=self.secret,
                    live_sse=self._live_sse,
                    past_caches=past_caches,
                ),
                on_change=bell.set,
            )
            for table in view.tables
        }

    async def close_when_idle(self, subscription: "_Subscription[Any]") -> None:
        """End a subscription that nobody has followed for the time of lingering."""
        await asyncio.sleep(self._linger)
        if not subscription.followers and self._subscriptions.get(subscription.key) is subscription:
            before = self.open_projects
            del self._subscriptions[subscription.key]
            OPEN_PROJECTS.dec(before - self.open_projects)
            await subscription.close()


class _Subscription(Generic[T]):
    def __init__(self, hub: Hub, of: str, view: View[T]) -> None:
        self.of = of
        self.view = view
        self.followers: set[asyncio.Event] = set()
        self._hub = hub
        self._value: T | None = None
        self._newest: datetime | None = None
        self._idle: asyncio.Task[None] | None = None
        self._bell = asyncio.Event()
        self._nearness = Nearness(of, hub.comparing, self._bell.set)
        self._task = asyncio.create_task(self._run(), name=f"{view.name} of {of}")

    @property
    def key(self) -> tuple[str, str]:
        """By what its hub finds it."""
        return self.of, self.view.name

    def join(self) -> asyncio.Event:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        bell = asyncio.Event()
        if self._value is not None:
            bell.set()
        self.followers.add(bell)
        FOLLOWERS.inc()
        return bell

    def leave(self, follower: asyncio.Event) -> None:
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
        await asyncio.gather(self._task, self._nearness.close(), return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception as error:
                # The shape has said already what the server answered.
                cause = None if isinstance(error, ShapeError) else error
                log.error(
                    "following the %s of %s failed; trying again", self.view.name, self.of, exc_info=cause
                )
                if self._value is not None:
                    self._tell(replace(self._value, syncing="resyncing"))
            await asyncio.sleep(RESTART_SECONDS)

    async def _follow(self) -> None:
        """Run the shapes, and publish their join whenever one of them has changed."""
        bell = self._bell
        shapes = self._hub.shapes(self.of, self.view, bell, past_caches=self._value is not None)
        async with AsyncExitStack() as stack:
            for shape in shapes.values():
                await stack.enter_async_context(shape)
            for shape in shapes.values():
                await shape.ready()
            while True:
                bell.clear()
                for shape in shapes.values():
                    if shape.error is not None:
                        raise shape.error
                await self._publish(shapes)
                await bell.wait()

    async def _publish(self, shapes: dict[str, Shape]) -> None:
        live = all(shape.status.name == "live" for shape in shapes.values())
        # A shape replaces a row, and never changes it: a list of them is what they were at this moment.
        rows = {table: [*shape.rows.values()] for table, shape in shapes.items()}
        value = await process_pool.in_thread_if_large(
            sum(map(len, rows.values())),
            self.view.join,
            self.of,
            rows,
            "live" if live else "resyncing",
            self._nearness.found,
        )
        if isinstance(value, ProjectFlow):
            self._nearness.look(value.batches)
        self._measure(shapes)
        self._tell(value)

    def _tell(self, value: T) -> None:
        if value != self._value:
            self._value = value
            for follower in self.followers:
                follower.set()

    def _measure(self, shapes: dict[str, Shape]) -> None:
        """Note how long the newest change was on its way; the rows of a first snapshot tell nothing of it."""
        written = [row["updated_at"] for table in self.view.dated for row in shapes[table].rows.values()]
        newest = max((moment for moment in written if isinstance(moment, datetime)), default=_BEGINNING)
        if self._newest is not None and newest > self._newest:
            SHAPE_LAG.observe(max((datetime.now(UTC) - newest).total_seconds(), 0.0))
        self._newest = newest


_current: Hub | None = None


def connect(hub: Hub) -> Hub:
    """Make `hub` the one of this process."""
    global _current
    _current = hub
    return hub


def hub() -> Hub:
    """The hub of this process; RuntimeError before `connect`."""
    if _current is None:
        raise RuntimeError("no hub yet: connect(hub) comes first")
    return _current
