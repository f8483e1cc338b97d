"""The draft of an attempt: commits the newest ideas while the reply grows.

Reading the model never waits for the database: a commit that takes long skips the states in between.
"""

import asyncio
from contextlib import suppress

import structlog

from scriptwriter.domain.graph import Idea, placed
from scriptwriter.services.runs import attempts
from scriptwriter.services.runs.attempts import Attempt
from scriptwriter.store.database import DATABASE_AWAY
from scriptwriter.worker.reply_parser import GrowingReply

PAUSE = 0.1
"""The least time between two drafts, in seconds. A finished idea is committed at once."""

CHECK = 0.4
"""Seconds without words after which the fence is checked: a stop must also end a model that only reasons."""

_log = structlog.get_logger(__name__)


class Draft:
    """The growing ideas of one attempt, and their commits."""

    def __init__(self, attempt: Attempt, reply: GrowingReply) -> None:
        self._attempt = attempt
        self._reply = reply
        self._changed = asyncio.Event()
        self._hurry = asyncio.Event()
        self._ended = False
        self._finished = 0

    def ideas(self) -> tuple[Idea, ...]:
        """All ideas of the brief as far as they are written, each at its place."""
        return placed(self._attempt.ideas, self._attempt.slots, self._reply.ideas())

    def grown(self) -> None:
        """Tell that the reply has grown: it is committed soon, a finished idea at once."""
        self._changed.set()
        if self._reply.finished > self._finished:
            self._finished = self._reply.finished
            self._hurry.set()

    def end(self) -> None:
        """Make `keep_saving` return: the end of the attempt commits what is left."""
        self._ended = True
        self._changed.set()
        self._hurry.set()

    async def keep_saving(self) -> None:
        """Commit the newest ideas again and again until `end`. Raises Superseded, also while no word comes.

        While the database is away it tries again, each time with the newest ideas.
        """
        saved = self._attempt.ideas
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK):
                    await self._changed.wait()
            if self._ended:
                return
            if not self._changed.is_set():
                await self._check()
                continue
            self._changed.clear()
            self._hurry.clear()
            ideas = self.ideas()
            if ideas == saved:
                continue
            try:
                await attempts.save_draft(self._attempt, ideas)
                saved = ideas
            except DATABASE_AWAY as error:
                _log.warning("draft_not_saved", cause=type(error).__name__)
                self._changed.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await self._hurry.wait()

    async def _check(self) -> None:
        try:
            await attempts.check(self._attempt)
        except DATABASE_AWAY as error:
            _log.warning("fence_not_checked", cause=type(error).__name__)
