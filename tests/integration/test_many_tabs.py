"""The limit of tabs that one person may have open."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from scriptwriter.sync.hub import Hub
from scriptwriter.web.kit import following
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.projects.projects_state import ProjectsState
from scriptwriter.web.room.room_state import BrainstormState
from tests.support.rooms import Room
from tests.support.tabs import BRAINSTORM, LINEAGE, MEMBERS, PROJECTS, open_tab

PAGES: dict[str, Any] = {
    BRAINSTORM: BrainstormState,
    MEMBERS: MembersState,
    LINEAGE: LineageState,
    PROJECTS: ProjectsState,
}


@pytest.mark.parametrize("page", PAGES)
async def test_a_tab_beyond_the_limit_waits_until_another_tab_closes(
    hub: Hub, room: Room, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows a notice meanwhile, and then continues without a reload."""
    monkeypatch.setattr(following, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(following, "MOST_TABS", 1)

    state = PAGES[page]
    async with AsyncExitStack() as stack:
        with following._counted_tab(room.viewer, "another tab"):
            tab = await stack.enter_async_context(open_tab(room.project_id, room.viewer, page))
            await tab.sees(state, "notice", lambda notice: notice and "你已经打开了 1 个页面" in notice.zh)

        await tab.sees(state, "notice", lambda notice: notice == Notice())
        if state is not ProjectsState:
            await tab.sees(state, "access", lambda access: access == "open")
