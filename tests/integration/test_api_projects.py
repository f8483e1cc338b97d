"""Projects and members over HTTP: what a program can do, and how it is answered."""

from datetime import datetime

from scriptwriter.services.projects import catalog, memberships
from tests.support.programs import problem, program_of
from tests.support.rooms import Room
from tests.support.rows import rows


async def test_a_created_project_is_in_the_list_of_its_owner(room: Room) -> None:
    """201 with the project's id. The person whose token it is becomes the owner."""
    async with program_of(room.stranger) as http:
        created = await http.post("/api/projects", json={"name": "  夏天 的\n短剧 ", "description": "大纲"})
        listed = await http.get("/api/projects")
        one = await http.get(f"/api/projects/{created.json()['projectId']}")

    assert (created.status_code, {*created.json()}) == (201, {"projectId"})
    [project] = listed.json()["projects"]
    assert project == one.json()
    assert {name: project[name] for name in ("id", "name", "description", "role", "status", "ideas")} == {
        "id": created.json()["projectId"],
        "name": "夏天 的 短剧",
        "description": "大纲",
        "role": "owner",
        "status": "",
        "ideas": 0,
    }
    assert project["archived"] is False
    assert datetime.fromisoformat(project["createdAt"]).tzinfo is not None
    assert {*project} >= {"createdAt", "updatedAt"}


async def test_the_list_holds_only_projects_of_which_the_person_is_a_member(room: Room) -> None:
    """Each has the person's role in it."""
    async with program_of(room.viewer) as http, program_of(room.stranger) as stranger:
        shared = (await http.get("/api/projects")).json()["projects"]
        nothing = (await stranger.get("/api/projects")).json()["projects"]

    assert [(each["id"], each["role"]) for each in shared] == [(room.project_id, "viewer")]
    assert nothing == []


async def test_a_patch_changes_only_the_given_fields(connected: str, room: Room) -> None:
    """Name, description and archived, alone or together. An invalid field refuses the whole request."""
    path = f"/api/projects/{room.project_id}"
    async with program_of(room.owner) as http:
        named = await http.patch(path, json={"name": "新名字"})
        after_name = (await http.get(path)).json()
        both = await http.patch(path, json={"description": "大纲", "archived": True})
        after_both = (await http.get(path)).json()
        half = await http.patch(path, json={"archived": False, "name": "长" * 201})
        after_half = (await http.get(path)).json()
        emptied = await http.patch(path, json={"description": "", "archived": False})
        after_all = (await http.get(path)).json()

    assert [each.status_code for each in (named, both, half, emptied)] == [204, 204, 400, 204]
    assert named.content == b""
    fields = ("name", "description", "archived")
    assert [[each[name] for name in fields] for each in (after_name, after_both, after_half, after_all)] == [
        ["新名字", "", False],
        ["新名字", "大纲", True],
        ["新名字", "大纲", True],
        ["新名字", "", False],
    ]


async def test_a_deleted_project_is_gone_for_all_members_until_restored(room: Room) -> None:
    """Only an owner can restore it. Restoring a project that is not deleted changes nothing."""
    path = f"/api/projects/{room.project_id}"
    async with program_of(room.owner) as http, program_of(room.viewer) as viewer:
        deleted = await http.delete(path)
        gone = [await http.get(path), await viewer.get(path), await http.delete(path)]
        by_viewer = await viewer.post(f"{path}/restore")
        restored = [await http.post(f"{path}/restore"), await http.post(f"{path}/restore")]
        back = await viewer.get(path)

    assert deleted.status_code == 204
    assert {problem(answer) for answer in [*gone, by_viewer]} == {(404, "project_not_found")}
    assert [answer.status_code for answer in [*restored, back]] == [204, 204, 200]


async def test_members_are_invited_listed_changed_and_removed(connected: str, room: Room) -> None:
    """An owner does it all through the API, and a guest accepts."""
    path = f"/api/projects/{room.project_id}/members"
    async with program_of(room.owner) as http, program_of(room.stranger) as guest:
        added = await http.post(path, json={"username": " Stranger ", "role": "viewer"})
        asked_twice = await http.post(path, json={"username": "stranger", "role": "viewer"})
        [open_one] = (await http.get(f"/api/projects/{room.project_id}/invitations")).json()["invitations"]
        [asked] = (await guest.get("/api/invitations")).json()["invitations"]
        joined = await guest.post(f"/api/invitations/{asked['id']}/accept")
        gone = await guest.post(f"/api/invitations/{asked['id']}/decline")
        again = await http.post(path, json={"username": "stranger", "role": "viewer"})
        changed = await http.patch(f"{path}/{room.stranger}", json={"role": "collaborator"})
        listed = (await http.get(path)).json()["members"]
        removed = await http.delete(f"{path}/{room.stranger}")
        not_there = await http.delete(f"{path}/{room.stranger}")
        odd = [await http.delete(f"{path}/{each}") for each in ("%00", "half%ED%A0%80", "x" * 300)]

    assert (added.status_code, changed.status_code, removed.status_code) == (202, 204, 204)
    assert added.json()["id"] == open_one["id"] == asked["id"] and {*added.json()} == {
        "id", "name", "username", "role", "createdAt",
    }  # fmt: skip
    assert {**asked, "id": 0, "createdAt": 0} == {
        "id": 0, "createdAt": 0, "projectName": "一个项目", "role": "viewer", "inviterName": "Owner",
        "inviterUsername": "owner",
    }  # fmt: skip
    assert problem(asked_twice) == (409, "already_invited")
    assert joined.json() == {"projectId": room.project_id}
    assert problem(gone) == (404, "invitation_not_found")
    assert problem(again) == (409, "already_member")
    assert [(each["id"], each["role"]) for each in listed] == [
        ("owner", "owner"), ("collaborator", "collaborator"),
        ("stranger", "collaborator"), ("viewer", "viewer"),
    ]  # fmt: skip
    assert {problem(answer) for answer in [not_there, *odd]} == {(404, "member_not_found")}


async def test_a_member_can_leave_but_the_last_owner_cannot(room: Room) -> None:
    """The owner can leave once there is another owner."""
    path = f"/api/projects/{room.project_id}/members"
    async with program_of(room.viewer) as viewer, program_of(room.owner) as owner:
        left = await viewer.delete(f"{path}/{room.viewer}")
        after = await viewer.get(path)
        stays = await owner.delete(f"{path}/{room.owner}")
        steps_down = await owner.patch(f"{path}/{room.owner}", json={"role": "viewer"})
        await memberships.change_role(room.project_id, room.collaborator, "owner", room.owner)
        leaves = await owner.delete(f"{path}/{room.owner}")

    assert left.status_code == 204
    assert problem(after) == (404, "project_not_found")
    assert problem(stays) == problem(steps_down) == (409, "last_owner")
    assert leaves.status_code == 204


async def test_pages_and_programs_see_each_others_changes(connected: str, room: Room) -> None:
    """Both call the same services."""
    path = f"/api/projects/{room.project_id}"
    async with program_of(room.owner) as http:
        await catalog.change(room.project_id, room.owner, name="页面上改的")
        seen = (await http.get(path)).json()["name"]
        await http.patch(path, json={"name": "程序改的"})

    assert seen == "页面上改的"
    assert (await catalog.open_project(room.project_id, room.viewer)).name == "程序改的"
    assert rows(connected, "SELECT name FROM projects") == [{"name": "程序改的"}]
