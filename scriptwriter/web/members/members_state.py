"""State of the members page, which follows members and invitations live."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from scriptwriter.domain.errors import UserError
from scriptwriter.services.projects import invitations, memberships
from scriptwriter.services.projects.access import OWNERS, loss
from scriptwriter.services.projects.invitations import InvitationRow
from scriptwriter.services.projects.memberships import MemberRow
from scriptwriter.sync.hub import hub
from scriptwriter.sync.views import MEMBERS
from scriptwriter.texts import members_texts
from scriptwriter.web.kit.following import project_of
from scriptwriter.web.kit.notices import Notice, as_notice
from scriptwriter.web.kit.project_state import MemberView, ProjectPageState, ProjectState, about
from scriptwriter.web.kit.session_state import HOME, SessionState, is_signed_out


@dataclass(frozen=True)
class InvitationView:
    """An open invitation, for the members page or for the list of projects of the person who is invited.

    `name` and `username` are the invited person on the members page, and the inviting person on the list.
    `by` (the inviting person) is set on the members page only, `project` (the name) on the list only.
    """

    id: str = ""
    name: str = ""
    username: str = ""
    role: str = "viewer"
    project: str = ""
    by: str = ""


WRONG_NAME = frozenset(
    {"person_not_found", "already_member", "already_invited", "invitation_declined", "too_many_lookups"}
)
"""Codes of the errors that are shown beside the field of the username."""


class MembersState(ProjectPageState, SessionState):
    """The members page of a project.

    `asking` is the id of the member for whom a confirmation is open. `asked_role` is the role that the member
    would get; "" means that the member would be removed. `added` counts invitations: as the key of the form's
    field, it empties the field after each one. `invited` is the notice about the newest invitation.
    """

    asking: rx.Field[str] = rx.field("")
    asked_role: rx.Field[str] = rx.field("")
    adding: rx.Field[bool] = rx.field(False)
    added: rx.Field[int] = rx.field(0)
    problem: rx.Field[Notice] = rx.field(default_factory=Notice)
    invited: rx.Field[Notice] = rx.field(default_factory=Notice)
    invitations: rx.Field[list[InvitationView]] = rx.field(default_factory=list)

    async def _follow(self, project_id: str, person: str) -> None:
        seen = None
        async with self._values(project_id, person, hub().follow_view(project_id, MEMBERS)) as updates:
            async for flow, _, _ in updates:
                now = (flow.name, flow.state, flow.roles, flow.invitations)
                if now == seen:
                    continue
                try:
                    rows = await memberships.listed(project_id, person)
                    pending = await invitations.of_project(project_id, person)
                except UserError as error:
                    raise await loss(project_id) from error
                role = next(row.role for row in rows if row.id == person)
                members = [_view(row, person) for row in rows]
                async with self._sending(project_id):
                    await self._set({ProjectState: about(flow, role) | {"members": members}})
                    self.invitations = [_invitation(row) for row in pending]
                    self.access = "open"
                    about_oneself = self.asking == person and not self.asked_role
                    if self.asking not in flow.roles or not (role in OWNERS or about_oneself):
                        self.asking = self.asked_role = ""
                seen = now

    @rx.event
    async def invite(self, form_data: dict[str, Any]):
        """Invite a person, by username, to become a member."""
        if self.adding:
            return
        self.adding = True
        yield
        username, role = str(form_data.get("username") or ""), str(form_data.get("role") or "")
        self.problem = self.invited = Notice()
        await self._act(self._invite(username[:1000], role))
        self.adding = False

    @rx.event
    async def withdraw(self, invitation_id: str) -> None:
        """Withdraw an open invitation."""
        await self._act(self._withdraw(str(invitation_id)))

    @rx.event
    async def change_role(self, member_id: str, role: str) -> None:
        """Change a member's role. Owners who give up their own role have to confirm first."""
        member_id, role = str(member_id), str(role)
        if member_id == self._user_id and role not in OWNERS:
            self.asking, self.asked_role = member_id, role
        else:
            await self._act(self._change_role(member_id, role))

    @rx.event
    def ask(self, member_id: str) -> None:
        """Open the confirmation before a member is removed or leaves."""
        self.asking, self.asked_role = str(member_id), ""

    @rx.event
    def keep(self) -> None:
        """Close the confirmation without a change."""
        self.asking = self.asked_role = ""

    @rx.event
    async def confirm(self):
        """Do what the confirmation asks: change the role, remove the member, or leave the project."""
        member_id, role = self.asking, self.asked_role
        self.asking = self.asked_role = ""
        if role:
            await self._act(self._change_role(member_id, role))
        elif member_id != self._user_id:
            await self._act(self._remove(member_id))
        else:
            await self._act(self._leave())
            if not self.notice.zh:
                yield rx.redirect(HOME)

    async def _act(self, action: Awaitable[None]) -> None:
        self.notice = Notice()
        try:
            await action
        except Exception as error:
            if is_signed_out(error):
                await self._end(error)
            elif isinstance(error, UserError) and error.code in WRONG_NAME:
                self.problem = as_notice(error)
            else:
                self.notice = as_notice(error)

    async def _invite(self, username: str, role: str) -> None:
        row = await invitations.invite(project_of(self), username, role, await self._person())
        self.added += 1
        self.invited = Notice(
            members_texts.INVITED.zh.format(name=row.name), members_texts.INVITED.en.format(name=row.name)
        )

    async def _withdraw(self, invitation_id: str) -> None:
        await invitations.withdraw(project_of(self), invitation_id, await self._person())
        self.invited = Notice(*members_texts.WITHDRAWN)

    async def _change_role(self, member_id: str, role: str) -> None:
        await memberships.change_role(project_of(self), member_id, role, await self._person())

    async def _remove(self, member_id: str) -> None:
        await memberships.remove(project_of(self), member_id, await self._person())

    async def _leave(self) -> None:
        await memberships.leave(project_of(self), await self._person())
        # A person who leaves must not see the notice that they were removed.
        await self._reset_all_pages()


def _invitation(row: InvitationRow) -> InvitationView:
    return InvitationView(row.id, row.name, row.username, row.role, by=row.invited_by)


def _view(row: MemberRow, person: str) -> MemberView:
    return MemberView(
        row.id, row.name, row.username, row.role, row.joined_at.isoformat(), me=row.id == person
    )
