"""Owns a project's screen in one tab: it follows the project and sends what changed. Knows no shapes.

The growing idea has a state of its own: a delta then touches only its sheet, in the browser too.
"""

from collections.abc import Awaitable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import reflex as rx

from scriptwriter.components.views import (
    BatchView,
    BriefMessages,
    CardView,
    KeeperView,
    Notice,
    PastBatchView,
)
from scriptwriter.errors import UserError
from scriptwriter.services import brainstorms, choices, projects
from scriptwriter.state.new_project import checked
from scriptwriter.state.screen import Screen
from scriptwriter.state.session import SessionState, as_notice
from scriptwriter.sync.hub import hub

ASK_AGAIN_SECONDS = 60.0
WRITING = ("number", "title", "body")
PARTS = ("newest", "cards", "blanks", "past", "keepers", "announcement", "resyncing")


class WritingState(SessionState):
    """The one idea that is being written; number 0: none is."""

    number: rx.Field[int] = rx.field(0)
    title: rx.Field[str] = rx.field("")
    body: rx.Field[str] = rx.field("")


class BrainstormState(SessionState):
    """A project's brainstorm page."""

    access: rx.Field[str] = rx.field("opening")
    project_name: rx.Field[str] = rx.field("")
    newest: rx.Field[BatchView] = rx.field(default_factory=BatchView)
    cards: rx.Field[list[CardView]] = rx.field(default_factory=list)
    blanks: rx.Field[list[int]] = rx.field(default_factory=list)
    past: rx.Field[list[PastBatchView]] = rx.field(default_factory=list)
    keepers: rx.Field[list[KeeperView]] = rx.field(default_factory=list)
    announcement: rx.Field[Notice] = rx.field(default_factory=Notice)
    resyncing: rx.Field[bool] = rx.field(False)
    starting: rx.Field[bool] = rx.field(False)
    stopping: rx.Field[bool] = rx.field(False)
    messages: rx.Field[BriefMessages] = rx.field(default_factory=BriefMessages)
    notice: rx.Field[Notice] = rx.field(default_factory=Notice)
    _shown: str = ""

    @rx.event(background=True)
    async def watch(self):
        """Follow the project of the route until the person leaves the page."""
        project_id = self._project_id()
        async with self:
            if self._shown != project_id:
                self.reset()
                (await self.get_state(WritingState)).reset()
                self._shown = project_id
        try:
            await self._follow(project_id)
        except Exception as error:
            notice = as_notice(error)
            async with self:
                # A fault of ours leaves on the screen what is there.
                if isinstance(error, UserError) or self.access != "open":
                    self.access = "denied"
                self.notice = notice

    async def _follow(self, project_id: str) -> None:
        project = await projects.open_project(project_id, await self._person())
        asked, screen = monotonic(), None
        async with hub().follow(project_id) as flows:
            async for flow in flows:
                if monotonic() - asked > ASK_AGAIN_SECONDS:
                    await self._still_a_member(project_id)
                    asked = monotonic()
                following = (screen or Screen()).after(flow, datetime.now(UTC))
                changes = differences(screen, following, PARTS)
                writing = differences(screen and screen.writing, following.writing, WRITING)
                if screen is None:
                    changes |= {"access": "open", "project_name": project.name}
                if changes or writing:
                    async with self:
                        await self._show(changes, writing)
                screen = following

    async def _still_a_member(self, project_id: str) -> None:
        try:
            await projects.open_project(project_id, await self._person())
        except UserError as error:
            raise UserError("access_removed") from error

    async def _show(self, changes: dict[str, Any], writing: dict[str, Any]) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        if writing:
            growing = await self.get_state(WritingState)
            for name, value in writing.items():
                setattr(growing, name, value)

    @rx.event
    async def start(self, form_data: dict[str, Any]):
        """Start the first brainstorm of a project."""
        if self.starting:
            return
        brief, self.messages = checked(form_data)
        if brief is None:
            return
        self.starting = True
        yield
        await self._act(self._start(brief))
        self.starting = False

    @rx.event
    async def start_again(self) -> None:
        """Another batch for the same brief."""
        await self._act(self._start_again())

    @rx.event
    async def retry(self, transform_id: str) -> None:
        """Go on with a run that ended short."""
        await self._act(self._retry(str(transform_id)))

    @rx.event
    async def stop(self, transform_id: str):
        """End a run; what is written stays."""
        self.stopping = True
        yield
        await self._act(self._stop(str(transform_id)))
        self.stopping = False

    @rx.event
    async def choose(self, artifact_id: str, number: int) -> None:
        """Choose the idea with this number (from 1), or take the choice back."""
        await self._act(self._choose(str(artifact_id), number))

    @rx.event
    def dismiss(self) -> None:
        """The person has read the notice."""
        self.notice = Notice()

    async def _act(self, action: Awaitable[None]) -> None:
        self.notice = Notice()
        try:
            await action
        except Exception as error:
            self.notice = as_notice(error)

    async def _start(self, brief: Any) -> None:
        await brainstorms.start(self._project_id(), brief, await self._person())

    async def _start_again(self) -> None:
        await brainstorms.start_again(self._project_id(), await self._person())

    async def _retry(self, transform_id: str) -> None:
        await brainstorms.retry(self._project_id(), transform_id, await self._person())

    async def _stop(self, transform_id: str) -> None:
        await brainstorms.stop(self._project_id(), transform_id, await self._person())

    async def _choose(self, artifact_id: str, number: int) -> None:
        if not isinstance(number, int) or not 1 <= number <= 100:
            raise UserError("idea_not_found")
        await choices.choose(self._project_id(), artifact_id, number - 1, await self._person())

    def _project_id(self) -> str:
        # Reflex adds this var when a page with such a route is added; the client can set it to anything.
        return str(getattr(self, "project_id", ""))


def differences(before: Any, after: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """What to send: the values of `names` in `after` that `before` (None: nothing was sent) does not have."""
    values = {name: getattr(after, name) for name in names}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if before is None or value != getattr(before, name)
    }
