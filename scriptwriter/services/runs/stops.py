"""How a generation is stopped by a person, in the transaction of whatever they do."""

from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.services.runs.endings import end_as_it_is
from scriptwriter.services.runs.graph_steps import ideas_of
from scriptwriter.services.runs.transitions import changed, context_of, seconds_of_work, transition
from scriptwriter.store.tables import Transform, User


async def stop_in(session: AsyncSession, transform: Transform, user: User) -> bool:
    """Cancel `transform` in the name of `user`: finished ideas stay, its worker leaves at its next write.

    False where it had ended already.
    """
    context = context_of(transform)
    told = changed(
        context, seconds=seconds_of_work(context), stopped_by=user.shown_name, attempt_started_at=None
    )
    if not await transition(session, transform.id, "cancelled", attempt=None, **told):
        return False
    await end_as_it_is(session, await ideas_of(session, transform.id), "cancelled")
    return True
