"""The first command of the README, run in a new clone."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.postgres import stop
from tests.support.waiting import wait_until
from tests.support.web import BUILD_LIMIT, ROOT, free_port

READY = re.compile(r"Scriptwriter is ready: (http://localhost:\d+)\n")
UNUSUAL = re.compile(r"warning|deprecat|error|traceback|node", re.IGNORECASE)


@pytest.fixture
def private_clone() -> Iterator[Path]:
    """A clone in a folder that only its owner may enter, on a path with a space and Chinese characters."""
    parent = Path(tempfile.mkdtemp(prefix="scriptwriter-clone-"))
    clone = parent / "短剧 workshop"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    yield clone
    assert parent.stat().st_mode & 0o777 == 0o700
    stop(clone / ".data" / "postgres")
    shutil.rmtree(parent)


@contextmanager
def first_command(clone: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `uv run reflex run` without a writable home, and send Ctrl+C at the end."""
    uv = shutil.which("uv")
    assert uv, "uv is not installed: pip install uv"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTEST"))
    }
    for unset in ("DATABASE_URL", "ELECTRIC_URL", "REDIS_URL"):
        environment[unset] = ""
    # Use the package cache of this machine; a home that cannot be created counts as no home.
    environment.setdefault("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    environment["HOME"] = "/proc/nowhere" if Path("/proc").is_dir() else "/nowhere"
    ports = ["--frontend-port", str(free_port()), "--backend-port", str(free_port())]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [uv, "run", "reflex", "run", *ports], cwd=clone, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        processes = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        process.send_signal(signal.SIGINT)
        _, left = psutil.wait_procs(processes, timeout=30)
        for each in left:
            each.kill()
        assert not left


def test_the_first_command_runs_in_a_private_folder_without_a_home(
    private_clone: Path, tmp_path: Path
) -> None:
    """It prints one address when everything answers. As root it once failed with 'initdb: invalid binary'."""
    log = tmp_path / "first-command.log"
    with first_command(private_clone, log) as process:

        def ready() -> bool:
            assert process.poll() is None, log.read_text()[-4000:]
            return READY.search(log.read_text()) is not None

        wait_until(ready, BUILD_LIMIT)
        output = log.read_text()
        [url] = READY.findall(output)
        with urllib.request.urlopen(url, timeout=30) as page:
            assert page.status == 200
        processes = psutil.Process(process.pid).children(recursive=True)
        listening = {
            connection.laddr.ip
            for each in processes
            for connection in each.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }

        assert listening == {"127.0.0.1"}
        assert len(re.findall(r"https?://", output)) == 1
        assert not [line for line in output.splitlines() if UNUSUAL.search(line)]
        assert not (private_clone / ".venv" / "bin" / "pytest").exists()
        assert (private_clone / ".data").is_dir()
        changed = subprocess.run(
            ["git", "status", "--porcelain"], cwd=private_clone, capture_output=True, text=True, check=True
        )
        assert changed.stdout == ""
