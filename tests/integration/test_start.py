"""Why a process refuses to start, in one sentence that tells an operator how to fix it."""

import asyncio
import os
import secrets
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlmodel import col, select

from scriptwriter import lifespan
from scriptwriter.__main__ import main
from scriptwriter.services.accounts import api_tokens, sessions, test_user
from scriptwriter.services.accounts.test_user import TEST_USER
from scriptwriter.services.projects import catalog
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, Project, User
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


_QUIET = ("ELECTRIC_URL", "ELECTRIC_SECRET", "SCRIPTWRITER_URL", "OIDC_ISSUER")


async def _run(command: list[str], database_url: str, **environment: str) -> tuple[int | None, str]:
    """The exit status of a process, and its output."""
    quiet = dict.fromkeys(_QUIET, "")
    named = os.environ | quiet | {"DATABASE_URL": database_url} | environment
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=named,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.parametrize(
    ("command", "environment", "named"),
    [
        (WORKER, {"SCRIPTWRITER_ENV": "production"}, "SCRIPTWRITER_URL"),
        (WEB, PRODUCTION | ELECTRIC | {"OIDC_ISSUER": "https://login.example"}, "OIDC_CLIENT_SECRET"),
    ],
)
async def test_a_missing_setting_is_named_in_one_sentence(
    database_url: str, command: list[str], environment: dict[str, str], named: str
) -> None:
    """The process ends with status 1 before it serves anybody."""
    status, output = await _run(command, database_url, **environment)

    assert status == 1
    assert named in output and len(output.strip().splitlines()) == 1
    assert "Traceback" not in output


PROCESSES = ("schema", "worker", "check", "electric", "web")


def outcome(name: str, **environment: str) -> tuple[int, str]:
    """The exit status and output of a command, or of the web process, in a forked process."""
    quiet = dict.fromkeys([*_QUIET, "DATABASE_URL", "DB_HOST"], "")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            os.environ |= quiet | {"ELECTRIC_SECRET": "a secret"} | environment
            settings.cache_clear()
            status = _serve_once() if name == "web" else main([name])
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        output = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output


def _serve_once() -> int:
    asyncio.run(lifespan.web().__aenter__())
    return 0


def refusal(name: str, **environment: str) -> str:
    """The sentence with which a process ends that cannot start."""
    status, output = outcome(name, **environment)
    assert status == 1, output
    assert "Traceback" not in output
    [sentence] = output.strip().splitlines()
    assert sentence.startswith("Scriptwriter cannot start: ")
    return sentence


@contextmanager
def unusual_database(server: str, made_with: str = "", then: Sequence[str] = ()) -> Iterator[str]:
    """The URL of a database made with these options and the statements in `then` ({database} is its name)."""
    name = f"odd_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 {made_with}".encode())
        try:
            for statement in then:
                connection.execute(statement.format(database=name).encode())
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_in_another_encoding_is_refused(postgres_server: str, name: str, encoding: str) -> None:
    """It could not store Chinese. Nothing is written before the refusal."""
    with unusual_database(postgres_server, f"ENCODING '{encoding}' LOCALE 'C'") as url:
        assert encoding in refusal(name, DATABASE_URL=url)


ODD = {
    "read only": (["ALTER DATABASE {database} SET default_transaction_read_only = on"], "", "read_only"),
    "another schema by the role": (["ALTER DATABASE {database} SET search_path = other"], "", "search_path"),
    "another schema by the URL": ([], "options=-csearch_path%3Dpg_temp", "search_path"),
}


@pytest.mark.parametrize("name", ["schema", "web"])
@pytest.mark.parametrize(("then", "parameter", "named"), ODD.values(), ids=ODD)
def test_an_unsuitable_database_is_refused(
    postgres_server: str, name: str, then: list[str], parameter: str, named: str
) -> None:
    """All processes refuse it."""
    with unusual_database(postgres_server, then=then) as url:
        joined = url + (("&" if "?" in url else "?") + parameter if parameter else "")

        assert named in refusal(name, DATABASE_URL=joined)


@pytest.mark.parametrize("name", ["schema", "web"])
def test_a_database_role_without_create_is_refused(postgres_server: str, name: str) -> None:
    """The sentence contains the GRANT statement that fixes it."""
    role = f"guest_{secrets.token_hex(6)}"
    become = f"ALTER DATABASE {{database}} SET role = {role}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role}".encode())
    try:
        with unusual_database(postgres_server, then=[become]) as url:
            assert f'GRANT CREATE ON SCHEMA public TO "{role}"' in refusal(name, DATABASE_URL=url)
    finally:
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"DROP ROLE {role}".encode())


@pytest.mark.parametrize("name", PROCESSES)
def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path, name: str) -> None:
    """The sentence names the path."""
    (tmp_path / "data").write_text("not a folder")

    assert str(tmp_path / "data") in refusal(name, SCRIPTWRITER_DATA_DIR=str(tmp_path / "data"))


