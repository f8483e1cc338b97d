"""Owns a project's screen in one tab: it follows the project and sends what changed. Knows no shapes."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import reflex as rx

from scriptwriter.components.views import (
    RUNNING,
    BatchView,
    BriefMessages,
    CardView,
    KeeperView,
    Notice,
    PastBatchView,
    PersonView,
)
from scriptwriter.errors import UserError
from scriptwriter.services import brainstorms, projects
from scriptwriter.services.access import ACTORS
from scriptwriter.state.brief import checked
from scriptwriter.state.following import HELD, LOST, admit, role_in, watch
from scriptwriter.state.project import ProjectState, about
from scriptwriter.state.screen import PARTS, WRITING, Screen, differences
from scriptwriter.state.session import SessionState, as_notice, is_signed_out
from scriptwriter.state.writing import WritingState
from scriptwriter.sync.hub import hub

ASK_AGAIN = 5.0  # seconds after which a session that is sent something must prove itself again


class BrainstormState(SessionState):
    """A project's brainstorm page; `access` is opening, open, denied, or lost: removed, deleted."""

    access: rx.Field[str] = rx.field("opening")
    may_act: rx.Field[bool] = rx.field(False)
    newest: rx.Field[BatchView] = rx.field(default_factory=BatchView)
    cards: rx.Field[list[CardView]] = rx.field(default_factory=list)
    later: rx.Field[list[CardView]] = rx.field(default_factory=list)
    past: rx.Field[list[PastBatchView]] = rx.field(default_factory=list)
    keepers: rx.Field[list[KeeperView]] = rx.field(default_factory=list)
    present: rx.Field[list[PersonView]] = rx.field(default_factory=list)
    announcement: rx.Field[Notice] = rx.field(default_factory=Notice)
    resyncing: rx.Field[bool] = rx.field(False)
    starting: rx.Field[bool] = rx.field(False)
    brief_open: rx.Field[bool] = rx.field(False)
    stopping: rx.Field[bool] = rx.field(False)
    messages: rx.Field[BriefMessages] = rx.field(default_factory=BriefMessages)
    notice: rx.Field[Notice] = rx.field(default_factory=Notice)
    _shown: str = ""

    # Whoever asks for it again gets another one, and not one more.
    @rx.event(background=True, supersedes=True)
    async def watch(self):
        """Follow the project of the route until the person leaves the page, or may no longer read it."""
        await watch(self, self._project_id())

    async def _follow(self, project_id: str) -> None:
        person = await admit(self, project_id)
        await projects.open_project(project_id, person)
        screen, room, role, asked = None, None, None, monotonic()
        async with hub().follow(project_id) as flows:
            async for flow in flows:
                if monotonic() - asked > ASK_AGAIN:
                    asked = monotonic()
                    if not await self._is_still_in():
                        raise UserError("signed_out")
                emptied = screen is not None and screen.newest.transform_id and not flow.batches
                now = await role_in(flow, person, doubtful=emptied)
                following = (screen or Screen()).after(flow, datetime.now(UTC), person)
                changes = differences(screen, following, PARTS)
                writing = differences(screen and screen.writing, following.writing, WRITING)
                if screen is None:
                    changes["access"] = "open"
                if now != role:
                    changes["may_act"] = now in ACTORS
                around = about(flow, now)
                project = around if around != room else {}
                if changes or writing or project:
                    async with self:
                        if self._shown != project_id:
                            return
                        await self._show(changes, writing, project)
                screen, room, role = following, around, now

    async def _is_still_in(self) -> bool:
        """Whether nobody has ended this session elsewhere; a database that is away signs nobody out."""
        try:
            async with asyncio.timeout(1):
                return await self._user() is not None
        except Exception:
            return True

    async def _show(self, changes: dict[str, Any], writing: dict[str, Any], project: dict[str, Any]) -> None:
        growing, around = await self.get_state(WritingState), await self.get_state(ProjectState)
        for part, values in ((self, changes), (growing, writing), (around, project)):
            for name, value in values.items():
                setattr(part, name, value)

    async def _forget(self) -> None:
        """Nothing of a project stays in this tab; whoever follows one for it ends."""
        self.reset()
        for part in (WritingState, ProjectState, *HELD):
            (await self.get_state(part)).reset()

    async def _deny(self, error: UserError) -> None:
        await self._forget()
        self.access = LOST.get(error.code, "denied")
        self.notice = as_notice(error)

    @rx.event
    async def start(self, form_data: dict[str, Any]):
        """Start a brainstorm for a new brief; its `seen` is the run that was the newest for the person."""
        if self.starting:
            return
        brief, self.messages = checked(form_data)
        if brief is None:
            return
        self.starting = True
        yield
        await self._act(self._start(brief, str(form_data.get("seen") or "")))
        self.starting = False
        if not self.notice.zh:
            self.brief_open = False

    @rx.event
    def open_brief(self) -> None:
        """The form with the newest brief, to change it."""
        self.messages, self.brief_open = BriefMessages(), True

    @rx.event
    def close_brief(self) -> None:
        """The form is put away; nothing was sent."""
        self.brief_open = False

    @rx.event
    async def start_again(self, seen: str) -> None:
        """Another batch for the same brief; `seen` is the run that was the newest one for the person."""
        await self._act(self._start_again(str(seen)))

    @rx.event
    async def retry(self, transform_id: str, attempt: int) -> None:
        """Go on with a run that ended short, after this attempt."""
        await self._act(self._retry(transform_id, attempt))

    @rx.event
    async def retry_one(self, transform_id: str, attempt: int, number: int) -> None:
        """The same for the idea with this number (from 1) alone."""
        await self._act(self._retry(transform_id, attempt, only=number))

    @rx.event
    async def skip(self, transform_id: str, attempt: int, number: int) -> None:
        """The same without the idea with this number (from 1)."""
        await self._act(self._retry(transform_id, attempt, skip=number))

    @rx.event
    async def rephrase(self, transform_id: str, attempt: int) -> None:
        """The same in milder words."""
        await self._act(self._retry(transform_id, attempt, rephrase=True))

    @rx.event
    async def stop(self, transform_id: str):
        """End a run; what is written stays."""
        self.stopping = True
        yield
        await self._act(self._stop(str(transform_id)))
        self.stopping = False

    @rx.event
    def dismiss(self) -> None:
        """The person has read the notice."""
        self.notice = Notice()

    async def _act(self, action: Awaitable[None]) -> None:
        self.notice = Notice()
        try:
            await action
        except Exception as error:
            if is_signed_out(error):
                await self._deny(error)
            else:
                self.notice = as_notice(error)

    async def _start(self, brief: Any, seen: str) -> None:
        if not self._outdated(seen):
            await brainstorms.start(self._project_id(), brief, await self._person())

    async def _start_again(self, seen: str) -> None:
        if not self._outdated(seen):
            await brainstorms.start_again(self._project_id(), await self._person())

    def _outdated(self, seen: str) -> bool:
        """Whether another run has begun since the person saw `seen`: an event may come twice, or late.

        Raises UserError `already_running` while that one goes on.
        """
        if self.access != "open" or seen == self.newest.transform_id:
            return False
        if self.newest.phase in RUNNING:
            raise UserError("already_running", name=self.newest.started_by or "?")
        return True

    async def _retry(self, transform_id: str, attempt: int, *, rephrase: bool = False, **number: Any) -> None:
        person = await self._person()
        seen = (transform_id, attempt) == (self.newest.transform_id, self.newest.attempt)
        if seen or self.access != "open":
            places = {name: _place(each) for name, each in number.items()}
            await brainstorms.retry(self._project_id(), transform_id, person, rephrase=rephrase, **places)

    async def _stop(self, transform_id: str) -> None:
        await brainstorms.stop(self._project_id(), transform_id, await self._person())

    def _project_id(self) -> str:
        # Reflex adds this var when a page with such a route is added; the client can set it to anything.
        return str(getattr(self, "project_id", ""))


def _place(number: Any) -> int:
    if not isinstance(number, int) or not 1 <= number <= 100:
        raise UserError("idea_not_found")
    return number - 1
