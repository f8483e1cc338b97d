"""Roles, names and deletions in open tabs: what a person may no longer see disappears without a reload."""

import json
from contextlib import AsyncExitStack
from typing import Any

import pytest

from scriptwriter.domain.graph import Idea
from scriptwriter.services.projects import catalog, invitations, memberships
from scriptwriter.services.runs import attempts, starting
from scriptwriter.sync.hub import Hub
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.projects.management_state import ManagingState
from scriptwriter.web.projects.projects_state import ProjectsState
from scriptwriter.web.room.room_state import BrainstormState
from tests.support.rooms import BRIEF, Room
from tests.support.rows import transform_of
from tests.support.tabs import BRAINSTORM, LINEAGE, MEMBERS, PROJECTS, Tab, open_tab
from tests.support.waiting import eventually

ONE, TWO = Idea("开锁匠", "入赘五年的锁匠。"), Idea("地下三层", "保洁员何满。")
PAGES: dict[str, Any] = {BRAINSTORM: BrainstormState, MEMBERS: MembersState}


async def begun(room: Room) -> attempts.Attempt:
    """An attempt that has finished one idea."""
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE])
    return attempt


async def opened(stack: AsyncExitStack, room: Room, person: str, page: str) -> Tab:
    """A tab on which the page is open."""
    tab = await stack.enter_async_context(open_tab(room.project_id, person, page))
    await tab.sees(PAGES[page], "access", lambda access: access == "open")
    return tab


def held(tab: Tab) -> str:
    """All values that the browser has, as one text."""
    return json.dumps(tab.shown, default=str, ensure_ascii=False)


def listed(tab: Tab) -> dict[str, str]:
    """The roles on the members page, by name."""
    return {member.name: member.role for member in tab.value(ProjectState, "members") or ()}


@pytest.mark.parametrize("page", PAGES)
async def test_a_removed_member_is_notified_and_receives_nothing_more(
    hub: Hub, room: Room, page: str
) -> None:
    """This happens during a run, on either page. The tabs of other members go on."""
    attempt = await begun(room)
    async with AsyncExitStack() as stack:
        gone = await opened(stack, room, room.collaborator, page)
        owner = await opened(stack, room, room.owner, BRAINSTORM)

        await memberships.remove(room.project_id, room.collaborator, room.owner)
        await gone.sees(PAGES[page], "access", lambda access: access == "removed")
        sent = len(gone.updates)
        await attempts.save_draft(attempt, [ONE, TWO])
        await catalog.change(room.project_id, room.owner, name="另一个名字")
        await owner.sees(BrainstormState, "cards", lambda cards: len(cards) == 2)
        await owner.sees(ProjectState, "name", lambda name: name == "另一个名字")

        assert gone.value(PAGES[page], "notice").zh == "你已被移出该项目"
        assert len(gone.updates) == sent
        texts = (ONE.title, TWO.title, "一个项目", "另一个名字", "抖音", "Viewer", "Owner")
        assert [text for text in texts if text in held(gone)] == []


@pytest.mark.parametrize("page", PAGES)
async def test_a_deleted_project_closes_in_every_tab(hub: Hub, room: Room, page: str) -> None:
    """No tab keeps any text of the project, and its shapes are closed."""
    await begun(room)
    async with AsyncExitStack() as stack:
        tabs = [await opened(stack, room, who, page) for who in (room.owner, room.collaborator, room.viewer)]

        await catalog.delete(room.project_id, room.owner)

        for tab in tabs:
            await tab.sees(PAGES[page], "access", lambda access: access == "deleted")
            assert tab.value(PAGES[page], "notice").zh == "这个项目已被删除"
            assert not any(word in held(tab) for word in (ONE.title, "一个项目", "抖音"))
        await eventually(lambda: hub.open_projects == 0)


