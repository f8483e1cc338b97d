"""Owns how a generation is stopped by a person, in the transaction of whatever they do."""

from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter import graph
from scriptwriter.models import Transform, User
from scriptwriter.services.endings import end_artifact
from scriptwriter.services.lineage import ideas_of
from scriptwriter.services.transitions import context_json, context_of, seconds_of_work, transition


async def stop_in(session: AsyncSession, transform: Transform, user: User) -> bool:
    """Cancel `transform` in the name of `user`: finished ideas stay, its worker leaves at its next write.

    False where it had ended already.
    """
    context = context_of(transform)
    context |= {"seconds": seconds_of_work(context), "stoppedBy": user.shown_name}
    context.pop("attemptStartedAt", None)
    if not await transition(session, transform.id, "cancelled", execution_context=context_json(context)):
        return False
    artifact = await ideas_of(session, transform.id)
    ideas = graph.ideas_from_json(artifact.partial_data)
    await end_artifact(session, artifact.id, ideas, "cancelled", artifact.streaming_progress)
    return True
