"""Owns what a worker clears away beside its work: silent tabs at once, what is long over now and then."""

import asyncio

import structlog

from scriptwriter.services.expiry import clean
from scriptwriter.services.projects.open_tabs import forget_silent
from scriptwriter.services.projects.purging import purge
from scriptwriter.worker.growing_draft import DATABASE_AWAY

_LOOK = 3.0
_CLEANING = 600.0
"""Seconds between two cleanings of what has expired."""

_log = structlog.get_logger(__name__)


async def forget() -> None:
    """Forget open tabs that went silent, until cancelled."""
    while True:
        try:
            await forget_silent()
        except DATABASE_AWAY as error:
            _log.warning("forgetting_failed", cause=type(error).__name__)
        await asyncio.sleep(_LOOK)


async def clean_up() -> None:
    """Remove what has expired, and what was deleted long ago, for ever, until cancelled."""
    while True:
        try:
            await clean()
            if purged := await purge():
                _log.info("projects_purged", count=purged)
        except DATABASE_AWAY as error:
            _log.warning("cleaning_failed", cause=type(error).__name__)
        await asyncio.sleep(_CLEANING)
