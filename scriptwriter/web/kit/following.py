"""The background event with which a page follows live data, for as long as the tab may see the data.

The state of such a page derives from FollowingState (a project page from ProjectPageState in
kit/project_state.py) and overrides `_follow`. `watch` is the only background event of the application
(tests/unit/test_background_events.py). It provides:

- admission: `_admit` first checks who is signed in, and drops the data of any other person from the tab;
- replacement: a second `watch` in the same tab replaces the first (`supersedes`);
- an end: when the websocket closes (web/connected_events.py), when the session ends
  (services/accounts/session_watch.py), or when `_follow` raises a UserError because access was lost;
- a limit: at most MOST_TABS tabs of one person follow something in this process;
- retries after an error of the server, with growing pauses.

`_end` and `_wait` show the end or the pause to the person. Both run inside `async with self`.

The base classes of pages are mixins, so that each page has its own vars and handlers. Reflex treats a class
as a mixin if all of its bases are mixins, so each page also names SessionState as a base.
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
"""Seconds of the first and the longest pause between two tries to follow."""
MOST_TABS = 30
"""Most tabs of one person that follow something in this process at once."""
TEMPORARY = frozenset({"too_many_tabs", "too_many_at_once", "service_away", "sync_away"})
"""Codes of errors that may be over a moment later, so that `watch` tries again."""

_tabs: dict[str, Counter[str]] = {}
"""The number of running `watch` events, by person and then by tab."""

log = logging.getLogger(__name__)


class PageLeft(Exception):
    """The tab has left the page of this `watch` event, which therefore ends."""


class FollowingState(SessionState, mixin=True):
    """State of a page with the background event `watch`. Without an override it follows only the session."""

    @rx.event(background=True, supersedes=True)
    async def watch(self):
        """Follow the data of the page until the tab leaves the page or loses access."""
        # Read it before any await: the tab may be changing to the page of another project.
        project_id = project_of(self)
        pause, shown = FIRST_PAUSE, Notice()
        while True:
            try:
                async with _until_session_ends(self._session_id()):
                    person = await self._admit(project_id)
                    with _counted_tab(person, EventContext.get().token):
                        if shown.zh:
                            async with self:
                                self._remove_notice(shown)
                        await self._follow(project_id, person)
                        return None
            except PageLeft:
                return None
            except UserError as error:
                async with self:
                    if error.code not in TEMPORARY:
                        return await self._end(error) if self._shows(project_id) else None
                    self._wait(error)
                    shown = self._current_notice()
            except Exception as error:
                # The content of the page stays.
                async with self:
                    self._wait(error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _follow(self, project_id: str, person: str) -> None:
        """Write changes of the data into the page's vars, until cancelled. Pages override it.

        `person` is a user id. `project_id` is the one in the page's address, "" on a page without one. Raises
        UserError if the person may not see the data.
        """
        await asyncio.Event().wait()

    async def _admit(self, project_id: str) -> str:
        """The id of the signed-in person. Also drops the data of any other person from the tab's states.

        A background event starts at the same time as `enter`. Data that it wrote before `enter` had set the
        person would be dropped as the data of the previous person. Raises UserError `signed_out`.
        """
        user = await self._user()
        if user is None:
            raise UserError("signed_out")
        async with self:
            (await self.get_state(SessionState))._set_person(user)
        return user.id

    def _shows(self, project_id: str) -> bool:
        """Whether the page still shows the project that this `watch` event follows."""
        return True

    async def _end(self, error: UserError) -> EventSpec | None:
        """Show that this tab has lost access; returns an event for the page, or None."""
        if not is_signed_out(error):
            log.warning("following ended: %s", error.code)
            return None
        was_in = bool(self._user_id)
        (await self.get_state(SessionState))._set_person(None)
        return self._to_sign_in() if was_in else None

    def _wait(self, error: Exception) -> None:
        """Show that `watch` tries again later."""
        trace = None if isinstance(error, UserError) else error
        log.warning("following waits: %s", error, exc_info=trace)

    def _current_notice(self) -> Notice:
        """The notice that the page shows; empty if it is no NoticeState."""
        return Notice()

    def _remove_notice(self, shown: Notice) -> None:
        """Remove the notice if it still is `shown`."""


def project_of(tab: rx.State) -> str:
    """The project id in the page's address. The client sends it: check access before use."""
    # Reflex adds this var to states when a page with `[project_id]` in its route is added.
    return str(getattr(tab, "project_id", ""))


class _until_session_ends:
    """A block that raises UserError `signed_out` when the session with this id ends."""

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
def _counted_tab(person: str, tab: str) -> Iterator[None]:
    """Count a tab during the block. Raises UserError `too_many_tabs` beyond MOST_TABS."""
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
