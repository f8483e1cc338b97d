"""Presence: one row for each tab in which a project is open, renewed until the tab closes.

Workers delete the rows of tabs that stopped renewing, so readers need not compare times.
"""

from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.projects.access import ACTORS, require
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Presence

RENEW_SECONDS = 15.0
"""Seconds between two renewals of an open tab."""
SILENT_SECONDS = 45.0
"""Seconds without a renewal after which a tab's row is deleted."""


async def renew(project_id: str, tab: str, user_id: str, editing: str = "") -> None:
    """Record that `tab` has the project open: at opening, every RENEW_SECONDS, and when `editing` changes.

    `editing` is the ref of the idea that is being edited in the tab, or "". `tab` is a random id for each
    visit of a page. It is not sent to the browser, because a client could use it to delete the row. Raises
    UserError: `project_not_found`, `idea_not_found` for an `editing` that is no ref, `not_allowed` for a
    viewer who edits.
    """
    idea = str(IdeaRef.parse(editing)) if editing else ""
    async with transaction() as session:
        _, user, role = await require(session, project_id, user_id)
        if idea and role not in ACTORS:
            raise UserError("not_allowed")
        row: dict[str, Any] = {"project_id": project_id, "user_id": user_id, "name": user.shown_name}
        row |= {"editing": idea, "seen_at": func.clock_timestamp()}
        statement = insert(Presence).values(tab=tab, **row)
        await session.exec(statement.on_conflict_do_update(index_elements=["tab"], set_=row))


async def leave(tab: str) -> None:
    """Delete the row of a tab that was closed or shows another page. An unknown tab is no error."""
    async with transaction() as session:
        await session.exec(delete(Presence).where(col(Presence.tab) == tab))


async def forget_silent(seconds: float = SILENT_SECONDS) -> int:
    """Delete the rows of tabs without a renewal for `seconds`; returns the number."""
    silent = col(Presence.seen_at) < func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    async with transaction() as session:
        return (await session.exec(delete(Presence).where(silent))).rowcount
