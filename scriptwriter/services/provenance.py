"""Owns where an idea comes from, as a member may read it: the raw reply of a run. Knows no screen."""

from sqlmodel import select

from scriptwriter.database import transaction
from scriptwriter.errors import UserError
from scriptwriter.models import LlmTransform
from scriptwriter.services.access import require


async def raw_reply(project_id: str, transform_id: str, user_id: str) -> str:
    """What the model answered in all attempts of a run, as it came; newer attempts follow older ones.

    Raises UserError: `project_not_found`, `reply_not_found` where nothing was answered or kept.
    """
    async with transaction() as session:
        await require(session, project_id, user_id)
        found = await session.exec(
            select(LlmTransform.raw_response).where(
                LlmTransform.transform_id == transform_id, LlmTransform.project_id == project_id
            )
        )
        reply = found.first()
    if not reply:
        raise UserError("reply_not_found")
    return reply
