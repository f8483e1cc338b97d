"""Presence: one row for each open tab, deleted when the tab closes or is silent for too long."""

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
    """The open tabs: tab, person, name, and the idea that is being edited."""
    found = rows(url, "SELECT * FROM presence ORDER BY tab")
    return [(row["tab"], row["user_id"], row["name"], row["editing"]) for row in found]


def set_silent_for(url: str, tab: str, seconds: int) -> None:
    """Set the last renewal of a tab to so many seconds ago."""
    with psycopg.connect(url, autocommit=True) as connection:
        query = "UPDATE presence SET seen_at = now() - make_interval(secs => %s) WHERE tab = %s"
        connection.execute(query, [seconds, tab])


async def test_each_tab_of_each_member_has_a_row(connected: str, room: Room) -> None:
    """Viewers have rows, too. Two tabs of one person are two rows."""
    await open_tabs.renew(room.project_id, "t1", room.owner)
    await open_tabs.renew(room.project_id, "t2", room.owner, IDEA)
    await open_tabs.renew(room.project_id, "t3", room.viewer)

    assert tabs(connected) == [
        ("t1", "owner", "Owner", ""),
        ("t2", "owner", "Owner", IDEA),
        ("t3", "viewer", "Viewer", ""),
    ]


async def test_a_renewal_updates_the_whole_row(connected: str, room: Room) -> None:
    """The edited idea, the name and the time."""
    await open_tabs.renew(room.project_id, "t1", room.owner, IDEA)
    set_silent_for(connected, "t1", 60)
    async with transaction() as session:
        await session.exec(update(User).where(col(User.id) == room.owner).values(display_name="老王"))

    await open_tabs.renew(room.project_id, "t1", room.owner)

    assert tabs(connected) == [("t1", "owner", "老王", "")]
    assert await open_tabs.forget_silent() == 0


async def test_a_closed_tab_is_removed_and_a_silent_one_can_return(connected: str, room: Room) -> None:
    """After a laptop was asleep, its next renewal adds the row again."""
    for tab in ("t1", "t2"):
        await open_tabs.renew(room.project_id, tab, room.owner)
    set_silent_for(connected, "t2", 46)

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
async def test_a_renewal_checks_access(connected: str, room: Room, who: str, editing: str, code: str) -> None:
    """A viewer cannot edit, and a stranger has no presence."""
    with pytest.raises(UserError, match=code):
        await open_tabs.renew(room.project_id, "t1", getattr(room, who), editing)

    assert tabs(connected) == []


async def test_the_presence_of_a_removed_member_ends(connected: str, room: Room) -> None:
    """The next renewal is refused, and the row is deleted as a silent one."""
    await open_tabs.renew(room.project_id, "t1", room.collaborator)
    async with transaction() as session:
        await session.exec(delete(Membership).where(col(Membership.user_id) == room.collaborator))

    with pytest.raises(UserError, match="project_not_found"):
        await open_tabs.renew(room.project_id, "t1", room.collaborator)

    set_silent_for(connected, "t1", 46)
    assert await open_tabs.forget_silent() == 1


async def test_a_worker_deletes_rows_of_silent_tabs(
    connected: str, room: Room, begin: Callable[[Awaitable[None]], asyncio.Future[None]]
) -> None:
    """Other rows stay."""
    for tab in ("silent", "open"):
        await open_tabs.renew(room.project_id, tab, room.owner)
    set_silent_for(connected, "silent", 46)

    begin(queue_worker.work())

    await eventually(lambda: [tab for tab, *_ in tabs(connected)] == ["open"])


class CountingEvent(asyncio.Event):
    """An event that counts how often it is set."""

    times_set = 0

    def set(self) -> None:
        """Count, and set."""
        self.times_set += 1
        super().set()


async def test_a_renewal_that_changes_nothing_reaches_no_follower(
    hub: Hub, connected: str, room: Room
) -> None:
    """The shape does not contain the time of the last renewal, so no row of it changes."""
    await open_tabs.renew(room.project_id, "t1", room.owner)
    changed = CountingEvent()
    presence = hub.stream(FLOW.definitions(room.project_id)["presence"])
    async with Shape(presence, on_change=changed.set) as shape:
        await shape.ready()
        await eventually(lambda: shape.status.name == "live")
        before = changed.times_set

        for _ in range(5):
            await open_tabs.renew(room.project_id, "t1", room.owner)
        await open_tabs.renew(room.project_id, "t1", room.owner, IDEA)
        async with asyncio.timeout(LIMIT):
            while [row["editing"] for row in shape.rows.values()] != [IDEA]:
                changed.clear()
                await changed.wait()

        assert changed.times_set == before + 1


async def test_followers_see_arrivals_edits_and_departures(hub: Hub, connected: str, room: Room) -> None:
    """A tab that was silent for too long departs, too. No follower needs a timer for it."""
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
        set_silent_for(connected, "t3", 46)
        await open_tabs.forget_silent()
        flow = await follower.sees(lambda flow: len(flow.present) == 1)

        assert flow.present[0].name == "Owner"
