"""Deletes expired rows: sessions, failed sign-ins, registrations, lookups, and counted starts of runs."""

from datetime import UTC, datetime

from sqlalchemy import delete
from sqlmodel import col

from scriptwriter.services.accounts.sign_in_throttle import LOOKUPS_WINDOW, REGISTRATIONS_WINDOW, WINDOW
from scriptwriter.services.runs import budget, starting, takeover
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import NameLookup, Registration, SignInFailure, UserSession


async def clean() -> None:
    """Delete every row that no check reads any more."""
    now = datetime.now(UTC)
    async with transaction() as session:
        await session.exec(delete(UserSession).where(col(UserSession.expires_at) < now))
        # Twice the window, because the clocks of this machine and of the database may differ.
        await session.exec(delete(SignInFailure).where(col(SignInFailure.failed_at) < now - 2 * WINDOW))
        await budget.forget_old_starts(session)
        await starting.forget_old_forms(session)
        await takeover.forget_dead_processes(session)
        old = col(Registration.registered_at) < now - 2 * REGISTRATIONS_WINDOW
        await session.exec(delete(Registration).where(old))
        await session.exec(delete(NameLookup).where(col(NameLookup.looked_at) < now - 2 * LOOKUPS_WINDOW))
