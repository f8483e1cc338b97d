"""Runs CPU-heavy work in child processes, so that the event loop stays responsive.

A thread is not enough, because a regular expression or a parser holds the interpreter lock. A child imports
only the module of the work: no Reflex, no database, no settings. The first job starts it. It ends with this
process, or after IDLE_SECONDS without a job.
"""

import asyncio
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from scriptwriter.domain.errors import ScriptwriterError, UserError
from scriptwriter.operations.pool_child import ACCEPTED, Fault, receive, send

AT_A_TIME = 2
"""Children of this process. Each may use a core and a gigabyte."""
WAITING_OF_ONE = 3
"""Waiting jobs of one person."""
WAITING = 64
"""Waiting jobs of all persons."""
SECONDS = 60.0
"""Time limit of one job."""
LARGE = 2_000
"""Rows of a join from which it runs in a thread; that many take about 20 ms."""

_PROJECT = Path(__file__).parents[2]
_VARIABLES = frozenset({"PATH", "PYTHONPATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH"})
"""Environment variables that a child gets. The others may be secrets."""

P = ParamSpec("P")
Result = TypeVar("Result")


async def run(person: str, work: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run `work(*args, **kwargs)` in a child process for the person with this id; returns its result.

    `work` is a module-level function of a module that does not import Reflex. Arguments and result are
    pickled in this process: prefer bytes and strings to a hundred thousand small objects.

    Raises the ScriptwriterError that `work` raises, RuntimeError for any other exception; UserError
    `busy_with_yours` or `too_busy` if too many jobs wait, `too_much_work` beyond SECONDS or MEMORY,
    `service_away` after `close`.
    """
    async with _line.turn(person):
        job = _Job(pickle.dumps((SECONDS, work, args, kwargs), pickle.HIGHEST_PROTOCOL))
        try:
            answer = await asyncio.get_running_loop().run_in_executor(_threads, job.done)
        except asyncio.CancelledError:
            job.cancel()
            raise
    if isinstance(answer, Fault):
        raise RuntimeError(f"a job failed in its child process\n{answer.trace}")
    if isinstance(answer, ScriptwriterError):
        raise answer
    return answer  # pyright: ignore[reportReturnType]: a child answers what `work` returns


async def in_thread_if_large(
    size: int, work: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs
) -> Result:
    """Run `work(*args, **kwargs)`, in a thread if `size` is LARGE or more; returns its result.

    For work on objects of this process in many short Python steps: the event loop gets the interpreter every
    few milliseconds. Not for a single long call, such as a regular expression, which would block it.
    """
    if size < LARGE:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


def close() -> None:
    """Kill all children, also during a job, and fail all waiting jobs. A later `run` starts new children."""
    _line.dismiss()
    _idle.clear()
    for child in [*_children]:
        child.closed = True
        child.kill()
        child.forget()


class _Line:
    """The queue of jobs: one running job per person; next is the person who was served longest ago."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._served: dict[str, int] = {}
        self._turns = 0

    @asynccontextmanager
    async def turn(self, person: str) -> AsyncIterator[None]:
        if sum(person == other for other, _ in self._waiting) >= WAITING_OF_ONE:
            raise UserError("busy_with_yours")
        if len(self._waiting) >= WAITING:
            raise UserError("too_busy")
        entry = (person, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._admit()
        try:
            await entry[1]
            yield
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)
            else:
                self._running.discard(person)
            if person not in self._running and all(person != other for other, _ in self._waiting):
                self._served.pop(person, None)
            self._admit()

    def dismiss(self) -> None:
        """Fail all waiting jobs with UserError `service_away`."""
        for _, turn in self._waiting:
            if not turn.done():
                turn.set_exception(UserError("service_away"))

    def _admit(self) -> None:
        while len(self._running) < AT_A_TIME:
            ready = [
                entry for entry in self._waiting if entry[0] not in self._running and not entry[1].done()
            ]
            if not ready:
                return
            # min() returns the first of equals: the one that has waited longest.
            entry = min(ready, key=lambda waiting: self._served.get(waiting[0], -1))
            self._waiting.remove(entry)
            self._running.add(entry[0])
            self._turns += 1
            self._served[entry[0]] = self._turns
            entry[1].set_result(None)


class _Child:
    """A child process and the pipes to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scriptwriter.operations.pool_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_PROJECT,
            env={name: value for name, value in os.environ.items() if name in _VARIABLES},
            # Ctrl+C reaches only the parent, which ends its children.
            start_new_session=True,
        )
        self.new = True
        self.closed = False
        _children.add(self)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def accepts(self, asked: bytes) -> bool:
        """Send the job; whether the child has begun with it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            send(self._process.stdin, asked)
            return receive(self._process.stdout) == ACCEPTED
        except (EOFError, OSError):
            return False

    def answer(self) -> object:
        """The result of the job. Raises EOFError if the child ends first."""
        assert self._process.stdout is not None
        return pickle.loads(receive(self._process.stdout))

    def kill(self) -> None:
        """Kill the child. A thread that waits in `answer` gets an EOFError."""
        self._process.kill()

    def forget(self) -> None:
        """Wait for the child to end, and close its pipes."""
        _children.discard(self)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


class _Job:
    """One job. A thread waits in `done`; the event loop may call `cancel`."""

    def __init__(self, asked: bytes) -> None:
        self._asked = asked
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._cancelled = False

    def done(self) -> object:
        """The result, computed in an idle child or a new one; None if the job was cancelled."""
        while (child := self._begun()) is not None:
            try:
                if child.accepts(self._asked):
                    answer = child.answer()
                    with self._lock:
                        self._child, child.new = None, False
                    _idle.append(child)
                    return answer
            except EOFError:
                child.forget()
                return UserError("service_away" if child.closed else "too_much_work")
            child.forget()
            if child.closed:
                return UserError("service_away")
            if child.new:
                return Fault("the child process ended before its job began")
        return None

    def cancel(self) -> None:
        """Cancel the job, and kill its child if it has one."""
        with self._lock:
            self._cancelled = True
            if self._child is not None:
                self._child.kill()

    def _begun(self) -> _Child | None:
        with self._lock:
            if self._cancelled:
                return None
            with suppress(IndexError):
                while not (idle := _idle.pop()).alive:
                    idle.forget()
                self._child = idle
                return idle
            self._child = _Child()
            return self._child


_line = _Line()
_threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="process-pool")
_children: set[_Child] = set()
_idle: list[_Child] = []
