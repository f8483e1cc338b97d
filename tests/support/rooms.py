"""Projects and their members for tests, created through the services and the tables."""

from dataclasses import dataclass

from scriptwriter.domain.graph import Brief
from scriptwriter.services.projects import catalog, invitations
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Membership, User

BRIEF = Brief("抖音", "穿越, 爽文", "女主是现代 CEO", 3)


@dataclass(frozen=True)
class Room:
    """The ids of a project, of its members, and of a stranger who is no member."""

    project_id: str
    owner: str = "owner"
    collaborator: str = "collaborator"
    viewer: str = "viewer"
    stranger: str = "stranger"


async def join(project_id: str, username: str, role: str, inviter: str) -> None:
    """Invite a user and accept the invitation in their name.

    In tests, a username is also the user's id.
    """
    await invitations.accept((await invitations.invite(project_id, username, role, inviter)).id, username)


async def make_room(prefix: str = "") -> Room:
    """Create a project with three members of different roles, and one user who is no member."""
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
