"""The embedded PostgreSQL server is started, shared by processes, and stopped."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scriptwriter.embedded.postgres.launcher import (
    FolderUnusable,
    ServerNotStarted,
    UnsupportedSystem,
    attach,
)
from scriptwriter.operations.startup import why
from tests.support.postgres import (
    answers,
    app,
    ask,
    data_folder,
    is_quiet,
    lives,
    postmaster_pid,
    said,
    stop,
    supervisor_pid,
)
from tests.support.waiting import wait_until

FAST = {"fsync": "off"}
BIRTH = "SELECT pg_postmaster_start_time()::text"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def test_a_fresh_folder_gets_a_server_with_the_settings_the_app_needs(data_dir: Path) -> None:
    """A first attach makes the cluster and the database, in UTF-8, closed to the network."""
    with attach(data_dir, server_settings={"fsync": "off", "synchronous_commit": "off"}) as postgres:
        url = postgres.url()

        def setting(name: str) -> str:
            return ask(url, f"SHOW {name}")

        assert ask(url, "SELECT current_database()") == "embedded"
        assert setting("server_encoding") == "UTF8"
        assert setting("listen_addresses") == ""
        assert int(setting("max_connections")) >= 200
        assert setting("fsync") == "off"
        assert setting("synchronous_commit") == "on"
        assert ask(url, "SELECT lower('É')") == "é"


def test_a_database_that_was_dropped_is_there_again_after_the_next_attach(data_dir: Path) -> None:
    """Attaching makes sure that the database exists, also on a server that runs."""
    with attach(data_dir, server_settings=FAST) as postgres:
        ask(postgres.url("postgres"), "DROP DATABASE embedded")

        with attach(data_dir) as again:
            assert ask(again.url(), "SELECT current_database()") == "embedded"


def test_database_and_superuser_have_the_name_that_the_caller_gives(data_dir: Path) -> None:
    """The default name is for programs that keep one database; a name that needs quoting is refused."""
    with attach(data_dir, name="own_name", server_settings=FAST) as postgres:
        assert ask(postgres.url(), "SELECT current_database() || ' ' || current_user") == "own_name own_name"

    for wrong in ("", "Own", "own-name", 'own"', "имя", "own/name"):
        with pytest.raises(ValueError, match="is not a name"):
            attach(data_dir, name=wrong)


def test_processes_that_start_at_the_same_time_share_one_server(data_dir: Path) -> None:
    """Whoever comes first starts the server, and the others find it."""
    with ExitStack() as stack:
        apps = [stack.enter_context(app(data_dir)) for _ in range(4)]
        urls = {said(each) for each in apps}

        births = {ask(url, BIRTH) for url in urls}

        assert len(urls) == 1
        assert len(births) == 1


def test_the_server_outlives_an_app_that_is_killed_and_comes_back_at_once(data_dir: Path) -> None:
    """A development server kills its backend at every edit; the database does not notice."""
    with app(data_dir) as first:
        birth = ask(said(first), BIRTH)
        first.kill()
        first.wait()

    with attach(data_dir) as postgres:
        assert ask(postgres.url(), BIRTH) == birth


@pytest.mark.parametrize("farewell", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running_after_the_last_user(data_dir: Path, farewell: signal.Signals) -> None:
    """Supervisor and server end by themselves, however their last user ended."""
    with app(data_dir) as last:
        url = said(last)
        pids = supervisor_pid(data_dir), postmaster_pid(data_dir)

        last.send_signal(farewell)
        last.wait()

        wait_until(lambda: not any(lives(pid) for pid in pids))
        assert is_quiet(data_dir)
        assert not answers(url)


def test_the_server_stays_while_one_of_two_users_does(data_dir: Path) -> None:
    """Closing, even twice, lets go of one's own hold only; another server without users sets the time."""
    with attach(data_dir, server_settings=FAST) as stays, data_folder() as other:
        birth = ask(stays.url(), BIRTH)
        leaves = attach(data_dir)
        alone = attach(other, server_settings=FAST)

        leaves.close()
        leaves.close()
        alone.close()
        wait_until(lambda: is_quiet(other))

        assert ask(stays.url(), BIRTH) == birth


def test_children_of_an_app_do_not_keep_the_server(data_dir: Path) -> None:
    """Neither a program that the app started nor a process forked from it has a hold."""
    postgres = attach(data_dir, server_settings=FAST)
    pid = postmaster_pid(data_dir)
    program = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    fork = os.fork()
    if fork == 0:
        signal.pause()
        os._exit(0)
    try:
        postgres.close()

        wait_until(lambda: not lives(pid))
        assert program.poll() is None
        assert lives(fork)
    finally:
        program.kill()
        program.communicate()
        os.kill(fork, signal.SIGKILL)
        os.waitpid(fork, 0)


def test_a_fork_that_attaches_has_a_hold_of_its_own(data_dir: Path) -> None:
    """What a fork inherited does not disturb what it then attaches to itself."""
    postgres = attach(data_dir, server_settings=FAST)
    birth = ask(postgres.url(), BIRTH)
    fork = os.fork()
    if fork == 0:
        with attach(data_dir) as own:
            postgres.close()
            os._exit(0 if ask(own.url(), BIRTH) == birth else 1)
    postgres.close()

    _, status = os.waitpid(fork, 0)

    assert status == 0


def test_a_long_path_is_no_obstacle_and_the_url_stays_the_same(data_dir: Path) -> None:
    """A socket's path is short by nature: the socket then lives elsewhere, in a folder closed to others."""
    deep = data_dir / ("long-" * 30) / "folder with spaces"
    try:
        with attach(deep, server_settings=FAST) as postgres:
            url = postgres.url()
            assert answers(url)
            stop(deep)

            with attach(deep, server_settings=FAST) as again:
                assert answers(again.url())
                assert again.url() == url
    finally:
        stop(deep)
        socket_folder = Path((deep / "address").read_text())
        assert socket_folder.stat().st_mode & 0o077 == 0
        socket_folder.rmdir()


def test_a_server_whose_folder_is_deleted_ends(data_dir: Path) -> None:
    """Deleting the data folder is how somebody starts over: the old server must not stay around."""
    with attach(data_dir, server_settings=FAST) as postgres:
        pids = supervisor_pid(data_dir), postmaster_pid(data_dir)

        # The server removes files of its own meanwhile.
        wait_until(lambda: shutil.rmtree(data_dir, ignore_errors=True) or not data_dir.exists())
        with attach(data_dir, server_settings=FAST) as fresh:
            wait_until(lambda: not any(lives(pid) for pid in pids))

            assert answers(fresh.url())
            assert fresh.url() == postgres.url()


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    """The error holds the end of the server's log, and another way to a database."""
    with pytest.raises(ServerNotStarted) as failure:
        attach(data_dir, server_settings=FAST | {"no_such_setting": "1"})

    assert 'unrecognized configuration parameter "no_such_setting"' in str(failure.value)
    assert "DATABASE_URL" in why(failure.value)


def test_a_folder_that_cannot_be_used_is_named(data_dir: Path) -> None:
    """A file in the place of the data folder is reported as such."""
    data_dir.write_text("not a folder")

    with pytest.raises(FolderUnusable, match=data_dir.name):
        attach(data_dir)

    data_dir.unlink()


def test_windows_is_told_what_to_do_instead(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded server needs a Unix: the error names both ways out."""
    monkeypatch.setattr(sys, "platform", "win32")

    with pytest.raises(UnsupportedSystem, match="WSL2") as failure:
        attach(data_dir)

    assert "DATABASE_URL" in why(failure.value)
