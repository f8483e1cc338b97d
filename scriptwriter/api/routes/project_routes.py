"""Routes of a person's projects. Each is one call of a service."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.error_responses import Invalid, answers
from scriptwriter.api.routes.request_models import RequestBody, ResponseBody
from scriptwriter.services.projects import catalog
from scriptwriter.texts import api_texts

router = APIRouter(prefix="/api/projects", tags=["projects"])


class NewProject(RequestBody):
    """Name and description of a new project."""

    name: str = Field(examples=["夏天的短剧"], description=f"Up to {catalog.NAME_LIMIT} characters")
    description: str = Field("", description=f"Up to {catalog.DESCRIPTION_LIMIT} characters")


class ProjectChange(RequestBody):
    """Changes of a project. Fields that are left out keep their values."""

    name: str = Field("", examples=["秋天的短剧"])
    description: str = ""
    archived: bool = Field(False, description="Whether it is archived for every member")


class CreatedProject(ResponseBody):
    """The id of the new project."""

    project_id: str


class Project(ResponseBody):
    """A project as one of its members sees it."""

    id: str
    name: str
    description: str
    role: str = Field(description="The caller's role: owner, collaborator or viewer")
    status: str = Field(description='Status of the newest run; "" before the first')
    ideas: int = Field(description="Number of finished ideas in all runs")
    archived: bool
    created_at: datetime
    updated_at: datetime


class Projects(ResponseBody):
    """A person's projects, the most recently changed first."""

    projects: list[Project]


@router.post("", status_code=201, responses=answers(400, 401, 403, 409, 413))
async def create_project(body: NewProject, person: Person) -> CreatedProject:
    """Create a project. The caller becomes its owner."""
    return CreatedProject(project_id=await catalog.create(person.id, body.name, body.description))


@router.get("", responses=answers(401))
async def list_projects(person: Person) -> Projects:
    """List the projects of this person."""
    return Projects(projects=[Project.model_validate(row) for row in await catalog.mine(person.id)])


@router.get("/{project_id}", responses=answers(401, 404))
async def get_project(project_id: str, person: Person) -> Project:
    """Read one project."""
    return Project.model_validate(await catalog.open_project(project_id, person.id))


@router.patch("/{project_id}", status_code=204, responses=answers(400, 401, 403, 404, 413))
async def change_project(project_id: str, body: ProjectChange, person: Person) -> None:
    """Change the name or the description of a project, archive it or unarchive it. Owners only."""
    changes = body.model_dump(exclude_unset=True)
    if not changes:
        raise Invalid({"body": [api_texts.FIELD_PROBLEMS["nothing_to_change"]]})
    await catalog.change(project_id, person.id, **changes)


@router.delete("/{project_id}", status_code=204, responses=answers(401, 403, 404))
async def delete_project(project_id: str, person: Person) -> None:
    """Delete a project for all members and stop its runs. Owners only.

    An owner can restore it within 30 days.
    """
    await catalog.delete(project_id, person.id)


@router.post("/{project_id}/restore", status_code=204, responses=answers(401, 403, 404))
async def restore_project(project_id: str, person: Person) -> None:
    """Restore a deleted project. Owners only."""
    await catalog.restore(project_id, person.id)