async def test_deleting_an_open_project_leads_to_the_list_and_can_be_undone(
    hub: Hub, room: Room, connected: str
) -> None:
    """After the undo only its run differs, which was stopped."""
    await begun(room)
    async with AsyncExitStack() as stack:
        tab = await opened(stack, room, room.owner, BRAINSTORM)

        await tab.send(ManagingState.delete, project_id=room.project_id)

        assert tab.redirects == ["/projects"]
        assert tab.value(ManagingState, "notice").zh == "《一个项目》已删除，30 天内可以恢复"
        assert tab.value(ProjectsState, "projects") == []
        await tab.send(ManagingState.restore, project_id=tab.value(ManagingState, "deleted"))
        assert tab.value(ManagingState, "notice").zh == "《一个项目》已恢复"
        assert tab.value(ManagingState, "deleted") == ""
        assert [project.name for project in tab.value(ProjectsState, "projects")] == ["一个项目"]
    assert transform_of(connected)["streaming_status"] == "cancelled"


async def test_a_changed_role_changes_what_a_tab_may_do(hub: Hub, room: Room) -> None:
    """A demoted collaborator can still read. A promoted viewer may act, and as an owner manage."""
    async with AsyncExitStack() as stack:
        demoted = await opened(stack, room, room.collaborator, BRAINSTORM)
        promoted = await opened(stack, room, room.viewer, BRAINSTORM)
        await demoted.sees(BrainstormState, "may_act", lambda may: may is True)
        assert not promoted.value(BrainstormState, "may_act")

        await memberships.change_role(room.project_id, room.collaborator, "viewer", room.owner)
        await memberships.change_role(room.project_id, room.viewer, "collaborator", room.owner)

        await demoted.sees(BrainstormState, "may_act", lambda may: may is False)
        await promoted.sees(BrainstormState, "may_act", lambda may: may is True)
        assert not promoted.value(ProjectState, "may_manage")
        await memberships.change_role(room.project_id, room.viewer, "owner", room.owner)
        await promoted.sees(ProjectState, "may_manage", lambda may: may is True)
        assert demoted.value(BrainstormState, "access") == "open"


async def test_the_members_page_is_live_in_every_tab(hub: Hub, room: Room) -> None:
    """Invitations, joined and removed members, and roles."""
    async with AsyncExitStack() as stack:
        owner = await opened(stack, room, room.owner, MEMBERS)
        viewer = await opened(stack, room, room.viewer, MEMBERS)
        assert [member.me for member in viewer.value(ProjectState, "members")] == [False, False, True]

        await owner.send(MembersState.invite, form_data={"username": " Stranger", "role": "viewer"})
        for tab in (owner, viewer):
            await tab.sees(
                MembersState, "invitations", lambda found: [each.name for each in found] == ["Stranger"]
            )
            assert len(listed(tab)) == 3
        [asked] = await invitations.mine("stranger")
        await invitations.accept(asked.id, "stranger")
        for tab in (owner, viewer):
            await tab.sees(MembersState, "invitations", lambda found: found == [])
            await tab.sees(ProjectState, "members", lambda members: len(members) == 4)
            assert listed(tab)["Stranger"] == "viewer"
        await owner.send(MembersState.change_role, member_id="viewer", role="owner")
        await owner.send(MembersState.ask, member_id="collaborator")
        await owner.send(MembersState.confirm)
        for tab in (owner, viewer):
            await tab.sees(ProjectState, "members", lambda members: len(members) == 3)
            assert listed(tab) == {"Owner": "owner", "Viewer": "owner", "Stranger": "viewer"}

        assert viewer.value(ProjectState, "may_manage")
        assert owner.value(MembersState, "added") == 1
        assert owner.value(MembersState, "asking") == ""


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"username": "nobody", "role": "viewer"}, "没有叫这个用户名的人，请核对后再试"),
        ({"username": "viewer", "role": "owner"}, "Viewer 已经在这个项目里"),
        ({}, "没有这种角色"),
    ],
)
async def test_a_refused_invitation_shows_its_error_beside_the_form(
    hub: Hub, room: Room, form: dict[str, str], message: str
) -> None:
    """The typed text stays in the field."""
    async with AsyncExitStack() as stack:
        tab = await opened(stack, room, room.owner, MEMBERS)

        await tab.send(MembersState.invite, form_data=form)

        shown = [tab.value(MembersState, name).zh for name in ("problem", "notice")]
        assert message in shown
        assert not tab.value(MembersState, "added")
        assert not tab.value(MembersState, "adding")
        assert len(await memberships.listed(room.project_id, room.owner)) == 3