@pytest.mark.parametrize("name", ["schema", "web"])
def test_a_data_folder_of_a_newer_postgres_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing in it is changed."""
    cluster = tmp_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("99\n")

    assert "PostgreSQL 99" in refusal(name, SCRIPTWRITER_DATA_DIR=str(tmp_path))
    assert (cluster / "PG_VERSION").read_text() == "99\n"


@pytest.mark.parametrize("name", ["schema", "web"])
def test_a_newer_schema_is_refused(database_url: str, name: str) -> None:
    """An older program does not touch the database of a newer one."""
    ask(database_url, "INSERT INTO schema_version (version) VALUES (9999)")
    try:
        assert "9999" in refusal(name, DATABASE_URL=database_url)
    finally:
        ask(database_url, "DELETE FROM schema_version WHERE version = 9999")


WRONG = {
    "nobody answers": ({"DATABASE_URL": "postgresql://127.0.0.1:9/none"}, "database"),
    "no such host": ({"DATABASE_URL": "host=nowhere.invalid dbname=none"}, "nowhere.invalid"),
    "another database's address": ({"DATABASE_URL": "mysql://localhost/none"}, "DATABASE_URL"),
    "an unknown parameter": ({"DATABASE_URL": "postgresql://h/d?no_such=1"}, "DATABASE_URL"),
    "words": ({"DATABASE_URL": "my database"}, "DATABASE_URL"),
    "a port that is none": ({"DB_HOST": "localhost", "DB_PORT": "many"}, "DB_PORT"),
    "Electric's address": ({"ELECTRIC_URL": "electric:3000", "DB_HOST": "h"}, "ELECTRIC_URL"),
    "Redis' address": ({"REDIS_URL": "localhost"}, "REDIS_URL"),
    "the model's address": ({"OPENAI_BASE_URL": "http://model:99999/v1"}, "OPENAI_BASE_URL"),
    "people's address": ({"SCRIPTWRITER_URL": "https://"}, "SCRIPTWRITER_URL"),
    "a number that is none": ({"STARTS_PER_MINUTE": "ten"}, "STARTS_PER_MINUTE"),
    "the environment": ({"SCRIPTWRITER_ENV": "staging"}, "SCRIPTWRITER_ENV"),
    "the models": ({"MODELS": "[{]"}, "MODELS"),
}


@pytest.mark.parametrize(("environment", "named"), WRONG.values(), ids=WRONG)
def test_an_invalid_setting_is_named(environment: dict[str, str], named: str) -> None:
    """The sentence has the name of the environment variable."""
    for name in ("schema", "web"):
        assert named in refusal(name, **environment)


def test_reflex_run_ends_with_the_same_sentence() -> None:
    """`reflex run` reads the settings first."""
    status, output = asyncio.run(_run(["-m", "reflex", "run"], "", STARTS_PER_MINUTE="ten"))

    assert status == 1 and "Traceback" not in output
    assert "Scriptwriter cannot start: STARTS_PER_MINUTE" in output


def test_a_connection_string_of_libpq_is_accepted(database_url: str) -> None:
    """DATABASE_URL may be a URL or libpq's `key=value` form, in every process."""
    spelled = make_conninfo("", **conninfo_to_dict(database_url))
    assert "://" not in spelled

    for name in ("schema", "web"):
        status, output = outcome(name, DATABASE_URL=spelled)
        assert status == 0, output


async def test_production_refuses_to_start_with_a_test_user(room: Room, connected: str) -> None:
    """Web and worker name the command that removes the user, and start after it."""
    await test_user.seed()
    for command in (WORKER, WEB):
        status, output = await _run(command, connected, **PRODUCTION, **ELECTRIC)
        assert status == 1 and "python -m scriptwriter remove-test-user" in output
        assert "Traceback" not in output and len(output.strip().splitlines()) == 1

    removed, output = await _run(["-m", "scriptwriter", "remove-test-user"], connected, **PRODUCTION)
    assert removed == 0 and "0 projects" in output
    status, output = await _run(WEB, connected, **PRODUCTION, **ELECTRIC)

    assert status == 0 and "up" in output
    async with transaction() as session:
        assert await session.get(User, TEST_USER["id"]) is None
        assert await session.get(User, room.owner) is not None


async def test_removing_the_test_user_deletes_only_what_is_theirs(room: Room) -> None:
    """Projects of theirs alone are deleted. A shared one gets another owner."""
    me = TEST_USER["id"]
    await test_user.sign_in()
    await api_tokens.create(me, "脚本")
    alone = await catalog.create(me, "只有我")
    shared = await catalog.create(me, "一起写")
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


async def test_a_worker_deletes_expired_sessions(room: Room, connected: str) -> None:
    """It does so soon after its start."""
    await sessions.open_session(room.owner)
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
