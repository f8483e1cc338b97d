"""Owns this tab's own row among those who have the project open. Knows nothing of what others see."""

import asyncio
import logging
import secrets
from contextlib import suppress

from scriptwriter.domain.errors import UserError
from scriptwriter.services.projects import open_tabs
from scriptwriter.services.projects.open_tabs import RENEW_SECONDS
from scriptwriter.web.kit.following import following_project, project_of
from scriptwriter.web.kit.session_state import SessionState

log = logging.getLogger(__name__)


class PresenceState(SessionState):
    """Says that this tab has its project open, and which idea's text is open in it."""

    _tab: str = ""
    _editing: str = ""

    @following_project
    async def attend(self, project_id: str, person: str) -> None:
        """Be present until the person leaves the page, or may no longer read the project."""
        tab = secrets.token_urlsafe(24)
        try:
            async with self:
                self._tab, self._editing = tab, ""
            while True:
                async with self:
                    editing = self._editing if self._tab == tab else ""
                try:
                    await open_tabs.renew(project_id, tab, person, editing)
                except UserError:
                    raise
                except Exception as error:
                    log.warning("presence was not renewed: %s", type(error).__name__)
                await asyncio.sleep(RENEW_SECONDS)
        finally:
            with suppress(Exception):
                await open_tabs.leave(tab)

    async def _end(self, error: UserError) -> None:
        """Nothing: what the page follows beside says why."""

    async def _tell(self, ref: str) -> None:
        """Say at once which idea's text is open ("": none); that a word of it gets lost harms nobody."""
        self._editing = ref
        if self._tab:
            with suppress(Exception):
                await open_tabs.renew(project_of(self), self._tab, await self._person(), ref)
