"""Projects and people for tests, made through the services and the models."""

from dataclasses import dataclass

from scriptwriter.domain.graph import Brief
from scriptwriter.services.projects import catalog, invitations
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, User

BRIEF = Brief("抖音", "穿越, 爽文", "女主是现代 CEO", 3)


@dataclass(frozen=True)
class Room:
    """Ids of a project and of the people around it."""

    project_id: str
    owner: str = "owner"
    collaborator: str = "collaborator"
    viewer: str = "viewer"
    stranger: str = "stranger"


async def join(project_id: str, username: str, role: str, inviter: str) -> None:
    """Let the person with this username (which is their id, too) become a member: invited, and accepting."""
    await invitations.accept((await invitations.invite(project_id, username, role, inviter)).id, username)


async def make_room(prefix: str = "") -> Room:
    """A new project with three members, and a stranger."""
    people = [f"{prefix}{role}" for role in ("owner", "collaborator", "viewer", "stranger")]
    async with transaction() as session:
        session.add_all([User(id=name, username=name, display_name=name.title()) for name in people])
    project_id = await catalog.create(people[0], "一个项目")
    async with transaction() as session:
        session.add_all(
            [
                Membership(project_id=project_id, user_id=people[1], role="collaborator"),
                Membership(project_id=project_id, user_id=people[2], role="viewer"),
            ]
        )
    return Room(project_id, *people)
