"""A page whose session has ended says so, and receives no further update."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from reflex.state import BaseState
from sqlalchemy import delete, update
from sqlmodel import col

from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.accounts import passwords, sessions
from scriptwriter.services.ideas import verdicts
from scriptwriter.services.projects import catalog
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User, UserSession
from scriptwriter.web.account.account_state import AccountState
from scriptwriter.web.brief.new_project_state import NewProjectState
from scriptwriter.web.projects.projects_state import ProjectsState
from scriptwriter.web.room.presence_state import PresenceState
from tests.security.conftest import Site
from tests.support.accounts import OTHER, PASSWORD, give_password
from tests.support.page_sockets import PageSocket, named, page_socket, plain, project_place
from tests.support.rows import rows
from tests.support.scenes import SECRET, Scene
from tests.support.waiting import eventually
from tests.unit.test_background_events import BACKGROUND

NOTIFIED_WITHIN = 5.0
"""Seconds within which the page must be notified."""
INVISIBLE = (PresenceState,)
"""States that show nothing. Their effect is seen in the database."""
SESSION_ALONE = (AccountState, NewProjectState)
"""States whose event depends on the session only, and on no project."""


async def _deleted(person: str, cookie: str) -> None:
    async with transaction() as session:
        await session.exec(delete(UserSession).where(col(UserSession.id) == sessions.token_hash(cookie)))


async def _closed(person: str, cookie: str) -> None:
    async with transaction() as session:
        await session.exec(update(User).where(col(User.id) == person).values(status="inactive"))


async def _changed_password(person: str, cookie: str) -> None:
    elsewhere = await sessions.open_session(person)
    await passwords.change(person, PASSWORD, OTHER, here=sessions.token_hash(elsewhere))


SESSION_ENDS: dict[str, Callable[[str, str], Awaitable[None]]] = {
    "signed out elsewhere": _deleted,
    "account closed": _closed,
    "password changed": _changed_password,
}


@pytest.mark.parametrize("how", SESSION_ENDS)
@pytest.mark.parametrize(
    ("state", "name"), BACKGROUND, ids=lambda value: value if isinstance(value, str) else value.__name__
)
async def test_no_page_receives_updates_after_its_session_ended(
    site: Site, stranger: str, attacked: Scene, state: type[BaseState], name: str, how: str
) -> None:
    """Tried for each way to end a session; a project changes afterwards."""
    target, room = attacked.targets[0], attacked.room
    await give_password(room.viewer, PASSWORD)
    cookie = await sessions.open_session(room.viewer)
    place = project_place(target.project_id)
    async with page_socket(site.url, cookie) as tab:
        # A page without a subscription of its own.
        await tab.boot({"pathname": "/404", "asPath": "/404"})
        await tab.send(named(state, name), place=place)
        if state in INVISIBLE:
            await eventually(lambda: _present(site, room.viewer))
        elif state in SESSION_ALONE:
            await tab.until(lambda: room.viewer.title() in tab.heard)
        else:
            await tab.until(lambda: SECRET in tab.heard)

        await SESSION_ENDS[how](room.viewer, cookie)
        async with asyncio.timeout(NOTIFIED_WITHIN):
            await _is_notified(site, tab, state, room.viewer)

        before = len(tab.frames)
        marker = f"{SECRET}之后的名字"
        await catalog.change(target.project_id, room.owner, name=marker)
        await verdicts.pick(target.project_id, IdeaRef(target.artifact_id, 0), "keep", room.owner)
        async with page_socket(site.url, await sessions.open_session(room.owner)) as other:
            await other.boot(place)
            await other.send(named(ProjectsState, "load"))
            await other.until(lambda: marker in other.heard)
        await tab.settle()

        assert SECRET not in "".join(map(plain, tab.frames[before:]))


async def _is_notified(site: Site, tab: PageSocket, state: type[BaseState], person: str) -> None:
    if state in INVISIBLE:
        await eventually(lambda: not _present(site, person), NOTIFIED_WITHIN)
    else:
        await tab.until(lambda: "请先登录" in tab.heard or "/sign-in" in tab.heard)


def _present(site: Site, person: str) -> bool:
    return bool(rows(site.database_url, "SELECT 1 FROM presence WHERE user_id = %s", person))
