"""Every act of a person in a project, tried by everybody: what each role may, and what it is told."""

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
class Place:
    """A project with a run that failed after its first idea."""

    project_id: str
    transform_id: str
    artifact_id: str


def _first(place: Place) -> IdeaRef:
    return IdeaRef(place.artifact_id, 0)


Act = Callable[[Place, str], Awaitable[Any]]

READING: dict[str, Act] = {
    "open": lambda place, who: catalog.open_project(place.project_id, who),
    "list members": lambda place, who: memberships.listed(place.project_id, who),
    "read where it comes from": lambda place, who: provenance.of_run(
        place.project_id, place.transform_id, who
    ),
    "export": lambda place, who: storage.export(place.project_id, who),
}
ACTING: dict[str, Act] = {
    "start": lambda place, who: starting.start(place.project_id, BRIEF, who),
    "start again": lambda place, who: starting.start_again(place.project_id, who),
    "retry": lambda place, who: retrying.retry(place.project_id, place.transform_id, who),
    "stop": lambda place, who: ending.stop(place.project_id, place.transform_id, who),
    "pick": lambda place, who: verdicts.pick(place.project_id, _first(place), "keep", who),
    "edit": lambda place, who: edits.edit(place.project_id, _first(place), "新题目", "新正文。", "", who),
    "arrange": lambda place, who: keepers.move(place.project_id, _first(place), None, who),
    "like": lambda place, who: starting.like(place.project_id, _first(place), 3, who),
    "retitle": lambda place, who: starting.retitle(place.project_id, _first(place), who),
}
MANAGING: dict[str, Act] = {
    "rename": lambda place, who: catalog.change(place.project_id, who, name="另一个名字"),
    "describe": lambda place, who: catalog.change(place.project_id, who, description="一句简介"),
    "archive": lambda place, who: catalog.archive(place.project_id, who),
    "unarchive": lambda place, who: catalog.unarchive(place.project_id, who),
    "delete": lambda place, who: catalog.delete(place.project_id, who),
    "restore": lambda place, who: catalog.restore(place.project_id, who),
    "invite": lambda place, who: invitations.invite(place.project_id, "stranger", "viewer", who),
    "change a role": lambda place, who: memberships.change_role(place.project_id, "viewer", "owner", who),
    "remove": lambda place, who: memberships.remove(place.project_id, "viewer-2", who),
}
LEAVING: dict[str, Act] = {
    "leave": lambda place, who: memberships.leave(place.project_id, who),
    "remove oneself": lambda place, who: memberships.remove(place.project_id, who, who),
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
    """The budget of a person is tested elsewhere."""
    with unlimited():
        yield


@pytest.fixture
async def people(room: Room) -> None:
    """One more owner, so that the first may leave, and one more viewer."""
    async with transaction() as session:
        session.add_all([User(id=name, username=name) for name in ("owner-2", "viewer-2")])


async def new_place() -> Place:
    """A project of all these people."""
    project_id = await catalog.create("owner-2", "一个项目")
    others = [name for name in PEOPLE if name != "owner-2"]
    async with transaction() as session:
        session.add_all(
            [Membership(project_id=project_id, user_id=name, role=name.removesuffix("-2")) for name in others]
        )
    attempt = await attempts.begin(await starting.start(project_id, BRIEF, "owner-2"))
    assert attempt is not None
    await ending.fail(attempt, [ONE], Reply("m", raw_response="raw"), fault("reply_unreadable"))
    return Place(project_id, attempt.transform_id, attempt.artifact_id)


def everything(url: str) -> list[Any]:
    """What the database holds."""
    with psycopg.connect(url) as connection:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in EVERYTHING]


async def refusal(act: Act, place: Place, who: str, url: str) -> str:
    """The code of what `who` is told, "" where the act was done; one that is refused changes nothing."""
    before = everything(url)
    try:
        await act(place, who)
    except UserError as error:
        assert everything(url) == before
        return error.code
    return ""


@pytest.mark.usefixtures("people", "unlimited_starts")
@pytest.mark.parametrize("role", REFUSALS)
async def test_a_role_may_do_what_it_is_for_and_nothing_else(connected: str, role: str) -> None:
    """A viewer reads, a collaborator writes, an owner manages; a stranger finds nothing; all may leave."""
    place, told = await new_place(), {}
    for name, act in ACTS.items():
        told[name] = await refusal(act, place, role, connected)
        if not told[name] and name not in READING:
            place = await new_place()

    assert told == {name: REFUSALS[role].get(name, "") for name in ACTS}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("role", ROLES)
async def test_a_deleted_project_is_there_for_nobody(connected: str, role: str) -> None:
    """Whatever they want of it; but an owner restores it."""
    place = await new_place()
    await catalog.delete(place.project_id, "owner-2")

    told = {
        name: await refusal(act, place, role, connected) for name, act in ACTS.items() if name != "restore"
    }
    restored = await refusal(ACTS["restore"], place, role, connected)

    assert set(told.values()) == {"project_not_found"}
    assert restored == ("" if role == "owner" else "project_not_found")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("role", ROLES)
async def test_a_member_whose_account_is_closed_may_do_nothing(connected: str, role: str) -> None:
    """Though the membership is still there."""
    place = await new_place()
    async with transaction() as session:
        await session.exec(update(User).where(col(User.id) == role).values(status="disabled"))

    told = {name: await refusal(act, place, role, connected) for name, act in ACTS.items()}

    assert set(told.values()) == {"project_not_found"}
