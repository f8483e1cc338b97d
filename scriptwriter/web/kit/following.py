"""How a page follows something in the background, for as long as its tab may see it.

A page marks the event with `@following`, or `@following_project`, and writes only what it follows. Every
background event of the application is one of the two (tests/unit/test_following.py). They give it:

- admission: the person is asked for first, and the tab holds nothing of anybody else afterwards;
- one at a time: a second event of that name in the same tab replaces the first (`supersedes`);
- its end: with the tab's websocket (scriptwriter/web/kit/connected_events.py), with the session
  (services/accounts/session_watch.py), or with the right to read (a UserError of the page's own);
- a limit: at most MOST_TABS tabs of one person follow something in this process;
- another try after a fault of ours, with growing pauses.

A page says what the person sees at the end in `_end(error)`, and while it cannot follow in `_wait(error)`;
both run inside of `async with self`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import update_wrapper
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import reflex as rx
from reflex_base.event.context import EventContext

from scriptwriter.domain.errors import UserError
from scriptwriter.operations import process_pool
from scriptwriter.services.accounts import session_watch
from scriptwriter.services.projects import catalog
from scriptwriter.services.projects.access import loss
from scriptwriter.sync.views import Followed
from scriptwriter.web.kit.notices import Notice, as_notice, still
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.session_state import SessionState

_State = TypeVar("_State", bound=SessionState)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds between two tries to follow."""
MOST_TABS = 30
"""Tabs of one person that follow something at once, in this process."""
PASSING = frozenset({"too_many_tabs", "too_many_at_once", "service_away", "sync_away"})
"""Errors after which the same may be possible a moment later."""

HELD: list[type[SessionState]] = []
"""States in which a tab holds things of the project that it shows: emptied when that is over."""

LOST = {"access_removed": "removed", "project_deleted": "deleted"}
"""What `access` says of a project that was open until now, by the error that ended it."""

BREATH = 0.02
"""Seconds that the loop is left to others after a large value was sent."""

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
_tabs: dict[str, Counter[str]] = {}
"""By person, how many events follow something in each of their tabs."""


def following(run: Callable[[Any, str], Awaitable[None]]) -> Any:
    """Decorator: a background event that follows something for a person, `run(self, person_id)`."""

    async def event(self: Any) -> Any:
        return await _follow(self, _admitted, run, lambda: True)

    return _background(event, run)


def following_project(run: Callable[[Any, str, str], Awaitable[None]]) -> Any:
    """Decorator: the same for the project of the page's address, `run(self, project_id, person_id)`.

    A state that shows things of the project has `_shown`, the project's id; `_forget`, which drops them; and
    `notice`.
    """

    async def event(self: Any) -> Any:
        # Before anything else: the tab may be on its way to another project's page.
        project_id = project_of(self)
        shows = hasattr(self, "_shown")

        async def admitted(tab: Any) -> str:
            return await (_admitted_to(tab, project_id) if shows else _admitted(tab))

        async def follow(tab: Any, person: str) -> None:
            await run(tab, project_id, person)

        # The tab may show another project by now, or have left this one.
        return await _follow(self, admitted, follow, lambda: not shows or self._shown == project_id)

    return _background(event, run)


