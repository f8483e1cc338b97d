"""What rxconfig.py asks of Reflex before it starts; a new version of Reflex must still listen to it."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from reflex.utils import build, exec, prerequisites, processes
from reflex_base.constants import PackageJson

import rxconfig
from tests.support.web import ROOT, free_port


def test_a_start_writes_no_time_into_what_the_bundle_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With unchanged code the files of the page keep their names from one start to the next."""
    monkeypatch.setenv("REFLEX_WEB_WORKDIR", str(tmp_path))
    (tmp_path / "reflex.json").write_text(json.dumps({"version": "0", "project_hash": 1}))

    build.setup_frontend(tmp_path)

    assert json.loads((tmp_path / "reflex.json").read_text()) == {"version": "0", "project_hash": 1}
    assert prerequisites.set_last_reflex_run_time.__module__ == rxconfig.__name__


def test_in_development_the_page_listens_on_this_machine_only_and_names_no_address_early() -> None:
    """Reflex's own command has `--host` alone, which is every interface."""
    assert PackageJson.Commands.DEV == "react-router dev --host 127.0.0.1"
    assert exec.notify_frontend.__module__ == exec.notify_backend.__module__ == rxconfig.__name__


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of sockets without files")
def test_two_starts_at_once_choose_different_ports() -> None:
    """The second one finds the port taken before the first one listens there."""
    port = free_port()
    ask = (
        "import rxconfig, socket; from reflex.utils import processes;"
        f"print(processes.handle_port('backend', {port}, auto_increment=True))"
    )

    mine = processes.handle_port("backend", port, auto_increment=True)
    theirs = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()[-1]

    assert mine == port
    assert int(theirs) > port
    assert processes.is_process_on_port(port, [socket.AF_INET]) is False
