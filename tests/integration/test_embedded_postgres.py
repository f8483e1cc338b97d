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
START_TIME = "SELECT pg_postmaster_start_time()::text"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def test_the_first_attach_makes_a_cluster_with_the_required_settings(data_dir: Path) -> None:
    """The database is in UTF-8, and the server listens on no network address."""
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


def test_the_next_attach_makes_a_dropped_database_again(data_dir: Path) -> None:
    """Attaching ensures that the database exists, also on a running server."""
    with attach(data_dir, server_settings=FAST) as postgres:
        ask(postgres.url("postgres"), "DROP DATABASE embedded")

        with attach(data_dir) as again:
            assert ask(again.url(), "SELECT current_database()") == "embedded"


def test_database_and_superuser_have_the_name_that_the_caller_gives(data_dir: Path) -> None:
    """A name that would need quoting is refused."""
    with attach(data_dir, name="own_name", server_settings=FAST) as postgres:
        assert ask(postgres.url(), "SELECT current_database() || ' ' || current_user") == "own_name own_name"

    for wrong in ("", "Own", "own-name", 'own"', "имя", "own/name"):
        with pytest.raises(ValueError, match="is not a name"):
            attach(data_dir, name=wrong)


def test_processes_that_start_at_the_same_time_share_one_server(data_dir: Path) -> None:
    """The first process starts the server, and the others find it."""
    with ExitStack() as stack:
        apps = [stack.enter_context(app(data_dir)) for _ in range(4)]
        urls = {said(each) for each in apps}

        start_times = {ask(url, START_TIME) for url in urls}

        assert len(urls) == 1
        assert len(start_times) == 1


def test_the_server_survives_a_killed_app_that_restarts_at_once(data_dir: Path) -> None:
    """A development server kills its backend at every edit, and the database keeps running."""
    with app(data_dir) as first:
        start_time = ask(said(first), START_TIME)
        first.kill()
        first.wait()

    with attach(data_dir) as postgres:
        assert ask(postgres.url(), START_TIME) == start_time


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_supervisor_and_server_end_after_their_last_user(
    data_dir: Path, signal_number: signal.Signals
) -> None:
    """It makes no difference whether that process was terminated or killed."""
    with app(data_dir) as last:
        url = said(last)
        pids = supervisor_pid(data_dir), postmaster_pid(data_dir)

        last.send_signal(signal_number)
        last.wait()

        wait_until(lambda: not any(lives(pid) for pid in pids))
        assert is_quiet(data_dir)
        assert not answers(url)


def test_the_server_runs_while_one_of_two_users_is_attached(data_dir: Path) -> None:
    """Closing, even twice, releases only the caller's own lock."""
    with attach(data_dir, server_settings=FAST) as stays, data_folder() as other:
        start_time = ask(stays.url(), START_TIME)
        leaves = attach(data_dir)
        alone = attach(other, server_settings=FAST)

        leaves.close()
        leaves.close()
        alone.close()
        # By the time the other server has ended, this one would have ended, too.
        wait_until(lambda: is_quiet(other))

        assert ask(stays.url(), START_TIME) == start_time


def test_child_processes_do_not_keep_the_server_running(data_dir: Path) -> None:
    """Neither a program that the app started nor a forked process inherits its lock."""
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


def test_a_forked_process_can_attach_by_itself(data_dir: Path) -> None:
    """Closing the inherited object does not close its own."""
    postgres = attach(data_dir, server_settings=FAST)
    start_time = ask(postgres.url(), START_TIME)
    fork = os.fork()
    if fork == 0:
        with attach(data_dir) as own:
            postgres.close()
            os._exit(0 if ask(own.url(), START_TIME) == start_time else 1)
    postgres.close()

    _, status = os.waitpid(fork, 0)

    assert status == 0


def test_a_long_path_works_and_the_url_stays_the_same(data_dir: Path) -> None:
    """A socket's path has a maximum length, so the socket is in another folder, closed to other accounts."""
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


def test_a_server_ends_when_its_folder_is_deleted(data_dir: Path) -> None:
    """People delete the data folder to start over, so the old server must not keep running."""
    with attach(data_dir, server_settings=FAST) as postgres:
        pids = supervisor_pid(data_dir), postmaster_pid(data_dir)

        # The server removes some files itself at the same time, so rmtree may fail.
        wait_until(lambda: shutil.rmtree(data_dir, ignore_errors=True) or not data_dir.exists())
        with attach(data_dir, server_settings=FAST) as fresh:
            wait_until(lambda: not any(lives(pid) for pid in pids))

            assert answers(fresh.url())
            assert fresh.url() == postgres.url()


def test_a_failed_start_raises_the_end_of_the_servers_log(data_dir: Path) -> None:
    """Its note names DATABASE_URL as another way to a database."""
    with pytest.raises(ServerNotStarted) as failure:
        attach(data_dir, server_settings=FAST | {"no_such_setting": "1"})

    assert 'unrecognized configuration parameter "no_such_setting"' in str(failure.value)
    assert "DATABASE_URL" in why(failure.value)


def test_an_unusable_data_folder_is_named_in_the_error(data_dir: Path) -> None:
    """Here a file is in the place of the folder."""
    data_dir.write_text("not a folder")

    with pytest.raises(FolderUnusable, match=data_dir.name):
        attach(data_dir)

    data_dir.unlink()


def test_on_windows_the_error_names_wsl_and_database_url(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded server needs a Unix system."""
    monkeypatch.setattr(sys, "platform", "win32")

    with pytest.raises(UnsupportedSystem, match="WSL2") as failure:
        attach(data_dir)

    assert "DATABASE_URL" in why(failure.value)
