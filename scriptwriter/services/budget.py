"""Owns how many generations a person may start within a minute, and have at work at once, over all projects.

It counts by what the contexts of transforms say of who asked (`asked`), so a retry counts as a start does.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.errors import UserError
from scriptwriter.models import User
from scriptwriter.services.transitions import timestamp
from scriptwriter.settings import settings

WINDOW = timedelta(minutes=1)

_RUNNING = text("""
    SELECT count(*) FROM transforms
    WHERE type = 'llm' AND streaming_status IN ('pending', 'running')
      AND CAST(execution_context AS json) #>> '{asked,-1,by}' = :user_id
""")

# The rows are found by the person's projects; the time of their last change only keeps old ones unread.
_STARTS = text("""
    SELECT ask ->> 'at'
    FROM transforms
    CROSS JOIN LATERAL json_array_elements(CAST(execution_context AS json) -> 'asked') AS ask
    WHERE type = 'llm'
      AND project_id IN (SELECT project_id FROM projects_users WHERE user_id = :user_id)
      AND updated_at > now() - interval '1 hour'
      AND ask ->> 'by' = :user_id
      AND ask ->> 'at' > :since
    ORDER BY 1
""")


def asked(user_id: str, before: Iterable[Mapping[str, str]] = ()) -> list[dict[str, str]]:
    """What a context keeps of who asked for its generation: whoever did `before`, and last `user_id`, now.

    Each is {"by": user id, "at": ISO 8601 in UTC}; what is older than the window is left out.
    """
    recent = [dict(ask) for ask in before if ask["at"] > _since()]
    return [*recent, {"by": user_id, "at": timestamp()}]


async def hold_to(session: AsyncSession, user_id: str) -> None:
    """Hold the person to the budget; what the transaction of `session` has begun counts already.

    Call it last: the lock on the person's row makes what one person starts at once wait in line, and whoever
    has it must not wait for anything else.
    Raises UserError: `too_many_running` (limit), `too_many_starts` (limit, seconds until the next one).
    """
    await session.get(User, user_id, with_for_update={"key_share": True}, populate_existing=True)
    connection = await session.connection()
    running = (await connection.execute(_RUNNING, {"user_id": user_id})).scalar_one()
    if running > settings().running_per_person:
        raise UserError("too_many_running", limit=settings().running_per_person)
    found = await connection.execute(_STARTS, {"user_id": user_id, "since": _since()})
    starts, limit = list(found.scalars()), settings().starts_per_minute
    if len(starts) > limit:
        # The newest one is the refused one itself; the oldest of those that fill the window has to leave it.
        free = datetime.fromisoformat(starts[-limit - 1]) + WINDOW
        seconds = math.ceil((free - datetime.now(UTC)).total_seconds())
        raise UserError("too_many_starts", limit=limit, seconds=max(seconds, 1))


def _since() -> str:
    return (datetime.now(UTC) - WINDOW).isoformat(timespec="milliseconds")
