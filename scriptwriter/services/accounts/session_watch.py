"""Notices sessions that end while a page is open: signed out elsewhere, password changed, account closed.

One query covers all sessions that this process watches, so its cost does not grow with the open pages.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
from sqlmodel import col, select

from scriptwriter.store import fair_share
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User, UserSession

ASK_SECONDS = 3.0
"""Seconds between two queries. Together with ANSWER_SECONDS below five seconds."""
ANSWER_SECONDS = 1.5
"""Seconds to wait for the query. A database that does not answer ends no session."""

_log = structlog.get_logger(__name__)


class _Watch:
    def __init__(self) -> None:
        self.watched: dict[str, list[Callable[[], None]]] = {}
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        # The task inherits the context of the first caller, but works for all of them.
        fair_share.charge("")
        while True:
            await asyncio.sleep(ASK_SECONDS)
            asked = list(self.watched)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    living = await _living(asked)
            except Exception as error:
                _log.warning("sessions_not_asked", cause=type(error).__name__)
                continue
            for session_id in asked:
                if session_id not in living:
                    for tell in list(self.watched.get(session_id, ())):
                        try:
                            tell()
                        except Exception:
                            # One failing callback must not keep the others from running.
                            _log.exception("end_of_session_not_told")


_watch = _Watch()


@contextmanager
def watched(session_id: str, at_end: Callable[[], None]) -> Iterator[None]:
    """Within the block, call `at_end` at most five seconds after the session with this id has ended.

    It may be called several times.
    """
    _watch.watched.setdefault(session_id, []).append(at_end)
    loop = asyncio.get_running_loop()
    if _watch.task is None or _watch.task.done() or _watch.task.get_loop() is not loop:
        _watch.task = asyncio.create_task(_watch.run(), name="watch of sessions")
    try:
        yield
    finally:
        _watch.watched[session_id].remove(at_end)
        if not _watch.watched[session_id]:
            del _watch.watched[session_id]
        if not _watch.watched and _watch.task is not None:
            _watch.task.cancel()
            _watch.task = None


async def _living(session_ids: list[str]) -> frozenset[str]:
    async with transaction() as session:
        found = await session.exec(
            select(UserSession.id)
            .join(User, col(User.id) == UserSession.user_id)
            .where(
                col(UserSession.id).in_(session_ids),
                UserSession.expires_at > datetime.now(UTC),
                User.status == "active",
            )
        )
        return frozenset(found)
