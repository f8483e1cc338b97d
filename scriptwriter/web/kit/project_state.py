"""State of the project that is open in a tab, and the base of the states of its pages.

A page of a project derives from ProjectPageState. It overrides `_follow`, in which it reads `_values` and
writes into its states in a `_sending` block: values come with the role of the person, and a tab that has left
the page is written nothing. States beside it that hold things of the project derive from ProjectPartState.
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
"""`access` of a project that was open until now, by the error that ended it."""

PAUSE_AFTER_LARGE = 0.02
"""Seconds that the event loop serves others after a large value was sent."""

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


@dataclass(frozen=True)
class MemberView:
    """A member of a project; `me` is the reader."""

    id: str = ""
    name: str = ""
    username: str = ""
    role: str = "viewer"
    joined: str = ""
    me: bool = False


class ProjectState(SessionState):
    """The project that is open in this tab; `members` only where their page was."""

    id: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    description: rx.Field[str] = rx.field("")
    archived: rx.Field[bool] = rx.field(False)
    may_manage: rx.Field[bool] = rx.field(False)
    members: rx.Field[list[MemberView]] = rx.field(default_factory=list)


def about(flow: Followed, role: str) -> dict[str, object]:
    """The values of ProjectState for a person with `role`, but for the members."""
    return {
        "id": flow.project_id,
        "name": flow.name,
        "description": flow.description,
        "archived": flow.state == "archived",
        "may_manage": role in OWNERS,
    }


class Update(NamedTuple, Generic[F]):
    """A value that a page follows, the role of the person, and what has changed in ProjectState."""

    value: F
    role: str
    project: dict[str, object]


class ProjectPartState(SessionState, mixin=True):
    """A state beside a page that holds things of the project."""

    def _page_opened(self) -> None:
        """Drop what was true for a moment only: a page of the project has opened, or has connected again."""
        if isinstance(self, NoticeState):
            self.notice = still(self.notice)


class ProjectPageState(NoticeState, FollowingState, mixin=True):
    """State of a page of a project.

    `access` is opening, open, denied, signed_out (the session ended meanwhile), or lost: removed, deleted.
    `_shown` is the id of the project that the page shows.
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
        """Follow `values` of the project, for a person who may read it.

        A value that `is_empty` after one that was not is doubtful: the database then says whether the
        person may still read the project. Raises UserError `project_not_found`, and those of `role_in`.
        """
        await catalog.open_project(project_id, person)
        async with values as followed:
            yield _updates(followed, person, is_empty)

    @asynccontextmanager
    async def _sending(self, project_id: str, size: int = 0) -> AsyncIterator[None]:
        """A block that writes `size` rows into the tab's states. Raises PageLeft where it shows no longer."""
        async with _turn(size), self:
            if not self._shows(project_id):
                raise PageLeft
            yield

    async def _set(self, values: Mapping[type[rx.State], Mapping[str, object]]) -> None:
        """Write values into the vars of states of this tab, by their names."""
        for kind, changes in values.items():
            state = await self.get_state(kind)
            for name, value in changes.items():
                setattr(state, name, value)

    async def _admit(self, project_id: str) -> str:
        """As FollowingState has it; the tab holds nothing of another project, either.

        The notices that the tab shows stay, except for a wait that is over.
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
        """Drop what the page holds of its project; whoever follows it for the page ends."""
        self.reset()
        (await self.get_state(ProjectState)).reset()

    async def _reset_all_pages(self) -> None:
        """Drop what all pages of this tab hold of the project."""
        for page in ProjectPageState.__subclasses__():
            await (await self.get_state(page))._reset_page()

    async def _end(self, error: UserError) -> EventSpec | None:
        """Show nothing of the project any more, on no page of this tab, and say why."""
        was_in = bool(self._user_id)
        await self._reset_all_pages()
        if was_in and is_signed_out(error):
            (await self.get_state(SessionState))._set_person(None)
            self.access = "signed_out"
        else:
            self.access = LOST.get(error.code, "denied")
        self.notice = as_notice(error)

    def _wait(self, error: Exception) -> None:
        """Say that the page follows again later; what it shows stays."""
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
    """The role of the person, as the flow has it. Where it has none, the database decides.

    Raises UserError `access_removed` or `project_deleted`.
    """
    role = flow.roles.get(person)
    if role is not None and flow.state != "deleted" and not doubtful:
        return role
    # The rows of the members come by a shape of their own, perhaps late.
    try:
        return (await catalog.open_project(flow.project_id, person)).role
    except UserError as error:
        raise await loss(flow.project_id) from error


@asynccontextmanager
async def _turn(size: int) -> AsyncIterator[None]:
    """A block in which a tab is sent `size` rows; large ones wait for each other.

    Writing 3,000 batches as JSON takes 0.2 s of the loop. Without turns, many tabs that open such a project
    at once would all be written before anybody else is answered.
    """
    if size < process_pool.LARGE:
        yield
        return
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with turn:
        yield
        # Others that wait for the loop come before the next large value.
        await asyncio.sleep(PAUSE_AFTER_LARGE)
