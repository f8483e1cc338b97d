"""What a tab may do and what it is sent, through the states' event handlers and the real services."""

import json
from collections.abc import AsyncIterator

import pytest
from sqlmodel import select

from scriptwriter.backing import electric_server
from scriptwriter.database import transaction
from scriptwriter.graph import Idea, Reply
from scriptwriter.models import Artifact
from scriptwriter.services import attempts, brainstorms
from scriptwriter.settings import settings
from scriptwriter.state.brainstorm import BrainstormState, WritingState
from scriptwriter.state.session import SessionState
from scriptwriter.sync import hub as process_hub
from scriptwriter.sync.hub import Hub
from tests.support.rooms import BRIEF, Room
from tests.support.tabs import open_tab

ONE = Idea("开锁匠", "入赘五年的锁匠。")
TWO = Idea("地下三层", "保洁员何满。")
THREE = Idea("末日掌柜", "超市店员。")


@pytest.fixture
async def hub(connected: str) -> AsyncIterator[Hub]:
    """The hub of this process, over an embedded shape server."""
    inside = settings().model_copy(update={"electric_url": None})
    async with (
        electric_server(inside, connected) as electric,
        Hub(electric.url, electric.secret, linger=0.2) as hub,
    ):
        yield process_hub.connect(hub)


async def _choices(room: Room) -> list[str]:
    async with transaction() as session:
        rows = await session.exec(
            select(Artifact.data).where(
                Artifact.project_id == room.project_id, Artifact.type == "brainstorm_choice"
            )
        )
        return list(rows)


async def _finished(room: Room) -> attempts.Attempt:
    attempt = await attempts.begin(await brainstorms.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await attempts.finish(attempt, [ONE, TWO, THREE], Reply("test-model"))
    return attempt


@pytest.mark.parametrize("person", ["stranger", None])
async def test_who_is_not_a_member_sees_nothing_of_a_project(
    hub: Hub, room: Room, person: str | None
) -> None:
    """The project's id comes from the client, so knowing it opens nothing."""
    await _finished(room)

    async with open_tab(room.project_id, person) as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "denied")

        assert ONE.title not in json.dumps(tab.updates, default=str, ensure_ascii=False)
        assert hub.open_projects == 0


@pytest.mark.parametrize("person", ["stranger", "viewer", None])
async def test_who_may_not_act_changes_nothing(hub: Hub, room: Room, person: str | None) -> None:
    """Each handler is an endpoint that any client can call; the person reads why it was refused."""
    attempt = await _finished(room)

    async with open_tab(room.project_id, person) as tab:
        await tab.sees(BrainstormState, "access", lambda access: access in ("open", "denied"))
        await tab.send(BrainstormState.start_again)
        await tab.send(BrainstormState.retry, transform_id=attempt.transform_id)
        await tab.send(BrainstormState.stop, transform_id=attempt.transform_id)
        await tab.send(BrainstormState.choose, artifact_id=attempt.artifact_id, number=1)

        assert tab.value(BrainstormState, "notice").zh
        assert await _choices(room) == []


async def test_nobody_signed_in_is_sent_to_the_sign_in_page_and_back(hub: Hub, room: Room) -> None:
    """The redirect carries the way back."""
    async with open_tab(room.project_id, None) as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "denied")

        assert tab.redirects == [f"/sign-in?next=/projects/{room.project_id}/brainstorm"]


async def test_words_reach_a_tab_as_they_are_committed(hub: Hub, room: Room) -> None:
    """A growing idea arrives in its own state; when it is finished it is a card, and is announced."""
    attempt = await attempts.begin(await brainstorms.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None

    async with open_tab(room.project_id, "collaborator") as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "open")
        await attempts.save_draft(attempt, [ONE, Idea("地下", "", "writing")])
        await tab.sees(WritingState, "title", lambda title: title == "地下")
        await tab.sees(BrainstormState, "newest", lambda newest: newest.progress > 10)
        sent = len(tab.updates)
        await attempts.save_draft(attempt, [ONE, Idea("地下三层", "保洁员", "writing")])
        await tab.sees(WritingState, "body", lambda body: body == "保洁员")

        assert [list(update) for update in tab.updates[sent:]] == [[WritingState.get_full_name()]]

        await attempts.save_draft(attempt, [ONE, TWO])
        cards = await tab.sees(BrainstormState, "cards", lambda cards: cards and len(cards) == 2)
        assert [card.title for card in cards] == ["开锁匠", "地下三层"]
        assert tab.value(BrainstormState, "announcement").zh == "第 2 个创意已写完：地下三层"


async def test_a_choice_is_seen_by_everybody_in_the_room(hub: Hub, room: Room) -> None:
    """It goes through the database and the shapes: the tab that chose learns of it as all others do."""
    attempt = await _finished(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "open")
        await tab.send(BrainstormState.choose, artifact_id=attempt.artifact_id, number=2)
        keepers = await tab.sees(BrainstormState, "keepers", lambda keepers: bool(keepers))

        assert [keeper.title for keeper in keepers] == ["地下三层"]


async def test_a_tab_that_changes_hands_forgets_what_it_held(hub: Hub, room: Room) -> None:
    """The state belongs to a person: after another sign-in in the same tab it starts empty."""
    await _finished(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "cards", lambda cards: bool(cards))
        tab.sign_in("")
        await tab.send(SessionState.enter)

        assert tab.value(BrainstormState, "cards") == []
        assert tab.value(SessionState, "user_name") == ""


async def test_a_stop_ends_the_run_and_keeps_what_is_written(hub: Hub, room: Room) -> None:
    """The half-written idea stays readable, and no place is left waiting for more."""
    attempt = await attempts.begin(await brainstorms.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE, Idea("地下三层", "保洁员", "writing")])

    async with open_tab(room.project_id, "collaborator") as tab:
        await tab.sees(WritingState, "number", lambda number: number == 2)
        await tab.send(BrainstormState.stop, transform_id=attempt.transform_id)
        await tab.sees(BrainstormState, "newest", lambda newest: newest.phase == "stopped")

        cards = tab.value(BrainstormState, "cards")
        assert [(card.title, card.unfinished) for card in cards] == [("开锁匠", False), ("地下三层", True)]
        assert tab.value(BrainstormState, "blanks") == []
        assert tab.value(WritingState, "number") == 0
