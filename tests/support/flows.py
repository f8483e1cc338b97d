"""What a follower of a hub has received, and what the database holds for the same project."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from scriptwriter.domain.graph import to_json
from scriptwriter.sync.hub import Hub
from scriptwriter.sync.project_flow import ProjectFlow
from tests.support.rows import rows
from tests.support.waiting import LIMIT

T = TypeVar("T")


class Follower:
    """Every flow that the follower received, in order."""

    def __init__(self) -> None:
        self.seen: list[ProjectFlow] = []
        self._moved = asyncio.Event()

    @property
    def now(self) -> ProjectFlow:
        """The newest flow."""
        return self.seen[-1]

    async def sees(self, wanted: Callable[[ProjectFlow], object], limit: float = 2 * LIMIT) -> ProjectFlow:
        """Return the newest flow as soon as `wanted` holds for it; fail after `limit` seconds."""
        async with asyncio.timeout(limit):
            while not (self.seen and wanted(self.now)):
                self._moved.clear()
                await self._moved.wait()
        return self.now

    async def sees_the_database(self, url: str) -> None:
        """Wait until the flow is live and equal to what is committed."""
        await self.sees(lambda flow: flow.syncing == "live" and shown(flow) == stored(url, flow.project_id))

    async def keep(self, flows: AsyncIterator[ProjectFlow]) -> None:
        """Record every flow until cancelled."""
        async for flow in flows:
            self.seen.append(flow)
            self._moved.set()


@asynccontextmanager
async def following(hub: Hub, project_id: str) -> AsyncIterator[Follower]:
    """A follower of a project that has received its first flow."""
    follower = Follower()
    async with hub.follow(project_id) as flows:
        keeping = asyncio.create_task(follower.keep(flows))
        try:
            await follower.sees(lambda flow: True)
            yield follower
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


async def first(flows: AsyncIterator[T], wanted: Callable[[T], object]) -> T:
    """The first value for which `wanted` holds; fails after LIMIT seconds."""
    async with asyncio.timeout(LIMIT):
        async for flow in flows:
            if wanted(flow):
                return flow
    raise AssertionError("the flow ended")


def shown(flow: ProjectFlow) -> dict[str, Any]:
    """The content of a flow as plain values."""
    return {
        "project": (flow.name, flow.state),
        "roles": dict(flow.roles),
        "batches": [
            (
                batch.transform_id,
                batch.status,
                batch.progress,
                batch.error_message,
                to_json(batch.ideas),
            )
            for batch in flow.batches
        ],
    }


def stored(url: str, project_id: str) -> dict[str, Any]:
    """The same content, read from the view brainstorm_flows and the memberships."""
    batches = rows(url, "SELECT * FROM brainstorm_flows WHERE project_id = %s", project_id)
    members = rows(url, "SELECT user_id, role FROM projects_users WHERE project_id = %s", project_id)
    [project] = rows(url, "SELECT name, status FROM projects WHERE id = %s", project_id)
    return {
        "project": (project["name"], project["status"]),
        "roles": {row["user_id"]: row["role"] for row in members},
        "batches": [
            (
                row["transform_id"],
                row["transform_status"],
                float(row["progress_percentage"]),
                row["error_message"],
                row["artifact_partial_data"] or json.loads(row["artifact_data"]),
            )
            for row in batches
        ],
    }
