"""Jobs for child processes: functions at the top of a module, as `heavy.run` needs them."""

import os
import re
import signal
import sys
import time
from pathlib import Path

from scriptwriter.domain.errors import UserError


def who() -> tuple[int, list[str], dict[str, str]]:
    """The process that does the job, the modules it has imported, and its environment."""
    return os.getpid(), [*sys.modules], dict(os.environ)


def backtrack() -> bool:
    """Hold the interpreter lock for years, in one call that nothing interrupts."""
    return re.match("(a+)+$", "a" * 60 + "b") is not None


def grow() -> int:
    """More memory than a job may have."""
    return len([bytes(1 << 20) for _ in range(4_096)])


def die() -> None:
    """End as the kernel ends what takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    """An error that a person should see."""
    raise UserError("username_length", least=2, most=30)


def fail() -> None:
    """A fault of ours."""
    raise ValueError("a fault")


def note(file: Path, line: str, until: Path | None = None) -> None:
    """Append a line to a file, and go on until another one is there."""
    with file.open("a") as output:
        print(line, file=output)
    while until is not None and not until.exists():
        time.sleep(0.01)


def echo(content: bytes) -> bytes:
    """The content as it came; prints meanwhile."""
    print("said by the job", flush=True)
    return content
