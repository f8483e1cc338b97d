"""Forms that were sent: the same form again, from any tab or process, starts nothing twice.

The browser names each form by a random ticket, and keeps it with what was typed (assets/drafts.js).
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.services.projects.access import is_id
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import SentForm

KEPT = timedelta(days=31)
"""A day longer than a browser keeps a draft."""


async def take(session: AsyncSession, user_id: str, ticket: str, project_id: str) -> str:
    """Take the form with `ticket` for one of `project_id`; returns "" if it is taken now.

    Otherwise returns the id of the project for which it was taken before. If another transaction is taking
    it, waits for its end: after a rollback the form is free. A `ticket` that cannot be an id is ignored.
    """
    if not is_id(ticket):
        return ""
    values = {"user_id": user_id, "ticket": ticket, "project_id": project_id}
    taken = await session.exec(
        insert(SentForm).values(values).on_conflict_do_nothing().returning(col(SentForm.ticket))  # pyright: ignore[reportArgumentType, reportCallIssue]
    )
    return "" if taken.first() else await _project_of(session, user_id, ticket)


async def project_of(user_id: str, ticket: str) -> str:
    """The id of the project for which `user_id` sent the form with `ticket`; "" where it started nothing."""
    if not is_id(ticket):
        return ""
    async with transaction() as session:
        return await _project_of(session, user_id, ticket)


async def forget_old(session: AsyncSession) -> None:
    """Delete the tickets that no browser has any more."""
    await session.exec(delete(SentForm).where(col(SentForm.sent_at) < datetime.now(UTC) - KEPT))


async def _project_of(session: AsyncSession, user_id: str, ticket: str) -> str:
    found = await session.exec(
        select(SentForm.project_id).where(SentForm.user_id == user_id, SentForm.ticket == ticket)
    )
    return found.first() or ""
