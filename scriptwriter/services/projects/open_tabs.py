"""Owns who has a project open at this moment: a row for each open tab, renewed while it is open.

A tab that ends without a word is removed by the workers, so that nobody who looks needs a clock.
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
"""Between two renewals of an open tab."""
SILENT_SECONDS = 45.0
"""Without a renewal, after which a tab is gone."""


async def renew(project_id: str, tab: str, user_id: str, editing: str = "") -> None:
    """Say that `tab` has the project open: when it opens it, every RENEW_SECONDS, and when `editing` changes.

    `editing` is the ref of the idea whose text is open in it, or "". A tab's id is random, another one at
    every visit of a page, and stays on the server: who knows it can end the row.
    Raises UserError: `project_not_found`, `idea_not_found` for an `editing` that is no ref, `not_allowed` for
    a viewer who edits.
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
    """The tab is closed, or shows something else; one that is not there has left already."""
    async with transaction() as session:
        await session.exec(delete(Presence).where(col(Presence.tab) == tab))


async def forget_silent(seconds: float = SILENT_SECONDS) -> int:
    """Remove the tabs that gave no sign of life for `seconds`; returns how many."""
    silent = col(Presence.seen_at) < func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    async with transaction() as session:
        return (await session.exec(delete(Presence).where(silent))).rowcount
