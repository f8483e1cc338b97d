"""Who is in a project: a row for each open tab, that goes when the tab does."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from sqlalchemy import delete, update
from sqlmodel import col

from scriptwriter.domain.errors import UserError
from scriptwriter.electric import Shape
from scriptwriter.services.projects import open_tabs
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, User
from scriptwriter.sync.hub import Hub
from scriptwriter.sync.views import FLOW
from scriptwriter.worker import queue_worker
from tests.support.flows import following
from tests.support.rooms import Room
from tests.support.rows import rows
from tests.support.waiting import LIMIT, eventually

IDEA = "artifact-1#2"


def tabs(url: str) -> list[tuple[str, str, str, str]]:
    """The open tabs: each with its person, their name, and what they edit."""
    found = rows(url, "SELECT * FROM presence ORDER BY tab")
    return [(row["tab"], row["user_id"], row["name"], row["editing"]) for row in found]


def silent_for(url: str, tab: str, seconds: int) -> None:
    """As if the tab had given no sign of life for so long."""
    with psycopg.connect(url, autocommit=True) as connection:
        query = "UPDATE presence SET seen_at = now() - make_interval(secs => %s) WHERE tab = %s"
        connection.execute(query, [seconds, tab])


async def test_every_member_is_there_with_each_tab(connected: str, room: Room) -> None:
    """Viewers too; two tabs of a person are two rows."""
    await open_tabs.renew(room.project_id, "t1", room.owner)
    await open_tabs.renew(room.project_id, "t2", room.owner, IDEA)
    await open_tabs.renew(room.project_id, "t3", room.viewer)

    assert tabs(connected) == [
        ("t1", "owner", "Owner", ""),
        ("t2", "owner", "Owner", IDEA),
        ("t3", "viewer", "Viewer", ""),
    ]


async def test_a_renewal_says_anew_what_is_true_now(connected: str, room: Room) -> None:
    """What is edited, the name, and when it was seen."""
    await open_tabs.renew(room.project_id, "t1", room.owner, IDEA)
    silent_for(connected, "t1", 60)
    async with transaction() as session:
        await session.exec(update(User).where(col(User.id) == room.owner).values(display_name="老王"))

    await open_tabs.renew(room.project_id, "t1", room.owner)

    assert tabs(connected) == [("t1", "owner", "老王", "")]
    assert await open_tabs.forget_silent() == 0


async def test_a_tab_that_leaves_is_gone_and_one_that_was_forgotten_comes_back(
    connected: str, room: Room
) -> None:
    """A laptop that was closed for a while: its next renewal is an arrival."""
    for tab in ("t1", "t2"):
        await open_tabs.renew(room.project_id, tab, room.owner)
    silent_for(connected, "t2", 46)

    await open_tabs.leave("t1")
    await open_tabs.leave("t1")
    assert await open_tabs.forget_silent() == 1
    assert tabs(connected) == []
    await open_tabs.renew(room.project_id, "t2", room.owner)

    assert [tab for tab, *_ in tabs(connected)] == ["t2"]


@pytest.mark.parametrize(
    ("who", "editing", "code"),
    [
        ("stranger", "", "project_not_found"),
        ("viewer", IDEA, "not_allowed"),
        ("owner", "no ref", "idea_not_found"),
    ],
)
async def test_who_may_not_be_there_is_not(
    connected: str, room: Room, who: str, editing: str, code: str
) -> None:
    """Nor does a viewer edit."""
    with pytest.raises(UserError, match=code):
        await open_tabs.renew(room.project_id, "t1", getattr(room, who), editing)

    assert tabs(connected) == []


async def test_a_member_who_was_removed_cannot_stay(connected: str, room: Room) -> None:
    """The next renewal is refused, and the row goes as a silent one."""
    await open_tabs.renew(room.project_id, "t1", room.collaborator)
    async with transaction() as session:
        await session.exec(delete(Membership).where(col(Membership.user_id) == room.collaborator))

    with pytest.raises(UserError, match="project_not_found"):
        await open_tabs.renew(room.project_id, "t1", room.collaborator)

    silent_for(connected, "t1", 46)
    assert await open_tabs.forget_silent() == 1


async def test_a_worker_removes_silent_tabs(
    connected: str, room: Room, begin: Callable[[Awaitable[None]], asyncio.Future[None]]
) -> None:
    """And only those."""
    for tab in ("silent", "open"):
        await open_tabs.renew(room.project_id, tab, room.owner)
    silent_for(connected, "silent", 46)

    begin(queue_worker.work())

    await eventually(lambda: [tab for tab, *_ in tabs(connected)] == ["open"])


class Bell(asyncio.Event):
    """Counts how often it was rung."""

    rung = 0

    def set(self) -> None:
        """Once more."""
        self.rung += 1
        super().set()


async def test_a_renewal_wakes_nobody(hub: Hub, connected: str, room: Room) -> None:
    """Not even the join: the shape of the open tabs does not have the moment of their last sign of life."""
    await open_tabs.renew(room.project_id, "t1", room.owner)
    bell = Bell()
    presence = hub.stream(FLOW.definitions(room.project_id)["presence"])
    async with Shape(presence, on_change=bell.set) as shape:
        await shape.ready()
        await eventually(lambda: shape.status.name == "live")
        before = bell.rung

        for _ in range(5):
            await open_tabs.renew(room.project_id, "t1", room.owner)
        await open_tabs.renew(room.project_id, "t1", room.owner, IDEA)
        async with asyncio.timeout(LIMIT):
            while [row["editing"] for row in shape.rows.values()] != [IDEA]:
                bell.clear()
                await bell.wait()

        assert bell.rung == before + 1


async def test_everybody_sees_who_comes_what_they_edit_and_who_goes(
    hub: Hub, connected: str, room: Room
) -> None:
    """One who goes without a word, too: no follower needs a clock for it."""
    async with following(hub, room.project_id) as follower:
        await open_tabs.renew(room.project_id, "t1", room.owner)
        await open_tabs.renew(room.project_id, "t2", room.owner, IDEA)
        await open_tabs.renew(room.project_id, "t3", room.viewer)
        flow = await follower.sees(lambda flow: len(flow.present) == 2)
        flow = await follower.sees(lambda flow: flow.present and flow.present[0].editing)
        assert [(each.name, str(each.editing or "")) for each in flow.present] == [
            ("Owner", IDEA),
            ("Viewer", ""),
        ]

        await open_tabs.leave("t2")
        await follower.sees(lambda flow: flow.present[0].editing is None)
        silent_for(connected, "t3", 46)
        await open_tabs.forget_silent()
        flow = await follower.sees(lambda flow: len(flow.present) == 1)

        assert flow.present[0].name == "Owner"
