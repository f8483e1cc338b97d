"""Owns whether somebody may still read a project, asked of the database again and again while they follow it.

Many requests of one person for one project ask together: no two questions of theirs are on their way at once.
"""

import asyncio
import time
from weakref import WeakValueDictionary

from scriptwriter.api.auth.caller import Credential
from scriptwriter.api.error_responses import AWAY
from scriptwriter.domain.errors import UserError
from scriptwriter.services.projects.access import require_reader


class Standing:
    """Of one credential in one project."""

    def __init__(self, credential: Credential, project_id: str) -> None:
        self._credential = credential
        self._project_id = project_id
        self._asking = asyncio.Lock()
        self._good_at = float("-inf")

    async def confirm(self, within: float = 0.0) -> None:
        """Return where the person may read, by an answer to a question not older than `within` seconds now.

        Raises UserError: `signed_out`, `token_rejected`, `project_not_found`, `service_away`.
        """
        since = time.monotonic() - within
        async with self._asking:
            # Whoever waited may find that the question of another, asked meanwhile, was theirs too.
            if self._good_at >= since:
                return
            asked_at = time.monotonic()
            try:
                person = await self._credential.person()
                await require_reader(self._project_id, person.id)
            except AWAY as error:
                raise UserError("service_away") from error
            self._good_at = asked_at


_standings: WeakValueDictionary[tuple[Credential, str], Standing] = WeakValueDictionary()


def standing_of(credential: Credential, project_id: str) -> Standing:
    """The standing that all requests with this credential for this project share."""
    key = (credential, project_id)
    found = _standings.get(key)
    if found is None:
        found = _standings[key] = Standing(credential, project_id)
    return found
