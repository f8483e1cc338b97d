"""The routes of invitations to projects: each is one call of a service."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.error_responses import answers
from scriptwriter.api.routes.member_routes import Role
from scriptwriter.api.routes.request_models import Told
from scriptwriter.services.projects import invitations

router = APIRouter(tags=["members"])

OF_PROJECT = "/api/projects/{project_id}/invitations"
MINE = "/api/invitations"


class Invitation(Told):
    """An open invitation, as the members of the project see it."""

    id: str
    name: str
    username: str
    role: Role
    invited_by: str
    created_at: datetime


class Invitations(Told):
    """The open invitations to a project, the oldest first."""

    invitations: list[Invitation]


class MyInvitation(Told):
    """An open invitation, as the invited person sees it: all that they are told of the project."""

    id: str
    project_name: str
    role: Role = Field(description="As what they would become a member")
    inviter_name: str
    inviter_username: str
    created_at: datetime


class MyInvitations(Told):
    """The open invitations of a person, the newest first."""

    invitations: list[MyInvitation]


class Joined(Told):
    """Where the person is a member now."""

    project_id: str


@router.get(OF_PROJECT, responses=answers(401, 404))
async def list_invitations(project_id: str, person: Person) -> Invitations:
    """List who was invited to a project and has not answered yet."""
    found = await invitations.of_project(project_id, person.id)
    return Invitations(invitations=[Invitation.model_validate(row) for row in found])


@router.delete(OF_PROJECT + "/{invitation_id}", status_code=204, responses=answers(401, 403, 404))
async def withdraw_invitation(project_id: str, invitation_id: str, person: Person) -> None:
    """Take an invitation back; an owner's act."""
    await invitations.withdraw(project_id, invitation_id, person.id)


@router.get(MINE, responses=answers(401))
async def list_my_invitations(person: Person) -> MyInvitations:
    """List the invitations that this person can accept or decline."""
    found = await invitations.mine(person.id)
    return MyInvitations(invitations=[MyInvitation.model_validate(row) for row in found])


@router.post(MINE + "/{invitation_id}/accept", responses=answers(401, 403, 404))
async def accept_invitation(invitation_id: str, person: Person) -> Joined:
    """Become a member of the project, in the role that the invitation names."""
    return Joined(project_id=await invitations.accept(invitation_id, person.id))


@router.post(MINE + "/{invitation_id}/decline", status_code=204, responses=answers(401, 403, 404))
async def decline_invitation(invitation_id: str, person: Person) -> None:
    """Say no. Its inviter cannot ask again for 30 days."""
    await invitations.decline(invitation_id, person.id)
