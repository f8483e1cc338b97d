"""Records every slow callback of an event loop in the process that imports this module.

Python imports a module of this name from PYTHONPATH when it starts. The time is CPU time of the loop's own
thread, so a busy machine does not lengthen it.
"""

import asyncio
import json
import os
import threading
import time

FILE = os.environ.get("SLOW_CALLBACK_FILE")
LEAST = 0.02
"""Callbacks that take more CPU seconds than this are recorded."""


def _name(handle: asyncio.Handle) -> str:
    callback = handle._callback  # type: ignore[attr-defined]
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        steps, coroutine = [], owner.get_coro()
        while coroutine is not None and len(steps) < 12:
            steps.append(getattr(coroutine, "__qualname__", repr(coroutine)[:80]))
            coroutine = getattr(coroutine, "cr_await", None)
        return f"{owner.get_name()}: {' > '.join(steps)}"
    return repr(callback)[:200]


def _watched(run):  # type: ignore[no-untyped-def]
    def run_watched(self: asyncio.Handle) -> None:
        began = time.thread_time()
        try:
            run(self)
        finally:
            took = time.thread_time() - began
            if took > LEAST and threading.current_thread() is threading.main_thread():
                with open(FILE, "a", encoding="utf-8") as output:  # type: ignore[arg-type]
                    line = {"pid": os.getpid(), "seconds": round(took, 4), "what": _name(self)}
                    print(json.dumps(line), file=output)

    return run_watched


if FILE:
    asyncio.Handle._run = _watched(asyncio.Handle._run)  # type: ignore[attr-defined]
