"""State of the project that is open in a tab, without its ideas: name, description, members, rights."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from scriptwriter.services.projects.access import OWNERS
from scriptwriter.sync.views import Followed
from scriptwriter.web.kit.session_state import SessionState


@dataclass(frozen=True)
class MemberView:
    """A member of a project; `me` is the reader."""

    id: str = ""
    name: str = ""
    username: str = ""
    role: str = "viewer"
    joined: str = ""
    me: bool = False


class ProjectState(SessionState):
    """The project that is open in this tab; `members` only where their page was."""

    id: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    description: rx.Field[str] = rx.field("")
    archived: rx.Field[bool] = rx.field(False)
    may_manage: rx.Field[bool] = rx.field(False)
    members: rx.Field[list[MemberView]] = rx.field(default_factory=list)


def about(flow: Followed, role: str) -> dict[str, Any]:
    """What ProjectState holds for a person with `role`, but for the members."""
    return {
        "id": flow.project_id,
        "name": flow.name,
        "description": flow.description,
        "archived": flow.state == "archived",
        "may_manage": role in OWNERS,
    }
