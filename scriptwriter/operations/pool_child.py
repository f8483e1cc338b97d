"""Child process of process_pool.py: runs one job after another. It imports nothing of the application itself.

Parent and child exchange frames over pipes: eight bytes of length, then a pickle. The parent sends (seconds,
function, args, kwargs). The child sends ACCEPTED, then the result, a ScriptwriterError, or a Fault.
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
"""The frame that says that the job has begun. If the process ends after it, the job is the cause."""
MEMORY = 1 << 30
"""Limit of the address space in bytes."""
IDLE_SECONDS = 60.0
"""Seconds without a job after which the process ends."""
_LARGE = 300 << 10
"""Peak memory in KiB above which the process takes no further job."""
_NICENESS = 10
"""Niceness of the child: the parent's event loop has priority."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A job failed with an unexpected exception; `trace` is for the log."""

    trace: str


def send(pipe: IO[bytes], content: bytes) -> None:
    """Write one frame."""
    pipe.write(len(content).to_bytes(8, "big"))
    pipe.write(content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes:
    """Read one frame. Raises EOFError if the other side has ended."""
    head = pipe.read(8)
    content = pipe.read(int.from_bytes(head, "big"))
    if len(head) < 8 or len(content) < int.from_bytes(head, "big"):
        raise EOFError
    return content


def main() -> NoReturn:
    """Run jobs until the parent ends, or IDLE_SECONDS pass without one."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        # Output of a job must not mix with the frames.
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
    """Peak memory of this process in KiB. On Linux getrusage would include the parent's."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _read(jobs: IO[bytes], asked: "queue.SimpleQueue[bytes]") -> None:
    """Put each job into the queue. When the parent has ended, exit immediately, even during a job."""
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
        # After this time SIGALRM kills the process, even in the middle of a job.
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return pickle.dumps(work(*args, **kwargs), pickle.HIGHEST_PROTOCOL)
    except ScriptwriterError as error:
        return pickle.dumps(error)
    except (MemoryError, RecursionError):
        return pickle.dumps(UserError("too_much_work"))
    except Exception:
        return pickle.dumps(Fault(traceback.format_exc()))


if __name__ == "__main__":
    # Pickle must find Fault in this module, not in __main__.
    from scriptwriter.operations import pool_child

    pool_child.main()