def _background(event: Any, run: Any) -> Any:
    update_wrapper(event, run, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    # Reflex, and signatures.py, would take the parameters of `run` for those of the event.
    del event.__wrapped__
    event.follows = True
    return rx.event(background=True, supersedes=True)(event)


def project_of(tab: Any) -> str:
    """The id of the project of the page's address: the client's word, and perhaps no project's."""
    # Reflex adds this var when a page with such a route is added.
    return str(getattr(tab, "project_id", ""))


def held(state: type[_State]) -> type[_State]:
    """Class decorator: `state` holds things of a project."""
    HELD.append(state)
    return state


async def _follow(
    tab: Any,
    admitted: Callable[[Any], Awaitable[str]],
    run: Callable[[Any, str], Awaitable[None]],
    is_shown: Callable[[], bool],
) -> Any:
    pause, said = FIRST_PAUSE, Notice()
    while True:
        try:
            async with _until_its_session_ends(tab._session_id()):
                person = await admitted(tab)
                with _one_of_their_tabs(person, EventContext.get().token):
                    if said.zh:
                        await _take_back(tab, said)
                    return await run(tab, person)
        except UserError as error:
            async with tab:
                if error.code not in PASSING:
                    return await tab._end(error) if is_shown() else None
                tab._wait(error)
                said = replace(tab.notice) if hasattr(tab, "notice") else said
        except Exception as error:
            # What is on the screen stays there.
            async with tab:
                tab._wait(error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _take_back(tab: Any, said: Notice) -> None:
    """Say no longer that the page waits, unless it says something else by now."""
    async with tab:
        if tab.notice == said:
            tab.notice = Notice()


class _until_its_session_ends:
    """A block that is left with UserError `signed_out` when the session with this id ends elsewhere."""

    def __init__(self, session_id: str) -> None:
        self._limit = asyncio.timeout(None)
        self._watched = session_watch.watched(session_id, self._stop)

    async def __aenter__(self) -> None:
        self._watched.__enter__()
        await self._limit.__aenter__()

    async def __aexit__(self, *exc: Any) -> None:
        self._watched.__exit__(None, None, None)
        try:
            await self._limit.__aexit__(*exc)
        except TimeoutError as error:
            if self._limit.expired():
                raise UserError("signed_out") from error
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


async def _admitted(tab: Any) -> str:
    """The id of whoever is signed in at `tab`, which holds nothing of anybody else from now on.

    Background events start beside `enter`: what they put into the tab before it would be taken for the last
    person's. Raises UserError `signed_out`.
    """
    user = await tab._user()
    if user is None:
        raise UserError("signed_out")
    async with tab:
        (await tab.get_state(SessionState))._seat(user)
    return user.id


async def _admitted_to(tab: Any, project_id: str) -> str:
    """The same in a tab that shows a project: it holds nothing of another one.

    What the tab still says goes on, but for a wait that is over. Raises UserError `signed_out`.
    """
    user = await tab._user()
    async with tab:
        (await tab.get_state(SessionState))._seat(user)
        if tab._shown != project_id:
            await tab._forget()
            tab._shown = project_id
        around = await tab.get_state(ProjectState)
        if around.id != project_id:
            around.reset()
        for part in (tab, *[await tab.get_state(each) for each in HELD]):
            part.notice = still(part.notice)
            part._page_opened()
    if user is None:
        raise UserError("signed_out")
    return user.id


@asynccontextmanager
async def sending(size: int) -> AsyncIterator[None]:
    """A block in which a tab is sent `size` rows; large ones wait for each other.

    To write 3,000 batches as JSON takes 0.2 s of the loop. Where many tabs opened such a project at once,
    all of them were written before anybody else was answered.
    """
    if size < process_pool.LARGE:
        yield
        return
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with turn:
        yield
        # Whoever waits for the loop comes before the next one.
        await asyncio.sleep(BREATH)


def waiting(access: str, error: Exception) -> tuple[Notice, str]:
    """The notice and the access of a project's page that cannot follow for now: what it shows stays."""
    return as_notice(error), access if access == "open" else "denied"


async def role_in(flow: Followed, person: str, *, doubtful: object = False) -> str:
    """The person's role, as the flow says; where it says that there is none, the database decides.

    Raises UserError `access_removed` or `project_deleted`.
    """
    role = flow.roles.get(person)
    if role is not None and flow.state != "deleted" and not doubtful:
        return role
    # Its rows come by shapes of their own, perhaps late.
    try:
        return (await catalog.open_project(flow.project_id, person)).role
    except UserError as error:
        raise await loss(flow.project_id) from error