@pytest.mark.parametrize("person", ["collaborator", "viewer", "stranger", None])
async def test_only_owners_can_manage_a_project(hub: Hub, room: Room, person: str | None) -> None:
    """Each handler is an endpoint that any client can call."""
    before = await memberships.listed(room.project_id, room.owner)
    async with open_tab(room.project_id, person, MEMBERS) as tab:
        await tab.sees(MembersState, "access", lambda access: access in ("open", "denied"))

        await tab.send(MembersState.invite, form_data={"username": "stranger", "role": "owner"})
        await tab.send(MembersState.change_role, member_id="viewer", role="owner")
        await tab.send(MembersState.change_role, member_id=str(person), role="owner")
        await tab.send(MembersState.ask, member_id="owner")
        await tab.send(MembersState.confirm)
        for act in (
            ManagingState.archive,
            ManagingState.unarchive,
            ManagingState.delete,
            ManagingState.restore,
        ):
            await tab.send(act, project_id=room.project_id)
            assert tab.value(ManagingState, "notice").zh
        form = {"project_id": room.project_id, "name": "别的"}
        await tab.send(ManagingState.rename, form_data=form)

        assert tab.value(MembersState, "notice").zh
        assert tab.value(ManagingState, "problem").zh
    row = await catalog.open_project(room.project_id, room.owner)
    assert (row.name, row.archived) == ("一个项目", False)
    assert await memberships.listed(room.project_id, room.owner) == before


async def test_a_stranger_receives_no_members(hub: Hub, room: Room) -> None:
    """The project's name is not sent either."""
    async with open_tab(room.project_id, "stranger", MEMBERS) as tab:
        await tab.sees(MembersState, "access", lambda access: access == "denied")

        assert not any(word in held(tab) for word in ("Owner", "Viewer", "一个项目"))
        assert hub.open_projects == 0


async def test_an_owner_confirms_before_giving_up_the_role(hub: Hub, room: Room) -> None:
    """The last owner cannot, and reads why."""
    async with AsyncExitStack() as stack:
        tab = await opened(stack, room, room.owner, MEMBERS)
        await tab.send(MembersState.change_role, member_id="owner", role="viewer")
        assert (tab.value(MembersState, "asking"), listed(tab)["Owner"]) == ("owner", "owner")
        await tab.send(MembersState.confirm)
        assert tab.value(MembersState, "notice").zh == "项目至少要有一位所有者，请先让另一位成员成为所有者"

        await memberships.change_role(room.project_id, room.viewer, "owner", room.owner)
        await tab.send(MembersState.change_role, member_id="owner", role="viewer")
        await tab.send(MembersState.keep)
        await tab.send(MembersState.confirm)
        assert (await catalog.open_project(room.project_id, room.owner)).role == "owner"
        await tab.send(MembersState.change_role, member_id="owner", role="viewer")
        await tab.send(MembersState.confirm)

        await tab.sees(ProjectState, "may_manage", lambda may: may is False)
        await tab.sees(ProjectState, "members", lambda _: listed(tab)["Owner"] == "viewer")


