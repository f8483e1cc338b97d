"""State that keeps the presence row of a tab: who has the project open, and which idea they are editing."""

import asyncio
import logging
import secrets
from contextlib import suppress

from scriptwriter.domain.errors import UserError
from scriptwriter.services.projects import open_tabs
from scriptwriter.services.projects.open_tabs import RENEW_SECONDS
from scriptwriter.web.kit.following import FollowingState, project_of
from scriptwriter.web.kit.session_state import SessionState

log = logging.getLogger(__name__)


class PresenceState(FollowingState, SessionState):
    """Shows other people that this tab has the project open, and which idea is being edited in it."""

    _tab: str = ""
    _editing: str = ""

    async def _follow(self, project_id: str, person: str) -> None:
        """Renew the presence row of this tab while it shows the project, and delete the row at the end."""
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
        """Do nothing: BrainstormState shows why the page has ended."""

    async def _tell(self, ref: str) -> None:
        """Store which idea is being edited ("" for none), without waiting for the next renewal.

        If that fails, the next renewal writes it.
        """
        self._editing = ref
        if self._tab:
            with suppress(Exception):
                await open_tabs.renew(project_of(self), self._tab, await self._person(), ref)
