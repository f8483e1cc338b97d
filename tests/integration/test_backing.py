"""The PostgreSQL and the shape server of a process: embedded ones, or those that settings name."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from scriptwriter.operations.backing import database_server, electric_server
from scriptwriter.settings import settings
from tests.support import postgres as support
from tests.support.waiting import eventually


async def test_outside_servers_replace_the_embedded_ones(database_url: str, tmp_path) -> None:
    """With DATABASE_URL and ELECTRIC_URL set, no process is started and no folder is made."""
    folder = tmp_path / "data"
    named = settings().model_copy(
        update={
            "data_dir": folder,
            "database_url": SecretStr(database_url),
            "electric_url": "http://127.0.0.1:9",
            "electric_secret": SecretStr("s"),
        }
    )
    before = set(psutil.Process().children(recursive=True))

    async with database_server(named) as url, electric_server(named, url) as electric:
        assert (url, electric.url, electric.secret) == (database_url, "http://127.0.0.1:9", "s")
        assert set(psutil.Process().children(recursive=True)) <= before

    assert not folder.exists()


async def test_the_schema_is_applied_to_an_outside_database(empty_database: str) -> None:
    """Starting a process needs no separate migration step."""
    import psycopg

    named = settings().model_copy(update={"database_url": SecretStr(empty_database)})

    async with database_server(named) as url:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM brainstorm_flows").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,)


@pytest.mark.parametrize("secret", [None, "s"])
def test_the_repr_of_an_electric_server_hides_its_secret(secret: str | None) -> None:
    """Such a value may be logged."""
    from scriptwriter.operations.backing import ElectricServer

    assert "secret" not in repr(ElectricServer("http://e", secret))


async def test_an_embedded_database_restarts_after_its_supervisor_was_killed(tmp_path: Path) -> None:
    """The running process restarts it by itself."""
    named = settings().model_copy(update={"data_dir": tmp_path, "database_url": None, "db_host": None})

    async with database_server(named) as url:
        folder = tmp_path / "postgres"
        before = support.postmaster_pid(folder)
        os.kill(support.supervisor_pid(folder), signal.SIGKILL)

        await eventually(lambda: support.returned(folder, url, before))
