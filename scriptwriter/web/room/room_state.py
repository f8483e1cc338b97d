"""State of the brainstorm page. It follows a project, sends changes to the browser, starts and stops runs."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import reflex as rx

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief
from scriptwriter.operations import process_pool
from scriptwriter.services.projects.access import ACTORS
from scriptwriter.services.runs import ending, retrying, starting
from scriptwriter.sync.hub import hub
from scriptwriter.web.brief.brief_reading import BriefMessages, checked, ticket_in
from scriptwriter.web.kit.following import project_of
from scriptwriter.web.kit.notices import Notice, as_notice
from scriptwriter.web.kit.project_state import ProjectPageState, ProjectPartState, ProjectState
from scriptwriter.web.kit.session_state import SessionState, is_signed_out
from scriptwriter.web.room.card_vars import (
    RUNNING,
    BatchView,
    CardView,
    KeeperView,
    PastBatchView,
    PersonView,
)
from scriptwriter.web.room.room_view import PARTS, WRITING, Screen, differences, size_of


class WritingState(ProjectPartState, SessionState):
    """The idea that the model is writing; `number` is 0 if it is writing none."""

    number: rx.Field[int] = rx.field(0)
    title: rx.Field[str] = rx.field("")
    body: rx.Field[str] = rx.field("")


class BrainstormState(ProjectPageState, SessionState):
    """The brainstorm page of a project."""

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

    async def _follow(self, project_id: str, person: str) -> None:
        screen, shown_role = None, None
        flows = hub().follow(project_id)
        async with self._values(project_id, person, flows, lambda flow: not flow.batches) as updates:
            async for flow, role, project in updates:
                following = await process_pool.in_thread_if_large(
                    size_of(flow), (screen or Screen()).after, flow, datetime.now(UTC), person
                )
                changes = differences(screen, following, PARTS)
                writing = differences(screen and screen.writing, following.writing, WRITING)
                if screen is None:
                    changes["access"] = "open"
                if role != shown_role:
                    changes["may_act"] = role in ACTORS
                if changes or writing or project:
                    # If one earlier batch has changed, all earlier batches are sent.
                    async with self._sending(project_id, size_of(flow) if "past" in changes else 0):
                        await self._set(
                            {BrainstormState: changes, WritingState: writing, ProjectState: project}
                        )
                screen, shown_role = following, role

    async def _reset_page(self) -> None:
        await super()._reset_page()
        for part in ProjectPartState.__subclasses__():
            (await self.get_state(part)).reset()

    @rx.event
    async def start(self, form_data: dict[str, Any]):
        """Start a run for the brief in the form.

        `seen` in it is the id of the newest run that the person saw.
        """
        if self.starting:
            return
        brief, self.messages = checked(form_data)
        if brief is None:
            return
        self.starting = True
        yield
        ticket = ticket_in(form_data)
        await self._act(self._start(brief, str(form_data.get("seen") or ""), ticket))
        self.starting = False
        if not self.notice.zh:
            self.brief_open = False
            self.settled = f"{project_of(self)}:brief {ticket}"

    @rx.event
    def open_brief(self) -> None:
        """Open the form with the newest brief, to change it."""
        self.messages, self.brief_open = BriefMessages(), True

    @rx.event
    def close_brief(self) -> None:
        """Close the form of the brief without sending it."""
        self.brief_open = False

    @rx.event
    async def start_again(self, seen: str) -> None:
        """Start another run for the same brief; `seen` is the id of the newest run that the person saw."""
        await self._act(self._start_again(str(seen)))

    @rx.event
    async def retry(self, transform_id: str, attempt: int) -> None:
        """Retry a run that ended with ideas missing, unless it has a newer attempt than `attempt`."""
        await self._act(self._retry(transform_id, attempt))

    @rx.event
    async def retry_one(self, transform_id: str, attempt: int, number: int) -> None:
        """Retry a run for the idea with this number (from 1) alone."""
        await self._act(self._retry(transform_id, attempt, only=number))

    @rx.event
    async def skip(self, transform_id: str, attempt: int, number: int) -> None:
        """Retry a run without the idea with this number (from 1)."""
        await self._act(self._retry(transform_id, attempt, skip=number))

    @rx.event
    async def rephrase(self, transform_id: str, attempt: int) -> None:
        """Retry a run with a prompt in milder words."""
        await self._act(self._retry(transform_id, attempt, rephrase=True))

    @rx.event
    async def stop(self, transform_id: str):
        """Stop a run. The ideas that it has written stay."""
        self.stopping = True
        yield
        await self._act(self._stop(str(transform_id)))
        self.stopping = False

    async def _act(self, action: Awaitable[None]) -> None:
        self.notice = Notice()
        try:
            await action
        except Exception as error:
            if is_signed_out(error):
                await self._end(error)
            else:
                self.notice = as_notice(error)

    async def _start(self, brief: Brief, seen: str, ticket: str) -> None:
        if not self._outdated(seen):
            await starting.start(project_of(self), brief, await self._person(), ticket=ticket)

    async def _start_again(self, seen: str) -> None:
        if not self._outdated(seen):
            await starting.start_again(project_of(self), await self._person())

    def _outdated(self, seen: str) -> bool:
        """Whether there is a newer run than `seen`: the event was sent twice, or arrived late.

        Raises UserError `already_running` while the newer run is active.
        """
        if self.access != "open" or seen == self.newest.transform_id:
            return False
        if self.newest.phase in RUNNING:
            raise UserError("already_running", name=self.newest.started_by or "?")
        return True

    async def _retry(self, transform_id: str, attempt: int, *, rephrase: bool = False, **number: int) -> None:
        person = await self._person()
        seen = (transform_id, attempt) == (self.newest.transform_id, self.newest.attempt)
        if seen or self.access != "open":
            places = {name: _place(each) for name, each in number.items()}
            await retrying.retry(project_of(self), transform_id, person, rephrase=rephrase, **places)

    async def _stop(self, transform_id: str) -> None:
        await ending.stop(project_of(self), transform_id, await self._person())


def _place(number: object) -> int:
    if not isinstance(number, int) or not 1 <= number <= 100:
        raise UserError("idea_not_found")
    return number - 1
