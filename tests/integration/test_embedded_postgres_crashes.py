"""Each process of the embedded PostgreSQL server may be killed: the server restarts, and no row is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scriptwriter.embedded.postgres.launcher import attach
from tests.support.postgres import (
    answers,
    app,
    ask,
    data_folder,
    is_quiet,
    lives,
    postmaster_pid,
    returned,
    said,
    stop,
    supervisor_pid,
)
from tests.support.waiting import wait_until

FAST = {"fsync": "off"}
BIRTH = "SELECT pg_postmaster_start_time()::text"
COUNT = "SELECT count(*) FROM kept"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def commit_a_row(url: str) -> None:
    ask(url, "CREATE TABLE IF NOT EXISTS kept (word text)")
    ask(url, "INSERT INTO kept VALUES ('committed')")


def test_a_killed_server_is_started_again_while_its_users_stay(data_dir: Path) -> None:
    """The supervisor replaces the server under the same URL: nobody has to attach again."""
    with attach(data_dir, server_settings=FAST) as postgres:
        commit_a_row(postgres.url())

        for _ in range(3):
            birth = ask(postgres.url(), BIRTH)
            os.kill(postmaster_pid(data_dir), signal.SIGKILL)
            wait_until(lambda birth=birth: answers(postgres.url()) and ask(postgres.url(), BIRTH) != birth)

        assert ask(postgres.url(), COUNT) == 1


def test_a_server_that_is_stopped_as_soon_as_it_runs_is_started_again(data_dir: Path) -> None:
    """Its supervisor may not have seen it running yet."""
    with attach(data_dir, server_settings=FAST) as postgres:
        before = postmaster_pid(data_dir)

        os.kill(before, signal.SIGINT)

        wait_until(lambda: returned(data_dir, postgres.url(), before))


def test_a_busy_session_of_a_killed_server_does_not_hold_up_the_next(data_dir: Path) -> None:
    """A session that computes does not notice that its server is gone, and would block the new one."""
    with attach(data_dir, server_settings=FAST) as postgres:
        url = postgres.url()
        busy = psycopg.connect(url, autocommit=True)
        session = busy.info.backend_pid
        busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        birth = ask(url, BIRTH)

        os.kill(postmaster_pid(data_dir), signal.SIGKILL)

        wait_until(lambda: answers(url) and ask(url, BIRTH) != birth)
        assert not lives(session)
        busy.close()


def test_attaching_again_brings_back_a_server_whose_supervisor_was_killed(data_dir: Path) -> None:
    """The server ends with its supervisor, and any user can have a new one."""
    with attach(data_dir, server_settings=FAST) as postgres:
        commit_a_row(postgres.url())
        old, supervisor = postmaster_pid(data_dir), supervisor_pid(data_dir)
        os.kill(supervisor, signal.SIGKILL)
        # While the signal is on its way, everything seems to be well.
        wait_until(lambda: not lives(supervisor))

        with attach(data_dir, server_settings=FAST) as again:
            assert again.url() == postgres.url()
            assert ask(again.url(), COUNT) == 1
            assert postmaster_pid(data_dir) != old
            assert not lives(old)


def test_a_user_brings_back_a_server_whose_supervisor_was_killed(data_dir: Path) -> None:
    """Who holds on needs nobody else for that; while a supervisor lives, nothing happens."""
    with attach(data_dir, server_settings=FAST) as postgres:
        commit_a_row(postgres.url())
        old, supervisor = postmaster_pid(data_dir), supervisor_pid(data_dir)
        postgres.ensure()
        assert supervisor_pid(data_dir) == supervisor

        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: not lives(supervisor))
        postgres.ensure()

        assert ask(postgres.url(), COUNT) == 1
        assert postmaster_pid(data_dir) != old


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next attach ends the orphan")
def test_a_server_does_not_outlive_its_supervisor(data_dir: Path) -> None:
    """Even when nobody ever comes back, nothing stays behind."""
    attach(data_dir, server_settings=FAST).close()
    server = postmaster_pid(data_dir)

    os.kill(supervisor_pid(data_dir), signal.SIGKILL)

    wait_until(lambda: not lives(server))
    wait_until(lambda: is_quiet(data_dir))


def test_nothing_committed_is_lost_when_everything_is_killed(data_dir: Path) -> None:
    """App, supervisor and server die at once: the next attach recovers every committed row."""
    with app(data_dir) as killed:
        url = said(killed)
        for expected in (1, 2):
            commit_a_row(url)
            assert ask(url, COUNT) == expected
        victims = supervisor_pid(data_dir), postmaster_pid(data_dir), killed.pid

        for pid in victims:
            os.kill(pid, signal.SIGKILL)

    with attach(data_dir, server_settings=FAST) as postgres:
        assert ask(postgres.url(), COUNT) == 2


def test_an_interrupted_first_start_leaves_nothing_half_made(data_dir: Path) -> None:
    """A cluster exists under its name only when it is complete."""
    with app(data_dir) as killed:
        wait_until(lambda: any(data_dir.glob("cluster.new-*/PG_VERSION")))
        supervisor = supervisor_pid(data_dir)
        os.kill(supervisor, signal.SIGKILL)
        killed.kill()
        wait_until(lambda: not lives(supervisor))
        assert not (data_dir / "cluster").exists()

    with attach(data_dir, server_settings=FAST) as postgres:
        assert answers(postgres.url())


@pytest.mark.parametrize("stranger", ["a zombie", "another program"])
def test_a_stale_pid_file_does_not_block_the_start(data_dir: Path, stranger: str) -> None:
    """A pid outlives its process: as a zombie that nobody reaps, or as the pid of somebody else."""
    with attach(data_dir, server_settings=FAST) as postgres:
        commit_a_row(postgres.url())
    stop(data_dir)
    cluster = data_dir / "cluster"
    owner = cluster.stat()
    program = subprocess.Popen(["sleep", "600"], user=owner.st_uid if os.geteuid() == 0 else None)
    if stranger == "a zombie":
        program.kill()
        wait_until(lambda: not lives(program.pid))
    for pid_file in (cluster / "postmaster.pid", data_dir / "socket" / ".s.PGSQL.5432.lock"):
        pid_file.write_text(f"{program.pid}\n{cluster}\n1700000000\n5432\n\n\n\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)

    with attach(data_dir, server_settings=FAST) as postgres:
        assert ask(postgres.url(), COUNT) == 1

    program.kill()
    program.wait()


def test_a_supervisor_killed_over_and_over_is_replaced_every_time(data_dir: Path) -> None:
    """Rows committed between the crashes add up."""
    for round_number in range(1, 4):
        with app(data_dir) as victim:
            url = said(victim)
            commit_a_row(url)
            assert ask(url, COUNT) == round_number
            os.kill(supervisor_pid(data_dir), signal.SIGKILL)
            victim.kill()
