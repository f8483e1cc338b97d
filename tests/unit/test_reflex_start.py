"""How rxconfig.py changes the start of Reflex. The tests fail when a new version of Reflex ignores it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from reflex.utils import build, exec, prerequisites, processes
from reflex_base.constants import PackageJson

import rxconfig
from tests.support.web import ROOT, free_port


def test_a_start_writes_no_timestamp_into_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With unchanged code, the files of the pages keep their names."""
    monkeypatch.setenv("REFLEX_WEB_WORKDIR", str(tmp_path))
    (tmp_path / "reflex.json").write_text(json.dumps({"version": "0", "project_hash": 1}))

    build.setup_frontend(tmp_path)

    assert json.loads((tmp_path / "reflex.json").read_text()) == {"version": "0", "project_hash": 1}
    assert prerequisites.set_last_reflex_run_time.__module__ == rxconfig.__name__


def test_the_development_server_listens_on_loopback_only() -> None:
    """Reflex would pass `--host` alone, which means every interface. It also prints no address too early."""
    assert PackageJson.Commands.DEV == "react-router dev --host 127.0.0.1"
    assert exec.notify_frontend.__module__ == exec.notify_backend.__module__ == rxconfig.__name__


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract socket names")
def test_two_starts_at_once_choose_different_ports() -> None:
    """The second one finds the port reserved before the first one listens on it."""
    port = free_port()
    ask = (
        "import rxconfig, socket; from reflex.utils import processes;"
        f"print(processes.handle_port('frontend', {port}, auto_increment=True))"
    )

    mine = processes.handle_port("frontend", port, auto_increment=True)
    theirs = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()[-1]

    assert mine == port
    assert int(theirs) > port
    assert processes.is_process_on_port(port, [socket.AF_INET]) is False


@pytest.mark.parametrize("service", ["frontend", "backend"])
def test_a_requested_port_in_use_ends_the_start_with_one_sentence(service: str, database_url: str) -> None:
    """It names the port and a remedy. A port that was not requested is skipped silently."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        asked, passed = (
            subprocess.run(
                [sys.executable, "-c", f"import rxconfig; from reflex.utils import processes; {ask}"],
                cwd=ROOT, capture_output=True, text=True, check=False,
                env=os.environ | {"DATABASE_URL": database_url},
            )
            for ask in (f"processes.handle_port({service!r}, {port}, {search})" for search in (False, True))
        )  # fmt: skip

    assert (asked.returncode, passed.returncode) == (1, 0)
    assert asked.stdout == passed.stdout == passed.stderr == ""
    assert asked.stderr == (
        f"Scriptwriter cannot start: port {port} is in use by another program: end that one, "
        f"or choose another port with --{service}-port.\n"
    )


@pytest.mark.parametrize("outside", [True, False], ids=["unreachable", "newer data folder"])
def test_an_unusable_database_ends_the_start_before_the_build(tmp_path: Path, outside: bool) -> None:
    """With one sentence, when Reflex asks for the backend port."""
    cluster = tmp_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("99\n")
    database = {"DATABASE_URL": "postgresql://127.0.0.1:9/none" if outside else "", "DB_HOST": ""}

    start = subprocess.run(
        [
            sys.executable,
            "-c",
            "import rxconfig; from reflex.config import reload_config; from reflex.utils import processes;"
            f"reload_config(); processes.handle_port('backend', {free_port()}, False)",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | database | {"SCRIPTWRITER_DATA_DIR": str(tmp_path)},
    )  # fmt: skip

    [sentence] = start.stderr.splitlines()
    assert (start.returncode, start.stdout) == (1, "")
    assert sentence.startswith("Scriptwriter cannot start: ")
    assert ("the database cannot be used" if outside else "PostgreSQL 99") in sentence
