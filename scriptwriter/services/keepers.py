"""Owns the order of the keepers, which is one for everybody."""

import json
from collections.abc import Sequence

from sqlmodel import col, select

from scriptwriter import graph
from scriptwriter.database import transaction
from scriptwriter.ideas import IdeaRef
from scriptwriter.models import Artifact
from scriptwriter.services.access import ACTORS, require
from scriptwriter.services.acts import act, alone, find_all


async def arrange(project_id: str, order: Sequence[IdeaRef], user_id: str) -> None:
    """Put the keepers into `order`; to arrange them as they were is the undo.

    An idea that nobody keeps (any more) may be among them, and counts again when somebody keeps it.
    Raises UserError: `project_not_found`, `not_allowed`, `idea_not_found` where one of them does not exist.
    """
    order = list(dict.fromkeys(order))
    async with transaction() as session:
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        await find_all(session, project_id, order)
        await alone(session, f"keepers {project_id}")
        found = await session.exec(
            select(Artifact.data, Artifact.created_at)
            .where(Artifact.project_id == project_id, Artifact.type == graph.ORDER)
            .order_by(col(Artifact.created_at).desc(), col(Artifact.id).desc())
            .limit(1)
        )
        newest = found.first()
        listed = [str(ref) for ref in order]
        if newest is not None and json.loads(newest[0])["order"] == listed:
            return
        await act(
            session,
            project_id,
            user,
            graph.ARRANGE,
            "排列入选",
            {"order": listed, "userId": user_id, "name": user.shown_name},
            kind=graph.ORDER,
            inputs=[(ref.artifact_id, ref.role) for ref in order],
            after=newest[1] if newest is not None else None,
        )
