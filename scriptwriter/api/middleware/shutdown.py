"""Tells long responses that this process was asked to stop. Without it the server waits for them to end."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_open: set["asyncio.Future[None]"] = set()


@contextmanager
def noticed() -> Iterator["asyncio.Future[None]"]:
    """A future that completes when this process is asked to stop."""
    stopping = asyncio.get_running_loop().create_future()
    _open.add(stopping)
    try:
        yield stopping
    finally:
        _open.discard(stopping)
        stopping.cancel()


@contextmanager
def on_signals() -> Iterator[None]:
    """Handle SIGINT and SIGTERM in addition to the handlers that exist.

    Python delivers signals to the main thread only. In another thread this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(_end)
        known: Any = before[signal.Signals(number)]
        if callable(known):
            known(number, frame)

    for number in _SIGNALS:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, known in before.items():
            if signal.getsignal(number) is hear:
                signal.signal(number, known)


def _end() -> None:
    for stopping in _open:
        if not stopping.done():
            stopping.set_result(None)
