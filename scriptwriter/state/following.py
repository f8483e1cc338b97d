"""Owns how a tab follows a project: who sits there, whether they still may, when to try again.

Knows no page: a tab here is a state with `access`, `notice`, `_shown`, `_follow`, `_forget` and `_deny`, seen
from its background event.
"""

import asyncio
from typing import Any, TypeVar

from scriptwriter.errors import UserError
from scriptwriter.services import projects
from scriptwriter.services.access import loss
from scriptwriter.state.project import ProjectState
from scriptwriter.state.session import SessionState, as_notice, still
from scriptwriter.sync.views import Followed

_State = TypeVar("_State", bound=SessionState)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0  # seconds between two tries to follow

HELD: list[type[SessionState]] = []
"""States in which a tab holds things of the project that it shows: emptied when that is over."""

LOST = {"access_removed": "removed", "project_deleted": "deleted"}
"""What `access` says of a project that was open until now, by the error that ended it."""


def held(state: type[_State]) -> type[_State]:
    """Class decorator: `state` holds things of a project."""
    HELD.append(state)
    return state


async def watch(tab: Any, project_id: str) -> None:
    """Follow the project until the person leaves the page, or may no longer read it."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await tab._follow(project_id)
        except UserError as error:
            async with tab:
                if tab._shown == project_id:
                    await tab._deny(error)
            return
        except Exception as error:
            # A fault of ours leaves on the screen what is there, and is tried again.
            async with tab:
                tab.notice = as_notice(error)
                if tab.access != "open":
                    tab.access = "denied"
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def admit(tab: Any, project_id: str) -> str:
    """Seat whoever is signed in, in a tab that holds nothing of another project; returns the person's id.

    What the tab still says goes on, but for a wait that is over. Raises UserError `signed_out`.
    """
    user = await tab._user()
    async with tab:
        # `enter` is on its way too: whoever comes second must find the tab in the right hands already.
        (await tab.get_state(SessionState))._seat(user)
        if tab._shown != project_id:
            await tab._forget()
            tab._shown = project_id
        around = await tab.get_state(ProjectState)
        if around.id != project_id:
            around.reset()
        for part in (tab, *[await tab.get_state(each) for each in HELD]):
            part.notice = still(part.notice)
    if user is None:
        raise UserError("signed_out")
    return user.id


async def role_in(flow: Followed, person: str, *, doubtful: object = False) -> str:
    """The person's role, as the flow says; where it says that there is none, the database decides.

    Raises UserError `access_removed` or `project_deleted`.
    """
    role = flow.roles.get(person)
    if role is not None and flow.state != "deleted" and not doubtful:
        return role
    # Its rows come by shapes of their own, perhaps late.
    try:
        return (await projects.open_project(flow.project_id, person)).role
    except UserError as error:
        raise await loss(flow.project_id) from error
