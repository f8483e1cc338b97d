"""Every action in a project, tried in every role: what each role may do, and how the others are refused."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy import update
from sqlmodel import col

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits, keepers, verdicts
from scriptwriter.services.projects import catalog, invitations, memberships
from scriptwriter.services.runs import attempts, ending, provenance, retrying, starting
from scriptwriter.services.transfer import storage
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, User
from scriptwriter.worker.model_faults import fault
from tests.support.budgets import unlimited
from tests.support.rooms import BRIEF, Room

ONE = Idea("重生之约", "她醒来时回到十年前。")
EVERYTHING = (
    "projects", "projects_users", "transforms", "transform_inputs", "transform_outputs", "artifacts",
    "llm_prompts", "human_transforms", "procrastinate_jobs",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A project with a run that failed after its first idea."""

    project_id: str
    transform_id: str
    artifact_id: str


def _first(target: Target) -> IdeaRef:
    return IdeaRef(target.artifact_id, 0)


Act = Callable[[Target, str], Awaitable[Any]]

READING: dict[str, Act] = {
    "open": lambda target, who: catalog.open_project(target.project_id, who),
    "list members": lambda target, who: memberships.listed(target.project_id, who),
    "read where it comes from": lambda target, who: provenance.of_run(
        target.project_id, target.transform_id, who
    ),
    "export": lambda target, who: storage.export(target.project_id, who),
}
ACTING: dict[str, Act] = {
    "start": lambda target, who: starting.start(target.project_id, BRIEF, who),
    "start again": lambda target, who: starting.start_again(target.project_id, who),
    "retry": lambda target, who: retrying.retry(target.project_id, target.transform_id, who),
    "stop": lambda target, who: ending.stop(target.project_id, target.transform_id, who),
    "pick": lambda target, who: verdicts.pick(target.project_id, _first(target), "keep", who),
    "edit": lambda target, who: edits.edit(target.project_id, _first(target), "新题目", "新正文。", "", who),
    "arrange": lambda target, who: keepers.move(target.project_id, _first(target), None, who),
    "like": lambda target, who: starting.like(target.project_id, _first(target), 3, who),
    "retitle": lambda target, who: starting.retitle(target.project_id, _first(target), who),
}
MANAGING: dict[str, Act] = {
    "rename": lambda target, who: catalog.change(target.project_id, who, name="另一个名字"),
    "describe": lambda target, who: catalog.change(target.project_id, who, description="一句简介"),
    "archive": lambda target, who: catalog.archive(target.project_id, who),
    "unarchive": lambda target, who: catalog.unarchive(target.project_id, who),
    "delete": lambda target, who: catalog.delete(target.project_id, who),
    "restore": lambda target, who: catalog.restore(target.project_id, who),
    "invite": lambda target, who: invitations.invite(target.project_id, "stranger", "viewer", who),
    "change a role": lambda target, who: memberships.change_role(target.project_id, "viewer", "owner", who),
    "remove": lambda target, who: memberships.remove(target.project_id, "viewer-2", who),
}
LEAVING: dict[str, Act] = {
    "leave": lambda target, who: memberships.leave(target.project_id, who),
    "remove oneself": lambda target, who: memberships.remove(target.project_id, who, who),
}
REFUSALS: dict[str, dict[str, str]] = {
    "owner": {},
    "collaborator": dict.fromkeys(MANAGING, "owners_only"),
    "viewer": dict.fromkeys([*ACTING, *MANAGING], "not_allowed"),
    "stranger": dict.fromkeys([*READING, *ACTING, *MANAGING, *LEAVING], "project_not_found"),
}
ACTS = READING | ACTING | MANAGING | LEAVING


PEOPLE = ("owner", "collaborator", "viewer", "owner-2", "viewer-2")
ROLES = ("owner", "collaborator", "viewer")


@pytest.fixture
def unlimited_starts() -> Iterator[None]:
    """No limit of starts per person, which test_budget.py tests."""
    with unlimited():
        yield


@pytest.fixture
async def people(room: Room) -> None:
    """A second owner, so that the first may leave, and a second viewer."""
    async with transaction() as session:
        session.add_all([User(id=name, username=name) for name in ("owner-2", "viewer-2")])


async def new_target() -> Target:
    """A project in which each of PEOPLE has the role of their name."""
    project_id = await catalog.create("owner-2", "一个项目")
    others = [name for name in PEOPLE if name != "owner-2"]
    async with transaction() as session:
        session.add_all(
            [Membership(project_id=project_id, user_id=name, role=name.removesuffix("-2")) for name in others]
        )
    attempt = await attempts.begin(await starting.start(project_id, BRIEF, "owner-2"))
    assert attempt is not None
    await ending.fail(attempt, [ONE], Reply("m", raw_response="raw"), fault("reply_unreadable"))
    return Target(project_id, attempt.transform_id, attempt.artifact_id)


def everything(url: str) -> list[Any]:
    """All rows that the actions could change."""
    with psycopg.connect(url) as connection:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in EVERYTHING]


async def refusal(act: Act, target: Target, who: str, url: str) -> str:
    """The error code of an action, "" where it succeeded. A refused action must change nothing."""
    before = everything(url)
    try:
        await act(target, who)
    except UserError as error:
        assert everything(url) == before
        return error.code
    return ""


@pytest.mark.usefixtures("people", "unlimited_starts")
@pytest.mark.parametrize("role", REFUSALS)
async def test_each_role_may_do_exactly_its_actions(connected: str, role: str) -> None:
    """Viewers read, collaborators write, owners manage, and all may leave. A stranger finds no project."""
    target, codes = await new_target(), {}
    for name, act in ACTS.items():
        codes[name] = await refusal(act, target, role, connected)
        if not codes[name] and name not in READING:
            target = await new_target()

    assert codes == {name: REFUSALS[role].get(name, "") for name in ACTS}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("role", ROLES)
async def test_a_deleted_project_is_not_found_by_any_role(connected: str, role: str) -> None:
    """The only exception is that an owner can restore it."""
    target = await new_target()
    await catalog.delete(target.project_id, "owner-2")

    codes = {
        name: await refusal(act, target, role, connected) for name, act in ACTS.items() if name != "restore"
    }
    restored = await refusal(ACTS["restore"], target, role, connected)

    assert set(codes.values()) == {"project_not_found"}
    assert restored == ("" if role == "owner" else "project_not_found")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("role", ROLES)
async def test_a_disabled_member_may_do_nothing(connected: str, role: str) -> None:
    """Although the membership still exists."""
    target = await new_target()
    async with transaction() as session:
        await session.exec(update(User).where(col(User.id) == role).values(status="disabled"))

    codes = {name: await refusal(act, target, role, connected) for name, act in ACTS.items()}

    assert set(codes.values()) == {"project_not_found"}
