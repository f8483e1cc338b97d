"""What a process refuses to start with, and how an operator mends it."""

import asyncio
import os
import sys

import pytest
from sqlmodel import col, select

from scriptwriter.database import transaction
from scriptwriter.models import Membership, Project, User
from scriptwriter.services import accounts, projects, test_user, tokens
from scriptwriter.services.test_user import TEST_USER
from tests.support.accounts import stored_sessions
from tests.support.postgres import ask
from tests.support.rooms import Room
from tests.support.waiting import eventually
from tests.support.web import ROOT

WORKER = ["-m", "scriptwriter", "worker"]
_ENTERED = "asyncio.run(lifespan.web().__aenter__()); print('up')"
WEB = ["-c", f"import asyncio; from scriptwriter import lifespan; {_ENTERED}"]
PRODUCTION = {"SCRIPTWRITER_ENV": "production", "SCRIPTWRITER_URL": "https://write.example"}
ELECTRIC = {"ELECTRIC_URL": "http://127.0.0.1:9", "ELECTRIC_SECRET": "a secret"}


async def _run(command: list[str], database_url: str, **environment: str) -> tuple[int | None, str]:
    """The exit status of a process, and what it said."""
    quiet = dict.fromkeys(["ELECTRIC_URL", "ELECTRIC_SECRET", "SCRIPTWRITER_URL", "OIDC_ISSUER"], "")
    named = os.environ | quiet | {"DATABASE_URL": database_url} | environment
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=named,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize(
    ("command", "environment", "named"),
    [
        (WORKER, {"SCRIPTWRITER_ENV": "production"}, "SCRIPTWRITER_URL"),
        (WEB, PRODUCTION | ELECTRIC | {"OIDC_ISSUER": "https://login.example"}, "OIDC_CLIENT_SECRET"),
    ],
)
async def test_a_missing_secret_is_named_in_one_sentence(
    database_url: str, command: list[str], environment: dict[str, str], named: str
) -> None:
    """And the process ends with 1, before anybody is served."""
    status, said = await _run(command, database_url, **environment)

    assert status == 1
    assert named in said and len(said.strip().splitlines()) == 1
    assert "Traceback" not in said


async def test_the_test_user_cannot_exist_in_production(room: Room, connected: str) -> None:
    """Web and worker refuse to start, and say what removes the user; then they start."""
    await test_user.seed()
    for command in (WORKER, WEB):
        status, said = await _run(command, connected, **PRODUCTION, **ELECTRIC)
        assert status == 1 and "python -m scriptwriter remove-test-user" in said
        assert "Traceback" not in said and len(said.strip().splitlines()) == 1

    removed, said = await _run(["-m", "scriptwriter", "remove-test-user"], connected, **PRODUCTION)
    assert removed == 0 and "0 projects" in said
    status, said = await _run(WEB, connected, **PRODUCTION, **ELECTRIC)

    assert status == 0 and "up" in said
    async with transaction() as session:
        assert await session.get(User, TEST_USER["id"]) is None
        assert await session.get(User, room.owner) is not None


async def test_what_belongs_to_the_test_user_goes_with_them_and_nothing_else(room: Room) -> None:
    """Projects of theirs alone; one that they shared gets another owner."""
    me = TEST_USER["id"]
    await test_user.sign_in()
    await tokens.create(me, "脚本")
    alone = await projects.create(me, "只有我")
    shared = await projects.create(me, "一起写")
    async with transaction() as session:
        session.add_all(
            [
                Membership(project_id=shared, user_id=room.viewer, role="viewer"),
                Membership(project_id=shared, user_id=room.collaborator, role="collaborator"),
                Membership(project_id=room.project_id, user_id=me, role="viewer"),
            ]
        )

    assert await test_user.remove() == 1

    async with transaction() as session:
        left = set(await session.exec(select(Project.id)))
        roles = dict((await session.exec(
            select(Membership.user_id, Membership.role).where(col(Membership.project_id) == shared)
        )).all())  # fmt: skip
        owner = (await session.exec(
            select(Membership.role).where(
                Membership.project_id == room.project_id, Membership.user_id == room.owner
            )
        )).one()  # fmt: skip
    assert left == {room.project_id, shared} and alone not in left
    assert roles == {room.collaborator: "owner", room.viewer: "viewer"}
    assert owner == "owner"
    assert await stored_sessions() == []
    assert await test_user.remove() == 0


async def test_a_worker_cleans_up_what_has_expired(room: Room, connected: str) -> None:
    """Beside its work, soon after its start."""
    await accounts.open_session(room.owner)
    async with transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE user_sessions SET expires_at = now() - interval '1 hour'")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *WORKER, cwd=ROOT, env=os.environ | {"DATABASE_URL": connected},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await eventually(lambda: ask(connected, "SELECT count(*) FROM user_sessions") == 0, limit=60)
    finally:
        process.terminate()
        await process.wait()
