"""Owns the routes of who belongs to a project: each is one call of a service."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.error_responses import answers
from scriptwriter.api.routes.request_models import Asked, Told
from scriptwriter.services.projects import invitations, memberships

router = APIRouter(prefix="/api/projects/{project_id}/members", tags=["members"])

Role = Literal["owner", "collaborator", "viewer"]


class NewMember(Asked):
    """Whom to invite, and as what."""

    username: str = Field(examples=["xiaolan"])
    role: Role


class NewRole(Asked):
    """As what a member shall go on."""

    role: Role


class Member(Told):
    """A person in a project; `id` is the person's."""

    id: str
    name: str
    username: str
    role: Role
    joined_at: datetime


class Invited(Told):
    """Whom an invitation asks, and as what; `id` is the invitation's."""

    id: str
    name: str
    username: str
    role: Role
    created_at: datetime


class Members(Told):
    """Everybody in a project, owners first."""

    members: list[Member]


@router.get("", responses=answers(401, 404))
async def list_members(project_id: str, person: Person) -> Members:
    """List who belongs to a project."""
    found = await memberships.listed(project_id, person.id)
    return Members(members=[Member.model_validate(row) for row in found])


@router.post("", status_code=202, responses=answers(400, 401, 403, 404, 409, 413, 429))
async def add_member(project_id: str, body: NewMember, person: Person) -> Invited:
    """Invite a person by their user name; an owner's act. They are a member when they have accepted."""
    return Invited.model_validate(await invitations.invite(project_id, body.username, body.role, person.id))


@router.patch("/{user_id}", status_code=204, responses=answers(400, 401, 403, 404, 409, 413))
async def change_member(project_id: str, user_id: str, body: NewRole, person: Person) -> None:
    """Give a member another role; an owner's act. The last owner stays one."""
    await memberships.change_role(project_id, user_id, body.role, person.id)


@router.delete("/{user_id}", status_code=204, responses=answers(401, 403, 404, 409))
async def remove_member(project_id: str, user_id: str, person: Person) -> None:
    """Remove a member, an owner's act, or leave oneself. The last owner stays.

    What the removed person follows ends at once.
    """
    await memberships.remove(project_id, user_id, person.id)
