"""The projects that security tests attack: one in each state, with members and with strangers."""

import inspect
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from sqlalchemy import update
from sqlmodel import col, select

from scriptwriter.domain.graph import Brief, Idea, Reply
from scriptwriter.services.projects import catalog, invitations
from scriptwriter.services.runs import attempts, ending, starting
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, Project, TransformOutput, User
from scriptwriter.worker.model_faults import fault
from tests.support.rooms import Room, make_room

SECRET = "绝密"
"""Part of every text of the projects. A response to a stranger that contains it is a leak."""
IDEAS = [Idea(f"{SECRET}掌柜", f"{SECRET}的第一个故事。"), Idea(f"{SECRET}锁匠", f"{SECRET}的第二个故事。")]
BRIEF = Brief("抖音", "穿越", f"{SECRET}的要求", 2)


@dataclass(frozen=True)
class Target:
    """A project and its newest run, as the arguments of events and requests name them.

    `user_id` is a further viewer. `username` names a stranger who is no member. `invitation_id` is an open
    invitation of somebody else.
    """

    project_id: str
    transform_id: str
    artifact_id: str
    user_id: str
    username: str
    invitation_id: str

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that the rows of this project contain."""
        return self.project_id, self.transform_id, self.artifact_id

    def ref(self, place: int = 0) -> str:
        """The reference of one of its ideas."""
        return f"{self.artifact_id}#{place}"


@dataclass(frozen=True)
class Scene:
    """`room` holds the people, and `targets` their projects, each in another state."""

    room: Room
    targets: list[Target] = field(default_factory=list)


async def make_scene(prefix: str = "") -> Scene:
    """Create five projects of the same people: with ideas, failed, being written, archived, deleted."""
    room, guest, invited = await make_room(prefix), f"{prefix}guest", f"{prefix}invited"
    scene = Scene(room)
    async with transaction() as session:
        session.add(User(id=guest, username=guest, display_name=f"{SECRET}客人"))
        session.add(User(id=invited, username=invited, display_name=f"{SECRET}受邀人"))
    for number in range(5):
        project_id = room.project_id if number == 0 else await _another(room)
        async with transaction() as session:
            await session.exec(
                update(Project).where(col(Project.id) == project_id).values(name=f"{SECRET}项目")
            )
            session.add(Membership(project_id=project_id, user_id=guest, role="viewer"))
        invitation = await invitations.invite(project_id, invited, "viewer", room.owner)
        transform_id = await starting.start(project_id, BRIEF, room.owner)
        attempt = await attempts.begin(transform_id)
        assert attempt is not None
        reply = Reply("test-model", raw_response=f"{SECRET}的原文")
        if number == 1:
            await ending.fail(attempt, IDEAS[:1], reply, fault("content_filtered", number=2))
        elif number != 2:
            await ending.finish(attempt, IDEAS, reply)
        ideas = await _ideas_of(transform_id)
        scene.targets.append(Target(project_id, transform_id, ideas, guest, room.stranger, invitation.id))
    await catalog.archive(scene.targets[3].project_id, room.owner)
    await catalog.delete(scene.targets[4].project_id, room.owner)
    return scene


def arguments(function: Any, target: Target, **known: Any) -> dict[str, Any]:
    """An argument for each parameter of a handler, chosen by the name (from `known` or `target`) or by the
    type.
    """
    _self, *parameters = inspect.signature(function).parameters.values()
    kinds = get_type_hints(function)
    named = {
        "project_id": target.project_id,
        "transform_id": target.transform_id,
        "seen": target.transform_id,
        "artifact_id": target.artifact_id,
        "number": 2,
        "attempt": 0,
        "form_data": form(target),
        "ref": target.ref(),
        "verdict": "keep",
        "version": "",
        "base": "",
        "order": f"{target.ref(1)} {target.ref()}",
        "member_id": target.user_id,
        "invitation_id": target.invitation_id,
        "role": "collaborator",
        **known,
    }
    return {each.name: named.get(each.name, _of(kinds.get(each.name))) for each in parameters}


def form(target: Target) -> dict[str, str]:
    """A form with the fields of every page; each handler takes the fields that it knows."""
    return {
        "platform": "抖音",
        "genre": "悬疑",
        "other_requirements": "",
        "count": "1",
        "name": "改名",
        "description": "改写",
        "title": "改题",
        "body": "改文",
        "project_id": target.project_id,
        "transform_id": target.transform_id,
        "seen": target.transform_id,
        "artifact_id": target.artifact_id,
        "reason": "改由",
        "base": "",
        "username": target.username,
        "role": "collaborator",
        "current": "not the password",
        "new": "another password",
    }


def _of(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    return {int: 1, float: 1.0, bool: True, dict: {}, list: []}.get(get_origin(kind) or kind, "改")


async def _another(room: Room) -> str:
    project_id = await catalog.create(room.owner, "又一个")
    people = ((room.collaborator, "collaborator"), (room.viewer, "viewer"))
    async with transaction() as session:
        session.add_all([Membership(project_id=project_id, user_id=who, role=role) for who, role in people])
    return project_id


async def _ideas_of(transform_id: str) -> str:
    async with transaction() as session:
        found = await session.exec(
            select(TransformOutput.artifact_id).where(TransformOutput.transform_id == transform_id)
        )
        return found.one()
