"""The lineage page: shapes of a real shape server reach it through the hub, and it lists the steps."""

import asyncio
import json

import pytest

from scriptwriter.services.ideas import edits, keepers, verdicts
from scriptwriter.services.projects import catalog, memberships
from scriptwriter.services.runs import attempts
from scriptwriter.sync.hub import Hub
from scriptwriter.sync.views import LINEAGE as LINEAGE_VIEW
from scriptwriter.sync.views import ProjectLineage
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.room.origin_state import OriginState
from tests.support.batches import GROWING, ONE, begun, written
from tests.support.rooms import Room, make_room
from tests.support.tabs import LINEAGE, Tab, open_tab
from tests.support.waiting import LIMIT, eventually


def labels(tab: Tab) -> list[str]:
    """The labels of the steps that the page lists, in Chinese."""
    return [step["zh"] if isinstance(step, dict) else step.zh for step in tab.value(LineageState, "steps")]


async def lists(tab: Tab, *words: str) -> list[str]:
    """The labels, as soon as they contain all of `words`."""
    await tab.sees(LineageState, "steps", lambda steps: steps and {*words} <= {*labels(tab)})
    return labels(tab)


def _has_complete_act(value: ProjectLineage) -> bool:
    """Whether a person's act has arrived together with its input and output."""
    acts = [node for node in value.lineage.nodes if node.kind == "human"]
    return any(node.type and node.made and value.lineage.before(node.id) for node in acts)


async def test_flow_and_lineage_of_a_project_can_be_followed_together(hub: Hub, room: Room) -> None:
    """The lineage's shapes close with its last follower, and the flow continues."""
    [first, *_] = await written(room)
    async with hub.follow(room.project_id) as flows:
        assert len((await anext(flows)).batches) == 1
        async with hub.follow_view(room.project_id, LINEAGE_VIEW) as lineages, asyncio.timeout(LIMIT):
            assert len((await anext(lineages)).lineage.nodes) == 3
            assert hub.open_projects == 1

            await verdicts.pick(room.project_id, first, "keep", room.owner)

            value = await anext(lineages)
            while not _has_complete_act(value):
                value = await anext(lineages)
        assert value.roles["viewer"] == "viewer" and value.name == "一个项目"
        await verdicts.pick(room.project_id, first, "none", room.owner)
        async with asyncio.timeout(LIMIT):
            while (await anext(flows)).keepers:
                pass
    await eventually(lambda: hub.open_projects == 0)


async def test_a_lineage_holds_nothing_of_another_project(hub: Hub, room: Room) -> None:
    """Each of its shapes is limited to its project."""
    other = await make_room("other-")
    await written(other)

    async with hub.follow_view(room.project_id, LINEAGE_VIEW) as lineages, asyncio.timeout(LIMIT):
        assert (await anext(lineages)).lineage.nodes == ()


async def test_a_growing_draft_does_not_change_the_lineage(hub: Hub, room: Room) -> None:
    """The lineage consists of steps. Drafts arrive with the flow."""
    attempt = await begun(room)

    async with hub.follow_view(room.project_id, LINEAGE_VIEW) as lineages, asyncio.timeout(LIMIT):
        before = await anext(lineages)
        await attempts.save_draft(attempt, [ONE, GROWING])
        await catalog.change(room.project_id, room.owner, name="改了名")

        after = await anext(lineages)

    assert after.name == "改了名" and after.lineage == before.lineage


async def test_the_page_lists_all_steps_and_adds_new_ones_live(hub: Hub, room: Room) -> None:
    """Those from before it was opened, and those of colleagues afterwards."""
    [first, second, third] = await written(room)
    await edits.edit(room.project_id, first, "重生之后", "她又醒来了。", "", room.collaborator)

    async with open_tab(room.project_id, room.viewer, LINEAGE) as tab:
        opened = await lists(tab, "Collaborator 改写《重生之后》", "3 个创意")
        await verdicts.pick(room.project_id, second, "pass", room.owner, "formulaic")
        await verdicts.pick(room.project_id, third, "keep", room.owner)
        await keepers.move(room.project_id, second, third, room.owner)

        labels_then = await lists(tab, "Owner 留下《末日掌柜》", "Owner 排序")

        assert opened[0] == "抖音 · 穿越, 爽文"
        assert "Owner 不要《逆袭时刻》（太套路）" in labels_then
        await tab.sees(LineageState, "edges", lambda edges: len(edges) == 6)
        assert tab.value(ProjectState, "name") == "一个项目"


async def test_opening_a_step_shows_its_run_or_leads_to_its_idea(hub: Hub, room: Room) -> None:
    """An id that is no step of this project opens nothing."""
    [ref, *_] = await written(room)
    async with open_tab(room.project_id, room.viewer, LINEAGE) as tab:
        await lists(tab, "3 个创意")
        [run] = [step for step in tab.value(LineageState, "steps") if step.kind == "run"]

        await tab.send(LineageState.open, step_id=run.id)
        origin = await tab.sees(OriginState, "told", lambda told: told is not None and told.model != "")
        await tab.send(LineageState.open, step_id=ref.artifact_id)
        await tab.send(LineageState.open, step_id="../elsewhere")

        assert origin.model == "a-model"
        assert tab.redirects == [f"/projects/{room.project_id}/brainstorm#idea-{ref.artifact_id}-1"]


async def test_the_view_is_empty_until_the_person_chooses_one(hub: Hub, room: Room) -> None:
    """An unknown value chooses the graph."""
    async with open_tab(room.project_id, room.viewer, LINEAGE) as tab:
        await tab.sees(LineageState, "access", lambda access: access == "open")
        views = [tab.value(LineageState, "view")]
        for view in ("list", "nonsense", "list"):
            await tab.send(LineageState.choose, view=view)
            views.append(tab.value(LineageState, "view"))

    assert views == ["", "list", "graph", "list"]


@pytest.mark.parametrize("person", ["stranger", None])
async def test_people_who_are_not_members_receive_no_lineage(
    hub: Hub, room: Room, person: str | None
) -> None:
    """No row is sent, and no shape is opened."""
    await written(room)

    async with open_tab(room.project_id, person, LINEAGE) as tab:
        await tab.sees(LineageState, "access", lambda access: access == "denied")

        assert ONE.title not in json.dumps(tab.updates, default=str, ensure_ascii=False)
        assert hub.open_projects == 0


@pytest.mark.parametrize("how", ["removed", "deleted"])
async def test_losing_access_removes_the_lineage_from_the_page(hub: Hub, room: Room, how: str) -> None:
    """The page says whether the person was removed or the project deleted."""
    await written(room)
    async with open_tab(room.project_id, room.viewer, LINEAGE) as tab:
        await lists(tab, "3 个创意")

        if how == "removed":
            await memberships.remove(room.project_id, room.viewer, room.owner)
        else:
            await catalog.delete(room.project_id, room.owner)

        await tab.sees(LineageState, "access", lambda access: access == how)
        assert tab.value(LineageState, "steps") == []
        assert tab.value(LineageState, "notice").zh
