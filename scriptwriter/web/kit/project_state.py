"""State of the project that is open in a tab, and the base class of project pages.

The state of a project page derives from ProjectPageState and overrides `_follow`. There it iterates over
`_values`, which yields each value with the person's role, and writes its vars in a `_sending` block, which
raises PageLeft if the tab has left the page. Other states with data of the project derive from
ProjectPartState.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import reflex as rx
from reflex.event import EventSpec

from scriptwriter.domain.errors import UserError
from scriptwriter.operations import process_pool
from scriptwriter.services.projects import catalog
from scriptwriter.services.projects.access import OWNERS, loss
from scriptwriter.sync.views import Followed
from scriptwriter.web.kit.following import FollowingState, PageLeft
from scriptwriter.web.kit.notices import NoticeState, as_notice, still
from scriptwriter.web.kit.session_state import SessionState, is_signed_out

F = TypeVar("F", bound=Followed)

LOST = {"access_removed": "removed", "project_deleted": "deleted"}
"""The new value of `access` when a person loses an open project, by error code."""

PAUSE_AFTER_LARGE = 0.02
"""Seconds for which other tasks run after a large value was sent."""

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


@dataclass(frozen=True)
class MemberView:
    """A member of a project. `joined` is ISO 8601; `me` says that the member is the reader."""

    id: str = ""
    name: str = ""
    username: str = ""
    role: str = "viewer"
    joined: str = ""
    me: bool = False


class ProjectState(SessionState):
    """The project that is open in this tab. Only the members page fills `members`."""

    id: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    description: rx.Field[str] = rx.field("")
    archived: rx.Field[bool] = rx.field(False)
    may_manage: rx.Field[bool] = rx.field(False)
    members: rx.Field[list[MemberView]] = rx.field(default_factory=list)


def about(flow: Followed, role: str) -> dict[str, object]:
    """The vars of ProjectState, without `members`, for a person with the role `role`."""
    return {
        "id": flow.project_id,
        "name": flow.name,
        "description": flow.description,
        "archived": flow.state == "archived",
        "may_manage": role in OWNERS,
    }


class Update(NamedTuple, Generic[F]):
    """A value that a page follows, the person's role, and the vars of ProjectState if one has changed."""

    value: F
    role: str
    project: dict[str, object]


class ProjectPartState(SessionState, mixin=True):
    """A state, besides that of the page, with data of the open project."""

    def _page_opened(self) -> None:
        """Drop short-lived values, such as an ended wait, when a page of the project opens or reconnects."""
        if isinstance(self, NoticeState):
            self.notice = still(self.notice)


class ProjectPageState(NoticeState, FollowingState, mixin=True):
    """State of a project page.

    `access` is opening, open, denied, signed_out (the session has ended), removed (the person is no member
    any more) or deleted (the project). `_shown` is the id of the project that the page shows.
    """

    access: rx.Field[str] = rx.field("opening")
    _shown: str = ""

    @asynccontextmanager
    async def _values(
        self,
        project_id: str,
        person: str,
        values: AbstractAsyncContextManager[AsyncIterator[F]],
        is_empty: Callable[[F], bool] = lambda _: False,
    ) -> AsyncIterator[AsyncIterator[Update[F]]]:
        """Follow `values` of the project for a person who may read it; yields an iterator of Updates.

        If a value `is_empty` and the one before was not, the project may be gone: the database is asked
        whether the person may still read it. Raises UserError `project_not_found`, and those of `role_in`.
        """
        await catalog.open_project(project_id, person)
        async with values as followed:
            yield _updates(followed, person, is_empty)

    @asynccontextmanager
    async def _sending(self, project_id: str, size: int = 0) -> AsyncIterator[None]:
        """A block that writes `size` rows into states of the tab. Raises PageLeft if the tab has left."""
        async with _turn(size), self:
            if not self._shows(project_id):
                raise PageLeft
            yield

    async def _set(self, values: Mapping[type[rx.State], Mapping[str, object]]) -> None:
        """Set vars of this tab: by state class, and then by the name of the var."""
        for kind, changes in values.items():
            state = await self.get_state(kind)
            for name, value in changes.items():
                setattr(state, name, value)

    async def _admit(self, project_id: str) -> str:
        """As FollowingState does it; also drops the data of any other project from the tab's states.

        Notices of the tab stay, except for a wait that is over.
        """
        user = await self._user()
        async with self:
            (await self.get_state(SessionState))._set_person(user)
            if self._shown != project_id:
                await self._reset_page()
                self._shown = project_id
            project = await self.get_state(ProjectState)
            if project.id != project_id:
                project.reset()
            self.notice = still(self.notice)
            for part in ProjectPartState.__subclasses__():
                (await self.get_state(part))._page_opened()
        if user is None:
            raise UserError("signed_out")
        return user.id

    def _shows(self, project_id: str) -> bool:
        return self._shown == project_id

    async def _reset_page(self) -> None:
        """Reset the page and the project. A running `_follow` then ends with PageLeft."""
        self.reset()
        (await self.get_state(ProjectState)).reset()

    async def _reset_all_pages(self) -> None:
        """Reset all project pages of this tab."""
        for page in ProjectPageState.__subclasses__():
            await (await self.get_state(page))._reset_page()

    async def _end(self, error: UserError) -> EventSpec | None:
        """Remove the project from all pages of this tab, and show why."""
        was_in = bool(self._user_id)
        await self._reset_all_pages()
        if was_in and is_signed_out(error):
            (await self.get_state(SessionState))._set_person(None)
            self.access = "signed_out"
        else:
            self.access = LOST.get(error.code, "denied")
        self.notice = as_notice(error)

    def _wait(self, error: Exception) -> None:
        """Show that the page tries again later. Its content stays."""
        self.notice = as_notice(error)
        if self.access != "open":
            self.access = "denied"


async def _updates(
    values: AsyncIterator[F], person: str, is_empty: Callable[[F], bool]
) -> AsyncIterator[Update[F]]:
    filled, before = False, None
    async for value in values:
        emptied = filled and is_empty(value)
        role = await role_in(value, person, doubtful=emptied)
        filled, project = not is_empty(value), about(value, role)
        yield Update(value, role, {} if project == before else project)
        before = project


async def role_in(flow: Followed, person: str, *, doubtful: bool = False) -> str:
    """The person's role as `flow` has it; if it has none, or is `doubtful`, as the database has it.

    Raises UserError `access_removed` or `project_deleted`.
    """
    role = flow.roles.get(person)
    if role is not None and flow.state != "deleted" and not doubtful:
        return role
    # Members have a shape of their own, whose rows may arrive later than those of the project.
    try:
        return (await catalog.open_project(flow.project_id, person)).role
    except UserError as error:
        raise await loss(flow.project_id) from error


@asynccontextmanager
async def _turn(size: int) -> AsyncIterator[None]:
    """A block that sends `size` rows to a tab. Large sends wait for each other.

    Serialising 3,000 batches to JSON blocks the event loop for 0.2 s. Without turns, many tabs that open
    such a project at once would block all other requests.
    """
    if size < process_pool.LARGE:
        yield
        return
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with turn:
        yield
        # Let waiting tasks run before the next large send.
        await asyncio.sleep(PAUSE_AFTER_LARGE)
