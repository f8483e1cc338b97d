"""The list of projects is live: changes reach each member's tab through a shape of that person's rows."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import psycopg
import pytest

from scriptwriter.domain.graph import Idea
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits
from scriptwriter.services.projects import catalog, memberships
from scriptwriter.services.runs import attempts, ending, starting
from scriptwriter.sync.hub import Hub
from scriptwriter.sync.views import NEWS
from scriptwriter.web.projects.projects_state import ProjectsState, ProjectView
from tests.support.batches import GROWING, ONE, TWO, begun
from tests.support.flows import first
from tests.support.rooms import BRIEF, Room, join
from tests.support.tabs import PROJECTS, Tab, open_tab
from tests.support.waiting import LIMIT


async def listed(stack: AsyncExitStack, room: Room, who: str) -> Tab:
    """A tab of `who` with the list of projects, which has loaded."""
    tab = await stack.enter_async_context(open_tab(room.project_id, who, PROJECTS))
    await tab.sees(ProjectsState, "loaded", lambda loaded: loaded is True)
    return tab


async def shows(tab: Tab, *wanted: tuple[str, str, int]) -> None:
    """Wait until the tab lists exactly these: name, phase, number of ideas."""

    def is_it(found: list[ProjectView] | None) -> bool:
        return found is not None and [(each.name, each.phase, each.ideas) for each in found] == list(wanted)

    await tab.sees(ProjectsState, "projects", is_it)


@contextmanager
def unchanged(url: str) -> Iterator[None]:
    """No row of project_news changes within this block."""
    query = "SELECT membership_id, changed_in FROM project_news ORDER BY 1"
    with psycopg.connect(url, autocommit=True) as connection:
        before = connection.execute(query).fetchall()
        assert before
        yield
        assert connection.execute(query).fetchall() == before


async def test_a_runs_progress_shows_in_the_lists_of_all_members(hub: Hub, room: Room) -> None:
    """Queued, writing, each finished idea, and the end. For viewers, too."""
    async with AsyncExitStack() as stack:
        tabs = [await listed(stack, room, who) for who in (room.owner, room.viewer)]

        async def all_show(phase: str, ideas: int) -> None:
            for tab in tabs:
                await shows(tab, ("一个项目", phase, ideas))

        await all_show("idle", 0)
        transform_id = await starting.start(room.project_id, BRIEF, room.owner)
        await all_show("queued", 0)
        attempt = await attempts.begin(transform_id)
        assert attempt is not None
        await all_show("writing", 0)
        await attempts.save_draft(attempt, [ONE, GROWING])
        await all_show("writing", 1)
        await attempts.save_draft(attempt, [ONE, TWO])
        await all_show("writing", 2)
        await ending.stop(room.project_id, transform_id, room.collaborator)
        await all_show("stopped", 2)


async def test_owners_changes_show_in_the_lists_of_all_members(hub: Hub, room: Room) -> None:
    """Renaming, archiving, deleting and restoring."""
    async with AsyncExitStack() as stack:
        tab = await listed(stack, room, room.viewer)
        here = ("旧稿", "idle", 0)

        await catalog.change(room.project_id, room.owner, name="旧稿")
        await shows(tab, here)
        await catalog.archive(room.project_id, room.owner)
        await shows(tab)
        await catalog.unarchive(room.project_id, room.owner)
        await shows(tab, here)
        await catalog.delete(room.project_id, room.owner)
        await shows(tab)
        await catalog.restore(room.project_id, room.owner)
        await shows(tab, here)


async def test_membership_changes_show_in_an_open_list(hub: Hub, room: Room) -> None:
    """A project appears for a new member, disappears for a removed one, and gets its menu for a new owner."""
    async with AsyncExitStack() as stack:
        guest, viewer = await listed(stack, room, room.stranger), await listed(stack, room, room.viewer)
        await shows(guest)

        await join(room.project_id, room.stranger, "viewer", room.owner)
        await shows(guest, ("一个项目", "idle", 0))
        await memberships.remove(room.project_id, room.stranger, room.owner)
        await shows(guest)
        assert not viewer.value(ProjectsState, "projects")[0].may_manage
        await memberships.change_role(room.project_id, room.viewer, "owner", room.owner)
        await viewer.sees(ProjectsState, "projects", lambda found: found[0].may_manage)


async def test_search_results_follow_changed_titles(hub: Hub, room: Room) -> None:
    """When a colleague renames an idea, its project appears among the results."""
    attempt = await begun(room)
    await attempts.save_draft(attempt, [ONE])
    async with AsyncExitStack() as stack:
        tab = await listed(stack, room, room.viewer)
        await tab.send(ProjectsState.look_for, words="逆袭")
        await shows(tab)

        await edits.edit(
            room.project_id, IdeaRef(attempt.artifact_id, 0), "逆袭之约", ONE.body, "", room.owner
        )

        await shows(tab, ("一个项目", "writing", 1))


async def test_a_person_receives_changes_of_their_own_projects_only(hub: Hub, room: Room) -> None:
    """A stranger's shape holds no row of this project, and a member's no row of others."""
    theirs = await catalog.create(room.stranger, "别人的项目")
    async with hub.follow_view(room.owner, NEWS) as mine, hub.follow_view(room.stranger, NEWS) as strangers:
        assert set((await anext(mine)).changed) == {room.project_id}
        assert set((await anext(strangers)).changed) == {theirs}
        await catalog.change(room.project_id, room.owner, name="新名字")
        second = await catalog.create(room.stranger, "再一个")

        assert set((await first(strangers, lambda news: second in news.changed)).changed) == {theirs, second}
        assert set((await anext(mine)).changed) == {room.project_id}
        assert hub.open_projects == 0


async def test_a_draft_without_a_newly_finished_idea_is_no_change_of_the_list(
    connected: str, room: Room
) -> None:
    """Otherwise ten drafts a second would make every member's list load ten times a second."""
    attempt = await begun(room)
    await attempts.save_draft(attempt, [ONE, GROWING])

    with unchanged(connected):
        await attempts.save_draft(attempt, [ONE, Idea(GROWING.title, GROWING.body + "她", "writing")])
    with pytest.raises(AssertionError), unchanged(connected):
        await attempts.save_draft(attempt, [ONE, TWO])


async def test_concurrent_changes_of_a_project_do_not_deadlock(connected: str, room: Room) -> None:
    """The trigger that updates project_news takes its locks at commit only."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    finishing = "UPDATE artifacts SET streaming_status = 'completed' WHERE id = (%s)"
    moving_on = "UPDATE transforms SET retry_count = retry_count + 1 WHERE id = %s"
    async with asyncio.timeout(LIMIT), AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(await psycopg.AsyncConnection.connect(connected)) for _ in "12"
        ]
        query = "SELECT id FROM artifacts WHERE type = 'brainstorm_ideas'"
        [[artifact_id]] = await (await one.execute(query)).fetchall()
        await one.execute(finishing.encode(), [artifact_id])
        await other.execute(moving_on, [transform_id])
        await other.execute("UPDATE projects SET name = 'neu'")

        waiting = asyncio.create_task(one.execute(moving_on, [transform_id]))
        await other.commit()
        await waiting
        await one.commit()

        names = await (await one.execute("SELECT name FROM projects")).fetchall()
    assert names == [("neu",)]
