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
START_TIME = "SELECT pg_postmaster_start_time()::text"
COUNT = "SELECT count(*) FROM kept"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def commit_a_row(url: str) -> None:
    ask(url, "CREATE TABLE IF NOT EXISTS kept (word text)")
    ask(url, "INSERT INTO kept VALUES ('committed')")


def test_the_supervisor_restarts_a_killed_server(data_dir: Path) -> None:
    """Under the same URL, so that nobody has to attach again."""
    with attach(data_dir, server_settings=FAST) as postgres:
        commit_a_row(postgres.url())

        for _ in range(3):
            start_time = ask(postgres.url(), START_TIME)
            os.kill(postmaster_pid(data_dir), signal.SIGKILL)
            wait_until(
                lambda start_time=start_time: (
                    answers(postgres.url()) and ask(postgres.url(), START_TIME) != start_time
                )
            )

        assert ask(postgres.url(), COUNT) == 1


def test_a_server_stopped_right_after_its_start_is_restarted(data_dir: Path) -> None:
    """Its supervisor may not have seen it running yet."""
    with attach(data_dir, server_settings=FAST) as postgres:
        before = postmaster_pid(data_dir)

        os.kill(before, signal.SIGINT)

        wait_until(lambda: returned(data_dir, postgres.url(), before))


def test_a_busy_session_of_a_killed_server_does_not_block_the_restart(data_dir: Path) -> None:
    """A computing session does not notice that the server is gone, and would keep its shared memory."""
    with attach(data_dir, server_settings=FAST) as postgres:
        url = postgres.url()
        busy = psycopg.connect(url, autocommit=True)
        session = busy.info.backend_pid
        busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        start_time = ask(url, START_TIME)

        os.kill(postmaster_pid(data_dir), signal.SIGKILL)

        wait_until(lambda: answers(url) and ask(url, START_TIME) != start_time)
        assert not lives(session)
        busy.close()


def test_attaching_restarts_a_server_whose_supervisor_was_killed(data_dir: Path) -> None:
    """The server ends with its supervisor, and the next attach starts both."""
    with attach(data_dir, server_settings=FAST) as postgres:
        commit_a_row(postgres.url())
        old, supervisor = postmaster_pid(data_dir), supervisor_pid(data_dir)
        os.kill(supervisor, signal.SIGKILL)
        # Until the signal is delivered, the supervisor still holds its lock.
        wait_until(lambda: not lives(supervisor))

        with attach(data_dir, server_settings=FAST) as again:
            assert again.url() == postgres.url()
            assert ask(again.url(), COUNT) == 1
            assert postmaster_pid(data_dir) != old
            assert not lives(old)


def test_ensure_restarts_a_server_whose_supervisor_was_killed(data_dir: Path) -> None:
    """An attached process needs no second attach. With a running supervisor, ensure() does nothing."""
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


@pytest.mark.skipif(sys.platform != "linux", reason="on other systems the next attach ends such a server")
def test_the_server_ends_with_its_supervisor(data_dir: Path) -> None:
    """It does not need another process that attaches."""
    attach(data_dir, server_settings=FAST).close()
    server = postmaster_pid(data_dir)

    os.kill(supervisor_pid(data_dir), signal.SIGKILL)

    wait_until(lambda: not lives(server))
    wait_until(lambda: is_quiet(data_dir))


def test_no_committed_row_is_lost_when_all_processes_are_killed(data_dir: Path) -> None:
    """App, supervisor and server are killed at once. The next attach recovers every row."""
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


def test_an_interrupted_first_start_leaves_no_incomplete_cluster(data_dir: Path) -> None:
    """A cluster gets its name only when it is complete."""
    with app(data_dir) as killed:
        wait_until(lambda: any(data_dir.glob("cluster.new-*/PG_VERSION")))
        supervisor = supervisor_pid(data_dir)
        os.kill(supervisor, signal.SIGKILL)
        killed.kill()
        wait_until(lambda: not lives(supervisor))
        assert not (data_dir / "cluster").exists()

    with attach(data_dir, server_settings=FAST) as postgres:
        assert answers(postgres.url())


@pytest.mark.parametrize("pid_owner", ["a zombie", "another program"])
def test_a_stale_pid_file_does_not_block_the_start(data_dir: Path, pid_owner: str) -> None:
    """Its pid may be that of a zombie process that nobody reaps, or of another program."""
    with attach(data_dir, server_settings=FAST) as postgres:
        commit_a_row(postgres.url())
    stop(data_dir)
    cluster = data_dir / "cluster"
    owner = cluster.stat()
    program = subprocess.Popen(["sleep", "600"], user=owner.st_uid if os.geteuid() == 0 else None)
    if pid_owner == "a zombie":
        program.kill()
        wait_until(lambda: not lives(program.pid))
    for pid_file in (cluster / "postmaster.pid", data_dir / "socket" / ".s.PGSQL.5432.lock"):
        pid_file.write_text(f"{program.pid}\n{cluster}\n1700000000\n5432\n\n\n\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)

    with attach(data_dir, server_settings=FAST) as postgres:
        assert ask(postgres.url(), COUNT) == 1

    program.kill()
    program.wait()


def test_a_repeatedly_killed_supervisor_is_replaced_each_time(data_dir: Path) -> None:
    """Rows committed between the crashes add up."""
    for round_number in range(1, 4):
        with app(data_dir) as victim:
            url = said(victim)
            commit_a_row(url)
            assert ask(url, COUNT) == round_number
            os.kill(supervisor_pid(data_dir), signal.SIGKILL)
            victim.kill()
