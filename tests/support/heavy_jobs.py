"""Jobs for child processes. `heavy.run` needs functions at the top level of a module."""

import os
import re
import signal
import sys
import time
from pathlib import Path

from scriptwriter.domain.errors import UserError


def who() -> tuple[int, list[str], dict[str, str]]:
    """The pid of the process that runs the job, the modules that it has imported, and its environment."""
    return os.getpid(), [*sys.modules], dict(os.environ)


def backtrack() -> bool:
    """Hold the interpreter lock for years in one regular expression that cannot be interrupted."""
    return re.match("(a+)+$", "a" * 60 + "b") is not None


def grow() -> int:
    """Allocate more memory than a job may use."""
    return len([bytes(1 << 20) for _ in range(4_096)])


def die() -> None:
    """Send SIGKILL to this process, as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    """Raise an error that is shown to the person."""
    raise UserError("username_length", least=2, most=30)


def fail() -> None:
    """Raise an unexpected error."""
    raise ValueError("a fault")


def note(file: Path, line: str, until: Path | None = None) -> None:
    """Append a line to `file`, then run until the file `until` exists."""
    with file.open("a") as output:
        print(line, file=output)
    while until is not None and not until.exists():
        time.sleep(0.01)


def echo(content: bytes) -> bytes:
    """Return `content` unchanged, and print something."""
    print("said by the job", flush=True)
    return content
