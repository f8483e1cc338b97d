"""Whether a person may still read a project, asked of the database again and again while they follow it."""

import asyncio
import time
from weakref import WeakValueDictionary

from scriptwriter.api.auth.caller import Credential
from scriptwriter.domain.errors import UserError
from scriptwriter.services.projects import access
from scriptwriter.store.database import DATABASE_AWAY


class ReadAccess:
    """The right of one credential to read one project.

    All requests with this credential for this project share it, so at most one of its queries runs at a time.
    """

    def __init__(self, credential: Credential, project_id: str) -> None:
        self._credential = credential
        self._project_id = project_id
        self._query: asyncio.Task[None] | None = None
        self._waiting = 0
        self._confirmed_at = float("-inf")

    async def confirm(self, within: float = 0.0) -> None:
        """Return when a query that began at most `within` seconds ago has confirmed the right to read.

        A query does not count if this process has changed anybody's access after the query began. Raises
        UserError: `signed_out`, `token_rejected`, `project_not_found`, `service_away`.
        """
        since = time.monotonic() - within
        self._waiting += 1
        try:
            while self._confirmed_at < max(since, access.changed_at()):
                if self._query is None or self._query.done():
                    self._query = asyncio.create_task(self._ask())
                # Cancelling this request must not cancel the query, because other requests wait for it too.
                await asyncio.shield(self._query)
        finally:
            self._waiting -= 1
            if not self._waiting and self._query is not None:
                self._query.cancel()

    async def _ask(self) -> None:
        asked_at = time.monotonic()
        try:
            reads = await access.still_reads(
                self._project_id, self._credential.token, of_session=self._credential.from_cookie
            )
        except DATABASE_AWAY as error:
            raise UserError("service_away") from error
        if reads is None:
            raise self._credential.rejected()
        if not reads:
            raise UserError("project_not_found")
        self._confirmed_at = asked_at


_known: WeakValueDictionary[tuple[Credential, str], ReadAccess] = WeakValueDictionary()


def read_access(credential: Credential, project_id: str) -> ReadAccess:
    """The right of `credential` to read the project, shared by all requests that need it."""
    key = (credential, project_id)
    found = _known.get(key)
    if found is None:
        found = _known[key] = ReadAccess(credential, project_id)
    return found
