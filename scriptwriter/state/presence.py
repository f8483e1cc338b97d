"""Owns this tab's own row among those who have the project open. Knows nothing of what others see."""

import asyncio
import logging
import secrets
from contextlib import suppress

import reflex as rx

from scriptwriter.errors import UserError
from scriptwriter.services import presence
from scriptwriter.services.presence import RENEW_SECONDS
from scriptwriter.state.brainstorm import BrainstormState
from scriptwriter.state.session import SessionState, is_signed_out, sit_down

log = logging.getLogger(__name__)


class PresenceState(SessionState):
    """Says that this tab has its project open, and which idea's text is open in it."""

    _tab: str = ""
    _editing: str = ""

    @rx.event(background=True)
    async def attend(self):
        """Be present until the person leaves the page, or may no longer read the project."""
        tab, project_id = secrets.token_urlsafe(24), str(getattr(self, "project_id", ""))
        arrived = False
        try:
            while True:
                try:
                    user = await sit_down(self)
                    async with self:
                        if not arrived:
                            self._tab, self._editing, arrived = tab, "", True
                        editing = self._editing if self._tab == tab else ""
                    await presence.renew(project_id, tab, user.id, editing)
                except UserError as error:
                    if is_signed_out(error):
                        # Ended elsewhere: what this tab follows ends too, without an event of its own.
                        async with self:
                            await (await self.get_state(BrainstormState))._deny(error)
                    return
                except Exception as error:
                    log.warning("presence was not renewed: %s", type(error).__name__)
                await asyncio.sleep(RENEW_SECONDS)
        finally:
            with suppress(Exception):
                await presence.leave(tab)

    async def _tell(self, ref: str) -> None:
        """Say at once which idea's text is open ("": none); that a word of it gets lost harms nobody."""
        self._editing = ref
        if self._tab:
            with suppress(Exception):
                project_id = str(getattr(self, "project_id", ""))
                await presence.renew(project_id, self._tab, await self._person(), ref)
