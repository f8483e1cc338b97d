"""How a page follows something in the background, for as long as its tab may see it.

The state of such a page derives from FollowingState (kit/project_state.py has the one for pages of a project)
and overrides `_follow`. Its background event `watch` is the only one of the application
(tests/unit/test_background_events.py). It gives each page:

- admission: `_admit` asks who is signed in first, and the tab holds nothing of anybody else afterwards;
- one at a time: a second `watch` in the same tab replaces the first (`supersedes`);
- an end: with the tab's websocket (web/connected_events.py), with the session
  (services/accounts/session_watch.py), or with the right to read (a UserError that `_follow` raises);
- a limit: at most MOST_TABS tabs of one person follow something in this process;
- another try after a fault of the server, with growing pauses.

`_end` and `_wait` show the end and a pause to the person; both run inside of `async with self`.

The bases of pages are mixins, so that each page has vars and handlers of its own. Reflex takes a class for a
mixin when all its bases are, so a page names SessionState, too.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import reflex as rx
from reflex.event import EventSpec
from reflex_base.event.context import EventContext

from scriptwriter.domain.errors import UserError
from scriptwriter.services.accounts import session_watch
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.kit.session_state import SessionState, is_signed_out

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds between two tries to follow."""
MOST_TABS = 30
"""Tabs of one person that follow something at once, in this process."""
PASSING = frozenset({"too_many_tabs", "too_many_at_once", "service_away", "sync_away"})
"""Errors after which the same may be possible a moment later."""

_tabs: dict[str, Counter[str]] = {}
"""By person, the number of events that follow something in each of their tabs."""

log = logging.getLogger(__name__)


class PageLeft(Exception):
    """The tab shows another page by now, so there is nobody to show anything to."""


class FollowingState(SessionState, mixin=True):
    """State of a page that follows something in the background: by itself only the session."""

    @rx.event(background=True, supersedes=True)
    async def watch(self):
        """Follow what the page shows, until the tab leaves the page or may see it no longer."""
        # Before anything else: the tab may be on its way to another project's page.
        project_id = project_of(self)
        pause, said = FIRST_PAUSE, Notice()
        while True:
            try:
                async with _until_its_session_ends(self._session_id()):
                    person = await self._admit(project_id)
                    with _one_of_their_tabs(person, EventContext.get().token):
                        if said.zh:
                            async with self:
                                self._take_back(said)
                        await self._follow(project_id, person)
                        return None
            except PageLeft:
                return None
            except UserError as error:
                async with self:
                    if error.code not in PASSING:
                        return await self._end(error) if self._shows(project_id) else None
                    self._wait(error)
                    said = self._said()
            except Exception as error:
                # What is on the screen stays there.
                async with self:
                    self._wait(error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _follow(self, project_id: str, person: str) -> None:
        """Show what `person` may see, as it changes; a page overrides it.

        `project_id` is that of the page's address, "" on a page without one. Raises UserError where the
        person may not see it.
        """
        await asyncio.Event().wait()

    async def _admit(self, project_id: str) -> str:
        """The id of the person who is signed in. The tab holds nothing of anybody else from now on.

        Background events start beside `enter`: what they put into the tab before it would be taken for that
        of the last person. Raises UserError `signed_out`.
        """
        user = await self._user()
        if user is None:
            raise UserError("signed_out")
        async with self:
            (await self.get_state(SessionState))._set_person(user)
        return user.id

    def _shows(self, project_id: str) -> bool:
        """Whether the page still shows what `watch` began to follow."""
        return True

    async def _end(self, error: UserError) -> EventSpec | None:
        """Show that this tab may follow no longer; returns an event for the page."""
        if not is_signed_out(error):
            log.warning("following ended: %s", error.code)
            return None
        was_in = bool(self._user_id)
        (await self.get_state(SessionState))._set_person(None)
        return self._to_sign_in() if was_in else None

    def _wait(self, error: Exception) -> None:
        """Show that the page follows again later."""
        trace = None if isinstance(error, UserError) else error
        log.warning("following waits: %s", error, exc_info=trace)

    def _said(self) -> Notice:
        """The notice that the page shows, if it has one (NoticeState)."""
        return Notice()

    def _take_back(self, said: Notice) -> None:
        """Show `said` no longer."""


def project_of(tab: rx.State) -> str:
    """The id of the project of the page's address: the client's word, and perhaps no project's."""
    # Reflex adds this var when a page with such a route is added.
    return str(getattr(tab, "project_id", ""))


class _until_its_session_ends:
    """A block that is left with UserError `signed_out` when the session with this id ends elsewhere."""

    def __init__(self, session_id: str) -> None:
        self._limit = asyncio.timeout(None)
        self._watched = session_watch.watched(session_id, self._stop)

    async def __aenter__(self) -> None:
        self._watched.__enter__()
        await self._limit.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watched.__exit__(None, None, None)
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError as timeout:
            if self._limit.expired():
                raise UserError("signed_out") from timeout
            raise

    def _stop(self) -> None:
        if not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())


@contextmanager
def _one_of_their_tabs(person: str, tab: str) -> Iterator[None]:
    """Raises UserError `too_many_tabs` where as many others follow already."""
    tabs = _tabs.setdefault(person, Counter())
    if tab not in tabs and len(tabs) >= MOST_TABS:
        raise UserError("too_many_tabs", limit=MOST_TABS)
    tabs[tab] += 1
    try:
        yield
    finally:
        tabs[tab] -= 1
        if not tabs[tab]:
            del tabs[tab]
        if not tabs and _tabs.get(person) is tabs:
            del _tabs[person]