async def test_leaving_a_project_leads_to_the_list(hub: Hub, room: Room) -> None:
    """The notice for removed members is not shown. The tab keeps nothing of the project."""
    await begun(room)
    async with AsyncExitStack() as stack:
        tab = await opened(stack, room, room.viewer, MEMBERS)

        await tab.send(MembersState.ask, member_id="viewer")
        await tab.send(MembersState.confirm)

        assert tab.redirects == ["/projects"]
        await eventually(lambda: hub.open_projects == 0)
        assert tab.value(MembersState, "access") == "opening"
        assert "移出" not in held(tab) and "一个项目" not in held(tab)


async def test_the_list_shows_archived_and_deleted_projects_separately(hub: Hub, room: Room) -> None:
    """Archiving, deleting and restoring move a project. Only owners see deleted ones."""
    async with open_tab(room.project_id, room.owner, PROJECTS) as tab:
        await tab.sees(ProjectsState, "loaded", lambda loaded: loaded is True)

        async def shelf(name: str) -> list[str]:
            await tab.send(ProjectsState.choose, shelf=name)
            return [project.name for project in tab.value(ProjectsState, "projects")]

        await tab.send(ManagingState.archive, project_id=room.project_id)
        assert (await shelf("active"), await shelf("archived")) == ([], ["一个项目"])
        await tab.send(ManagingState.rename, form_data={"project_id": room.project_id, "name": "旧稿"})
        assert await shelf("archived") == ["旧稿"]
        await tab.send(ManagingState.delete, project_id=room.project_id)
        assert tab.redirects == []
        assert (await shelf("archived"), await shelf("deleted")) == ([], ["旧稿"])
        await tab.send(ManagingState.restore, project_id=room.project_id)
        assert (await shelf("deleted"), await shelf("active"), await shelf("archived")) == ([], [], ["旧稿"])
        await tab.send(ManagingState.unarchive, project_id=room.project_id)
        assert (await shelf("archived"), await shelf("nonsense")) == ([], ["旧稿"])


async def test_a_description_reaches_every_open_page(hub: Hub, room: Room) -> None:
    """And the list of projects. If it is too long, nothing is saved, the name neither."""
    form = {"project_id": room.project_id, "name": "旧稿", "description": " 十集短剧\n主角是锁匠 "}
    async with AsyncExitStack() as stack:
        owner = await opened(stack, room, room.owner, BRAINSTORM)
        viewers = [
            await stack.enter_async_context(open_tab(room.project_id, room.viewer, page))
            for page in (LINEAGE, MEMBERS)
        ]
        listed = await stack.enter_async_context(open_tab(room.project_id, room.viewer, PROJECTS))

        await owner.send(ManagingState.rename, form_data=form)

        for tab in (owner, *viewers):
            await tab.sees(ProjectState, "description", lambda text: text == "十集短剧\n主角是锁匠")
        await listed.sees(
            ProjectsState,
            "projects",
            lambda found: found and found[0].description == "十集短剧\n主角是锁匠",
        )
        await owner.send(ManagingState.rename, form_data=form | {"name": "新稿", "description": "长" * 2001})
        assert owner.value(ManagingState, "problem").zh == "项目简介最多 2000 个字"
        await owner.send(ManagingState.rename, form_data={"project_id": room.project_id, "name": "只改名"})
    row = await catalog.open_project(room.project_id, room.owner)
    assert (row.name, row.description) == ("只改名", "十集短剧\n主角是锁匠")


async def test_renaming_and_archiving_reach_open_tabs(hub: Hub, room: Room) -> None:
    """They arrive through the shape of the project's row."""
    async with AsyncExitStack() as stack:
        tab = await opened(stack, room, room.viewer, BRAINSTORM)
        assert tab.value(ProjectState, "name") == "一个项目"

        await catalog.change(room.project_id, room.owner, name="真假千金")
        await tab.sees(ProjectState, "name", lambda name: name == "真假千金")
        await catalog.archive(room.project_id, room.owner)
        await tab.sees(ProjectState, "archived", lambda archived: archived is True)
