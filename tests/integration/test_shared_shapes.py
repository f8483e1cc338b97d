"""How many shapes a process opens, and how several views share one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from scriptwriter.services.runs import attempts
from scriptwriter.sync import hub as process_hub
from scriptwriter.sync.hub import Hub
from scriptwriter.sync.views import LINEAGE as LINEAGE_VIEW
from scriptwriter.sync.views import MEMBERS as MEMBERS_VIEW
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.room.room_state import BrainstormState
from tests.support.batches import GROWING, ONE, begun
from tests.support.flows import first
from tests.support.rooms import Room
from tests.support.shape_proxy import ShapeProxy, answer
from tests.support.shape_servers import SECRET, shape_server
from tests.support.tabs import BRAINSTORM, LINEAGE, MEMBERS, open_tab
from tests.support.waiting import eventually

UNAUTHORIZED = answer(401, b'{"message": "Unauthorized"}')


@pytest.fixture
async def proxy(connected: str) -> AsyncIterator[ShapeProxy]:
    """A proxy in front of a shape server. It records the requests of this process."""
    async with shape_server(connected) as url, ShapeProxy(url) as proxy:
        yield proxy


@pytest.fixture
async def hub(proxy: ShapeProxy) -> AsyncIterator[Hub]:
    """The hub of this process, connected through the proxy."""
    async with Hub(proxy.url, SECRET, linger=0.2) as hub:
        yield process_hub.connect(hub)


def opened(proxy: ShapeProxy) -> list[str]:
    """The tables of the shapes that were opened, sorted."""
    return sorted(request.table for request in proxy.requests if request.is_first)


async def test_room_and_lineage_of_a_project_share_seven_shapes(
    hub: Hub, proxy: ShapeProxy, room: Room
) -> None:
    """Two people have both pages open. The members page adds only the shape of the invitations."""
    async with AsyncExitStack() as stack:
        for person in (room.owner, room.viewer):
            for route, state in ((BRAINSTORM, BrainstormState), (LINEAGE, LineageState)):
                tab = await stack.enter_async_context(open_tab(room.project_id, person, route))
                await tab.sees(state, "access", lambda access: access == "open")
        shared = opened(proxy)
        tab = await stack.enter_async_context(open_tab(room.project_id, room.owner, MEMBERS))
        await tab.sees(MembersState, "access", lambda access: access == "open")

    assert shared == [
        "artifacts",
        "presence",
        "projects",
        "projects_users",
        "transform_inputs",
        "transform_outputs",
        "transforms",
    ]
    assert opened(proxy) == sorted([*shared, "project_invitations"])


async def test_a_shape_stays_open_until_its_last_view_is_closed(
    hub: Hub, proxy: ShapeProxy, room: Room
) -> None:
    """After closing, the lineage opens only the shape that no other view has open."""
    async with hub.follow(room.project_id) as flows:
        await first(flows, lambda flow: True)
        async with hub.follow_view(room.project_id, LINEAGE_VIEW) as lineages:
            await first(lineages, lambda value: True)
        await eventually(lambda: "transform_inputs" not in hub.open_shapes)
        attempt = await begun(room)
        await attempts.save_draft(attempt, [ONE, GROWING])
        await first(flows, lambda flow: flow.batches and len(flow.batches[0].ideas) == 2)
        before = opened(proxy)

        async with hub.follow_view(room.project_id, LINEAGE_VIEW) as lineages:
            value = await first(lineages, lambda value: value.lineage.nodes)

        assert opened(proxy) == sorted([*before, "transform_inputs"])
        assert {node.kind for node in value.lineage.nodes} == {"artifact", "llm"}
    await eventually(lambda: not hub.open_shapes)


async def test_an_ended_shape_is_reopened_for_all_its_views(hub: Hub, proxy: ShapeProxy, room: Room) -> None:
    """Meanwhile both views keep their rows and are "resyncing". Other shapes are not affected."""
    async with (
        hub.follow(room.project_id) as flows,
        hub.follow_view(room.project_id, MEMBERS_VIEW) as members,
    ):
        await first(flows, lambda flow: flow.roles and flow.syncing == "live")
        await first(members, lambda value: value.roles and value.syncing == "live")
        proxy.answers = lambda request: UNAUTHORIZED if request.table == "projects_users" else None
        asked = len(proxy.requests)
        proxy.cut()

        old = await first(flows, lambda flow: flow.syncing == "resyncing")
        also_old = await first(members, lambda value: value.syncing == "resyncing")
        await eventually(lambda: any(request.is_first for request in proxy.requests[asked:]))
        proxy.answers = lambda request: None
        new = await first(flows, lambda flow: flow.syncing == "live")
        also_new = await first(members, lambda value: value.syncing == "live")

    assert old.roles == also_old.roles == new.roles == also_new.roles != {}
    assert {request.table for request in proxy.requests[asked:] if request.is_first} == {"projects_users"}
