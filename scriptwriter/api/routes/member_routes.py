"""Routes of the members of a project. Each is one call of a service."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.error_responses import answers
from scriptwriter.api.routes.request_models import RequestBody, ResponseBody
from scriptwriter.services.projects import invitations, memberships

router = APIRouter(prefix="/api/projects/{project_id}/members", tags=["members"])

Role = Literal["owner", "collaborator", "viewer"]


class NewMember(RequestBody):
    """The person to invite, and the role."""

    username: str = Field(examples=["xiaolan"])
    role: Role


class NewRole(RequestBody):
    """The new role of a member."""

    role: Role


class Member(ResponseBody):
    """A member of a project; `id` is that of the person."""

    id: str
    name: str
    username: str
    role: Role
    joined_at: datetime


class Invited(ResponseBody):
    """A new invitation; `id` is that of the invitation."""

    id: str
    name: str
    username: str
    role: Role
    created_at: datetime


class Members(ResponseBody):
    """The members of a project, owners first."""

    members: list[Member]


@router.get("", responses=answers(401, 404))
async def list_members(project_id: str, person: Person) -> Members:
    """List the members of a project."""
    found = await memberships.listed(project_id, person.id)
    return Members(members=[Member.model_validate(row) for row in found])


@router.post("", status_code=202, responses=answers(400, 401, 403, 404, 409, 413, 429))
async def add_member(project_id: str, body: NewMember, person: Person) -> Invited:
    """Invite a person by username. Owners only. They become a member when they accept."""
    return Invited.model_validate(await invitations.invite(project_id, body.username, body.role, person.id))


@router.patch("/{user_id}", status_code=204, responses=answers(400, 401, 403, 404, 409, 413))
async def change_member(project_id: str, user_id: str, body: NewRole, person: Person) -> None:
    """Change the role of a member. Owners only. The last owner cannot be changed."""
    await memberships.change_role(project_id, user_id, body.role, person.id)


@router.delete("/{user_id}", status_code=204, responses=answers(401, 403, 404, 409))
async def remove_member(project_id: str, user_id: str, person: Person) -> None:
    """Remove a member (owners only), or leave the project oneself. The last owner cannot leave.

    The removed person's open streams end at once.
    """
    await memberships.remove(project_id, user_id, person.id)
