"""A child process of `heavy`: does one job after another. Imports nothing of the application by itself.

Both sides send frames over pipes: eight bytes with the length, and a pickle. Down comes (seconds, function,
args, kwargs); up goes ACCEPTED, then what the function returns, an error that a person may see, or a Fault.
"""

import os
import pickle
import queue
import resource
import signal
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, NoReturn

ACCEPTED = b""
"""The frame which says that the job has begun: if the process ends from here on, the job is why."""
MEMORY = 1 << 30
"""Bytes of address space."""
IDLE_SECONDS = 60.0
"""Without a job for so long the process ends."""
_LARGE = 300 << 10
"""KiB that a process may have had in memory and still take the next job."""
_NICENESS = 10
"""The event loop of the parent goes first where cores are short."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A job failed by a fault of ours; `trace` is for the log."""

    trace: str


def send(pipe: IO[bytes], content: bytes) -> None:
    """Write one frame."""
    pipe.write(len(content).to_bytes(8, "big"))
    pipe.write(content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes:
    """Read one frame. Raises EOFError where the other side has ended."""
    head = pipe.read(8)
    content = pipe.read(int.from_bytes(head, "big"))
    if len(head) < 8 or len(content) < int.from_bytes(head, "big"):
        raise EOFError
    return content


def main() -> NoReturn:
    """Do jobs until the parent ends, or until there was none for a while."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        # What a job prints must not get between the frames.
        os.dup2(nothing, stream)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.nice(_NICENESS)
    asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(jobs, asked), daemon=True).start()
    while True:
        try:
            job = asked.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            os._exit(0)
        send(answers, ACCEPTED)
        answer = _answer(job)
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(answers, answer)
        if _most_memory() > _LARGE:
            os._exit(0)


def _most_memory() -> int:
    """KiB that this process has had in memory at most; Linux counts the parent's in what getrusage says."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _read(jobs: IO[bytes], asked: "queue.SimpleQueue[bytes]") -> None:
    """Put each job into the queue; when the parent has ended, end at once, also in the middle of a job."""
    while True:
        try:
            asked.put(receive(jobs))
        except EOFError:
            os._exit(0)
        except BaseException:
            os._exit(1)


def _answer(job: bytes) -> bytes:
    from scriptwriter.domain.errors import ScriptwriterError, UserError

    try:
        seconds, work, args, kwargs = pickle.loads(job)
        # Then the kernel ends the process, whatever it is in the middle of.
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return pickle.dumps(work(*args, **kwargs), pickle.HIGHEST_PROTOCOL)
    except ScriptwriterError as error:
        return pickle.dumps(error)
    except (MemoryError, RecursionError):
        return pickle.dumps(UserError("too_much_work"))
    except Exception:
        return pickle.dumps(Fault(traceback.format_exc()))


if __name__ == "__main__":
    # The parent knows Fault by the name of this module, not as a part of __main__.
    from scriptwriter.operations import pool_child

    pool_child.main()
