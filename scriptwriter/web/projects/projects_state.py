"""State of the list of projects: the projects of one shelf, and the invitations of the reader."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import reflex as rx

from scriptwriter.domain.errors import UserError
from scriptwriter.services.projects import catalog, invitations
from scriptwriter.services.projects.access import OWNERS
from scriptwriter.services.projects.catalog import NAME_LIMIT, ProjectRow
from scriptwriter.services.projects.invitations import MyInvitation
from scriptwriter.sync.hub import hub
from scriptwriter.sync.views import NEWS
from scriptwriter.texts import Text, projects_texts
from scriptwriter.web.kit.event_arguments import Words
from scriptwriter.web.kit.following import FollowingState
from scriptwriter.web.kit.notices import Notice, NoticeState, as_notice
from scriptwriter.web.kit.session_state import SessionState, is_signed_out
from scriptwriter.web.members.members_state import InvitationView
from scriptwriter.web.room.card_vars import Phase


@dataclass(frozen=True)
class ProjectView:
    """One project in the list; `ideas` counts finished ideas, `updated` is ISO 8601."""

    id: str = ""
    name: str = ""
    phase: Phase = "idle"
    ideas: int = 0
    updated: str = ""
    description: str = ""
    archived: bool = False
    may_manage: bool = False


SHELVES = ("active", "archived", "deleted")


class ProjectsState(NoticeState, FollowingState, SessionState):
    """The projects page, with the projects of one `shelf`: active, archived or deleted."""

    shelf: rx.Field[str] = rx.field("active")
    search: rx.Field[str] = rx.field("")
    sort: rx.Field[str] = rx.field("changed")
    projects: rx.Field[list[ProjectView]] = rx.field(default_factory=list)
    invitations: rx.Field[list[InvitationView]] = rx.field(default_factory=list)
    loaded: rx.Field[bool] = rx.field(False)

    @rx.event
    async def load(self) -> None:
        """Show the active projects, as the page opens."""
        self.shelf, self.search, self.sort, self.notice = "active", "", "changed", Notice()
        await self._read()

    async def _follow(self, project_id: str, person: str) -> None:
        async with hub().follow_view(person, NEWS) as news:
            async for _ in news:
                async with self:
                    await self._fill()

    @rx.event
    async def look_for(self, words: Words) -> None:
        """Show the projects whose name, or an idea's title, contains `words`."""
        self.search = str(words)[:NAME_LIMIT]
        await self._read()

    @rx.event
    async def order(self, sort: str) -> None:
        """Sort the list by `sort`: changed, created, name or ideas."""
        self.sort = sort if sort in projects_texts.SORTS else "changed"
        await self._read()

    @rx.event
    async def choose(self, shelf: str) -> None:
        """Show the projects of another shelf."""
        self.shelf = shelf if shelf in SHELVES else "active"
        await self._read()

    @rx.event
    async def accept(self, invitation_id: str) -> None:
        """Accept an invitation: the person becomes a member of its project."""
        await self._answer(str(invitation_id), invitations.accept, projects_texts.JOINED_PROJECT)

    @rx.event
    async def decline(self, invitation_id: str) -> None:
        """Decline an invitation."""
        await self._answer(str(invitation_id), invitations.decline, projects_texts.DECLINED_PROJECT)

    async def _answer(
        self, invitation_id: str, answer: Callable[[str, str], Awaitable[object]], said: Text
    ) -> None:
        project = next((each.project for each in self.invitations if each.id == invitation_id), None)
        if project is None:
            # A double click, or the person has already answered in another tab.
            return
        self.notice = Notice()
        try:
            await answer(invitation_id, await self._person())
            self.notice = Notice(said.zh.format(name=project), said.en.format(name=project))
        except Exception as error:
            self.notice = as_notice(error)
        await self._read()

    def _wait(self, error: Exception) -> None:
        # `load` has filled the list already, so only errors for the person are shown.
        if isinstance(error, UserError):
            self.notice = as_notice(error)
        else:
            super()._wait(error)

    async def _read(self) -> None:
        try:
            await self._fill()
        except Exception as error:
            # `SessionState.enter` redirects a person who is not signed in.
            if not is_signed_out(error):
                self.notice = as_notice(error)

    async def _fill(self) -> None:
        person = await self._person()
        if self.shelf == "deleted":
            rows = await catalog.restorable(person)
        else:
            found = await catalog.mine(person, self.search)
            rows = [row for row in found if row.archived == (self.shelf == "archived")]
        asked = [_invitation(row) for row in await invitations.mine(person)]
        if asked != self.invitations:
            self.invitations = asked
        listed = [_view(row) for row in _sorted(rows, self.sort)]
        if listed != self.projects:
            self.projects = listed
        if not self.loaded:
            self.loaded = True


def _invitation(row: MyInvitation) -> InvitationView:
    return InvitationView(row.id, row.inviter_name, row.inviter_username, row.role, project=row.project_name)


def _sorted(rows: list[ProjectRow], sort: str) -> list[ProjectRow]:
    match sort:
        case "created":
            return sorted(rows, key=lambda row: row.created_at, reverse=True)
        case "name":
            return sorted(rows, key=lambda row: row.name.casefold())
        case "ideas":
            return sorted(rows, key=lambda row: row.ideas, reverse=True)
    return rows


PHASES = {"": "idle", "pending": "queued", "running": "writing", "cancelled": "stopped"}


def _view(row: ProjectRow) -> ProjectView:
    return ProjectView(
        id=row.id,
        name=row.name,
        phase=PHASES.get(row.status, row.status),  # pyright: ignore[reportArgumentType]: the other names agree
        ideas=row.ideas,
        updated=row.updated_at.isoformat(),
        description=row.description,
        archived=row.archived,
        may_manage=row.role in OWNERS,
    )
