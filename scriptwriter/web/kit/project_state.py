"""Owns what a tab knows of its project beside the ideas: name, description, members, rights."""

from typing import Any

import reflex as rx

from scriptwriter.services.projects.access import OWNERS
from scriptwriter.sync.views import Followed
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.room.card_vars import MemberView


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
