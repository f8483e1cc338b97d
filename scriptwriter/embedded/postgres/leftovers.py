"""Ends the processes that an earlier server left running, found by the tag in their titles."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# A fast shutdown writes a checkpoint. It gets this time before the processes are killed.
_PATIENCE = 10.0


def end(tag: str) -> None:
    """Shut down the postmaster with this tag, kill its orphans, and return when all are gone.

    `tag` is the `cluster_name` that postgres shows in the titles of its processes. Raises TimeoutError.
    """
    started, asked = time.monotonic(), set()
    while found := [(pid, command) for pid, command in _running() if _belongs(command, tag)]:
        waited = time.monotonic() - started
        if waited > 2 * _PATIENCE:
            raise TimeoutError(f"processes of an earlier server do not end: {found}")
        postmasters = {pid for pid, command in found if not command.startswith("postgres: ")}
        impatient = waited > _PATIENCE or not postmasters
        for pid in {pid for pid, _ in found} if impatient else postmasters - asked:
            _signal(pid, signal.SIGKILL if impatient else signal.SIGINT)
        asked |= postmasters
        time.sleep(0.05)


def _belongs(command: str, tag: str) -> bool:
    """Whether a command line is of this server.

    A child's title is "postgres: <tag>: …". The postmaster keeps the arguments that it was started with.
    """
    program = command.split(" ", 1)[0]
    return command.startswith(f"postgres: {tag}: ") or (
        program.endswith("/postgres") and f"cluster_name={tag}" in command
    )


def _running() -> Iterator[tuple[int, str]]:
    """Pid and command line of every process. A zombie has no command line and is left out."""
    if sys.platform == "linux":
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                yield int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")
        return
    listing = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command.strip()


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
