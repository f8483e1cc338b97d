"""Routes of invitations to projects. Each is one call of a service."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.error_responses import answers
from scriptwriter.api.routes.member_routes import Role
from scriptwriter.api.routes.request_models import ResponseBody
from scriptwriter.services.projects import invitations

router = APIRouter(tags=["members"])

OF_PROJECT = "/api/projects/{project_id}/invitations"
MINE = "/api/invitations"


class Invitation(ResponseBody):
    """An open invitation, as the members of the project see it."""

    id: str
    name: str
    username: str
    role: Role
    invited_by: str
    created_at: datetime


class Invitations(ResponseBody):
    """The open invitations to a project, the oldest first."""

    invitations: list[Invitation]


class MyInvitation(ResponseBody):
    """An open invitation, as the invited person sees it. It contains nothing else of the project."""

    id: str
    project_name: str
    role: Role = Field(description="The role that they would have")
    inviter_name: str
    inviter_username: str
    created_at: datetime


class MyInvitations(ResponseBody):
    """The open invitations of a person, the newest first."""

    invitations: list[MyInvitation]


class Joined(ResponseBody):
    """The project that the person has joined."""

    project_id: str


@router.get(OF_PROJECT, responses=answers(401, 404))
async def list_invitations(project_id: str, person: Person) -> Invitations:
    """List the open invitations to a project."""
    found = await invitations.of_project(project_id, person.id)
    return Invitations(invitations=[Invitation.model_validate(row) for row in found])


@router.delete(OF_PROJECT + "/{invitation_id}", status_code=204, responses=answers(401, 403, 404))
async def withdraw_invitation(project_id: str, invitation_id: str, person: Person) -> None:
    """Withdraw an invitation. Owners only."""
    await invitations.withdraw(project_id, invitation_id, person.id)


@router.get(MINE, responses=answers(401))
async def list_my_invitations(person: Person) -> MyInvitations:
    """List the invitations that this person can accept or decline."""
    found = await invitations.mine(person.id)
    return MyInvitations(invitations=[MyInvitation.model_validate(row) for row in found])


@router.post(MINE + "/{invitation_id}/accept", responses=answers(401, 403, 404, 409))
async def accept_invitation(invitation_id: str, person: Person) -> Joined:
    """Accept an invitation: the caller becomes a member with the role it names."""
    return Joined(project_id=await invitations.accept(invitation_id, person.id))


@router.post(MINE + "/{invitation_id}/decline", status_code=204, responses=answers(401, 403, 404))
async def decline_invitation(invitation_id: str, person: Person) -> None:
    """Decline an invitation. The same person cannot invite again for 30 days."""
    await invitations.decline(invitation_id, person.id)
