"""What a tab may do and what it receives, through the states' event handlers and the real services."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select

from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import verdicts
from scriptwriter.services.projects import catalog
from scriptwriter.services.runs import attempts, ending, starting
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Artifact, Membership, Project, Transform, UserSession
from scriptwriter.sync.hub import Hub
from scriptwriter.web.brief.new_project_state import NewProjectState
from scriptwriter.web.kit.notices import SECONDS_LEFT, Notice
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.room_state import BrainstormState, WritingState
from scriptwriter.worker.model_faults import fault
from tests.support.rooms import BRIEF, Room
from tests.support.tabs import LINEAGE, MEMBERS, Tab, open_tab
from tests.support.waiting import eventually

ONE = Idea("开锁匠", "入赘五年的锁匠。")
TWO = Idea("地下三层", "保洁员何满。")
THREE = Idea("末日掌柜", "超市店员。")


async def _pick(tab: Tab, attempt: attempts.Attempt, number: int, verdict: str = "keep") -> None:
    """Pick an idea, as the buttons of its card do."""
    ref = str(IdeaRef(attempt.artifact_id, number - 1))
    await tab.send(IdeasState.pick, ref=ref, verdict=verdict, before="", before_reason="")


async def _verdicts(room: Room) -> list[str]:
    """The stored verdicts of the project."""
    async with transaction() as session:
        rows = await session.exec(
            select(Artifact.data).where(
                Artifact.project_id == room.project_id, Artifact.type == "brainstorm_verdict"
            )
        )
        return list(rows)


async def _attempts(room: Room) -> list[int]:
    """The attempt number of each run, in the order of the starts."""
    async with transaction() as session:
        rows = await session.exec(
            select(Transform.retry_count)
            .where(Transform.project_id == room.project_id, Transform.type == "llm")
            .order_by(col(Transform.created_at))
        )
        return [number or 0 for number in rows]


async def _begun(room: Room) -> attempts.Attempt:
    """The first attempt of a new run."""
    attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    return attempt


async def _failed_run(room: Room, code: str = "reply_unreadable", **params: int) -> attempts.Attempt:
    """A run that failed after its first idea."""
    attempt = await _begun(room)
    await ending.fail(attempt, [ONE], Reply("test-model", raw_response="<b>raw</b>"), fault(code, **params))
    return attempt


async def _completed_run(room: Room) -> attempts.Attempt:
    """A completed run of three ideas."""
    attempt = await _begun(room)
    await ending.finish(attempt, [ONE, TWO, THREE], Reply("test-model"))
    return attempt


@pytest.mark.parametrize("person", ["stranger", None])
async def test_people_who_are_not_members_receive_nothing_of_a_project(
    hub: Hub, room: Room, person: str | None
) -> None:
    """The project's id comes from the client, so knowing it must not be enough."""
    await _completed_run(room)

    async with open_tab(room.project_id, person) as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "denied")

        assert ONE.title not in json.dumps(tab.updates, default=str, ensure_ascii=False)
        assert hub.open_projects == 0


@pytest.mark.parametrize("person", ["stranger", "viewer", None])
async def test_event_handlers_refuse_people_without_the_role(
    hub: Hub, room: Room, person: str | None
) -> None:
    """Each handler is an endpoint that any client can call. A notice says why it was refused."""
    attempt = await _completed_run(room)

    async with open_tab(room.project_id, person) as tab:
        await tab.sees(BrainstormState, "access", lambda access: access in ("open", "denied"))
        await tab.send(BrainstormState.start_again, seen=attempt.transform_id)
        await tab.send(BrainstormState.retry, transform_id=attempt.transform_id, attempt=0)
        await tab.send(BrainstormState.skip, transform_id=attempt.transform_id, attempt=0, number=1)
        await tab.send(BrainstormState.rephrase, transform_id=attempt.transform_id, attempt=0)
        await tab.send(BrainstormState.stop, transform_id=attempt.transform_id)
        await _pick(tab, attempt, 1)

        assert tab.value(BrainstormState, "notice").zh
        assert not tab.value(BrainstormState, "may_act")
        assert await _verdicts(room) == []
        assert await _attempts(room) == [0]


async def test_a_person_who_is_not_signed_in_is_redirected_to_the_sign_in_page(hub: Hub, room: Room) -> None:
    """The redirect contains the way back."""
    async with open_tab(room.project_id, None) as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "denied")

        assert tab.redirects == [f"/sign-in?next=/projects/{room.project_id}/brainstorm"]


async def test_drafts_reach_a_tab_as_they_are_committed(hub: Hub, room: Room) -> None:
    """A growing idea changes only a state of its own. A finished one becomes a card and is announced."""
    attempt = await _begun(room)

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


async def test_a_kept_idea_reaches_all_tabs_of_the_project(hub: Hub, room: Room) -> None:
    """It arrives through database and shapes, also in the tab in which it was kept."""
    attempt = await _completed_run(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "open")
        await verdicts.pick(room.project_id, IdeaRef(attempt.artifact_id, 2), "keep", room.collaborator)
        await _pick(tab, attempt, 2)
        keepers = await tab.sees(BrainstormState, "keepers", lambda keepers: len(keepers or ()) == 2)

        assert [keeper.title for keeper in keepers] == ["末日掌柜", "地下三层"]
        cards = tab.value(BrainstormState, "cards")
        assert [(card.kept, card.mine) for card in cards] == [(False, ""), (True, "keep"), (True, "")]

        await _pick(tab, attempt, 2, verdict="none")
        await tab.sees(BrainstormState, "keepers", lambda keepers: len(keepers) == 1)


async def test_a_tab_forgets_its_values_when_another_person_signs_in(hub: Hub, room: Room) -> None:
    """A state belongs to one person."""
    await _completed_run(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "cards", lambda cards: bool(cards))
        tab.sign_in("")
        await tab.send(SessionState.enter)

        assert tab.value(BrainstormState, "cards") == []
        assert tab.value(SessionState, "user_name") == ""


async def test_a_stop_in_a_tab_keeps_what_is_written(hub: Hub, room: Room) -> None:
    """The half-written idea stays readable, and no card waits for more."""
    attempt = await _begun(room)
    await attempts.save_draft(attempt, [ONE, Idea("地下三层", "保洁员", "writing")])

    async with open_tab(room.project_id, "collaborator") as tab:
        await tab.sees(WritingState, "number", lambda number: number == 2)
        await tab.send(BrainstormState.stop, transform_id=attempt.transform_id)
        await tab.sees(BrainstormState, "newest", lambda newest: newest.phase == "stopped")

        cards = tab.value(BrainstormState, "cards")
        assert [(card.title, card.state) for card in cards] == [
            ("开锁匠", "finished"),
            ("地下三层", "unfinished"),
        ]
        assert tab.value(BrainstormState, "later") == []
        assert tab.value(WritingState, "number") == 0
        assert tab.value(BrainstormState, "newest").stopped_by == "Collaborator"


@pytest.mark.parametrize(
    ("cause", "message"), [("removed", "你已被移出该项目"), ("deleted", "这个项目已被删除")]
)
async def test_a_tab_that_loses_access_says_why_and_keeps_nothing(
    hub: Hub, room: Room, cause: str, message: str
) -> None:
    """The member is removed, or the project deleted, in the middle of a sentence."""
    attempt = await _begun(room)

    async with open_tab(room.project_id, "collaborator") as tab:
        await attempts.save_draft(attempt, [ONE, Idea("地下三层", "保洁员", "writing")])
        await tab.sees(WritingState, "number", lambda number: number == 2)
        async with transaction() as session:
            if cause == "deleted":
                await session.exec(delete(Project).where(col(Project.id) == room.project_id))
            else:
                await session.exec(delete(Membership).where(col(Membership.user_id) == "collaborator"))
        await tab.sees(BrainstormState, "access", lambda access: access == cause)

        assert tab.value(BrainstormState, "notice").zh == message
        held = json.dumps(tab.shown, default=str, ensure_ascii=False)
        assert not any(word in held for word in (ONE.title, ONE.body, "保洁员", "一个项目", "抖音"))
        await eventually(lambda: hub.open_projects == 0)


async def test_a_member_who_becomes_a_viewer_can_still_read(hub: Hub, room: Room) -> None:
    """The new role arrives through a shape and removes the buttons."""
    await _completed_run(room)

    async with open_tab(room.project_id, "collaborator") as tab:
        await tab.sees(BrainstormState, "may_act", lambda may: may is True)
        async with transaction() as session:
            await session.exec(
                update(Membership).where(col(Membership.user_id) == "collaborator").values(role="viewer")
            )
        await tab.sees(BrainstormState, "may_act", lambda may: may is False)

        assert tab.value(BrainstormState, "access") == "open"


async def test_an_event_of_an_ended_session_changes_nothing(hub: Hub, room: Room) -> None:
    """The tab keeps no data, and offers a sign-in."""
    attempt = await _completed_run(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "cards", lambda cards: bool(cards))
        async with transaction() as session:
            await session.exec(delete(UserSession))
        await _pick(tab, attempt, 1)

        assert tab.value(BrainstormState, "access") == "signed_out"
        assert tab.value(BrainstormState, "cards") == []
        assert await _verdicts(room) == []


@pytest.mark.parametrize(("page", "state"), [(MEMBERS, MembersState), (LINEAGE, LineageState)])
async def test_every_page_of_a_project_offers_a_sign_in_when_its_session_ends(
    hub: Hub, room: Room, page: str, state: type[MembersState] | type[LineageState]
) -> None:
    """It does not say that the project cannot be opened."""
    async with open_tab(room.project_id, "owner", page) as tab:
        await tab.sees(state, "access", lambda access: access == "open")
        async with transaction() as session:
            await session.exec(delete(UserSession))

        await tab.sees(state, "access", lambda access: access == "signed_out")


async def test_a_brief_sent_after_the_session_ended_offers_a_sign_in(hub: Hub, room: Room) -> None:
    """The form stays filled in."""
    form = {"platform": "抖音", "genre": "穿越", "other_requirements": "", "draft_mark": "ticket-1"}

    async with open_tab(room.project_id, "owner") as tab:
        async with transaction() as session:
            await session.exec(delete(UserSession))
        await tab.send(NewProjectState.submit, form_data=form)

        assert tab.value(NewProjectState, "notice").zh == "请先登录"
        assert tab.value(NewProjectState, "signed_out") is True
        await tab.send(NewProjectState.submit, form_data=form | {"platform": ""})
        assert tab.value(NewProjectState, "signed_out") is False


async def test_a_reloaded_page_offers_no_undo(hub: Hub, room: Room) -> None:
    """An earlier act can still be taken back through the idea's buttons and versions."""
    attempt = await _completed_run(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "cards", lambda cards: bool(cards))
        await _pick(tab, attempt, 1, "keep")
        assert tab.value(IdeasState, "undo_offer").zh != ""

        await tab.load()

        await tab.sees(IdeasState, "undo_offer", lambda offer: offer.zh == "")


async def test_closing_the_provenance_dialog_clears_its_values(hub: Hub, room: Room) -> None:
    """Otherwise a page would open with the dialog of the page before it."""
    attempt = await _completed_run(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "cards", lambda cards: bool(cards))
        await tab.send(OriginState.trace, transform_id=attempt.transform_id)
        assert tab.value(OriginState, "shown") > 0

        await tab.send(OriginState.close)

        assert (tab.value(OriginState, "shown"), tab.value(OriginState, "told").reply) == (0, "")


async def test_undoing_a_pass_closes_the_question_for_a_reason(hub: Hub, room: Room) -> None:
    """Both the verdict and the question are taken back."""
    attempt = await _completed_run(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "cards", lambda cards: bool(cards))
        await _pick(tab, attempt, 1, "pass")
        assert tab.value(IdeasState, "reasoning") != ""
        await tab.send(IdeasState.undo)

        assert tab.value(IdeasState, "reasoning") == ""


async def test_a_repeated_event_acts_once(hub: Hub, room: Room) -> None:
    """Each event names the run and the attempt that it was made for.

    When its copy arrives, they have changed.
    """
    first = await _completed_run(room)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "newest", lambda newest: newest and newest.phase == "completed")
        await tab.send(BrainstormState.start_again, seen=first.transform_id)
        await tab.sees(BrainstormState, "newest", lambda newest: newest.phase == "queued")
        await tab.send(BrainstormState.start_again, seen=first.transform_id)
        assert tab.value(BrainstormState, "notice").zh == "Owner 已经开始了一次生成，正在进行中"

        second = tab.value(BrainstormState, "newest").transform_id
        attempt = await attempts.begin(second)
        assert attempt is not None
        await ending.fail(attempt, [ONE], None, fault("reply_unreadable"))
        await tab.sees(BrainstormState, "newest", lambda newest: newest.phase == "failed")
        await tab.send(BrainstormState.start_again, seen=first.transform_id)
        await tab.send(BrainstormState.retry, transform_id=second, attempt=0)
        attempt = await attempts.begin(second)
        assert attempt is not None
        await ending.fail(attempt, [ONE], None, fault("reply_unreadable"))
        failed_again = ("failed", 1)
        await tab.sees(
            BrainstormState, "newest", lambda newest: (newest.phase, newest.attempt) == failed_again
        )
        await tab.send(BrainstormState.retry, transform_id=second, attempt=0)

        assert await _attempts(room) == [0, 1]


async def test_of_two_colleagues_who_start_one_run_starts(hub: Hub, room: Room) -> None:
    """The second one reads who started it, and both see it."""
    first = await _completed_run(room)

    async with (
        open_tab(room.project_id, "owner") as owner,
        open_tab(room.project_id, "collaborator") as colleague,
    ):
        for tab in (owner, colleague):
            await tab.sees(BrainstormState, "newest", lambda newest: newest and newest.phase == "completed")
        await owner.send(BrainstormState.start_again, seen=first.transform_id)
        await colleague.send(BrainstormState.start_again, seen=first.transform_id)

        assert colleague.value(BrainstormState, "notice").zh == "Owner 已经开始了一次生成，正在进行中"
        for tab in (owner, colleague):
            await tab.sees(BrainstormState, "newest", lambda newest: newest.phase == "queued")
        assert await _attempts(room) == [0, 0]


@pytest.mark.parametrize(
    ("handler", "context"),
    [
        (BrainstormState.skip, {"slots": [2], "skipped": [1], "rephrase": False}),
        (BrainstormState.retry_one, {"slots": [1], "skipped": [], "rephrase": False}),
    ],
)
async def test_one_idea_is_retried_or_skipped_alone(
    hub: Hub, room: Room, handler: Any, context: dict[str, Any]
) -> None:
    """The event names it by the number on its card."""
    attempt = await _failed_run(room, "content_filtered", number=2)

    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "newest", lambda newest: newest and newest.phase == "failed")
        await tab.send(handler, transform_id=attempt.transform_id, attempt=0, number=2)

        async with transaction() as session:
            row = await session.get(Transform, attempt.transform_id)
            assert row is not None and row.execution_context is not None
            assert context.items() <= json.loads(row.execution_context).items()


class MuchLater(datetime):
    """A clock that is ten minutes ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + timedelta(minutes=10)


async def test_a_notice_that_asks_to_wait_disappears_when_the_wait_is_over(
    hub: Hub, room: Room, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reload the page shows the remaining time, and nothing once it is over."""
    seen = (await _completed_run(room)).transform_id
    setting(STARTS_PER_MINUTE="1")
    async with open_tab(room.project_id, room.owner) as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "open")
        await tab.send(BrainstormState.start_again, seen=seen)
        shown_notice = tab.value(BrainstormState, "notice")
        monkeypatch.setattr("scriptwriter.web.kit.notices.datetime", MuchLater)
        await tab.load()

        assert 0 < shown_notice.seconds <= 60 and SECONDS_LEFT in shown_notice.zh
        await tab.sees(BrainstormState, "notice", lambda notice: notice == Notice())


async def test_only_members_can_read_the_raw_reply(hub: Hub, room: Room) -> None:
    """It is shown unchanged, as text."""
    attempt = await _failed_run(room)

    async with open_tab(room.project_id, "viewer") as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "open")
        await tab.send(OriginState.trace, transform_id=attempt.transform_id)
        assert tab.value(OriginState, "told").reply == "<b>raw</b>"
    async with open_tab(room.project_id, "stranger") as tab:
        await tab.send(OriginState.trace, transform_id=attempt.transform_id)
        assert tab.value(OriginState, "shown") == 0


async def test_a_repeated_form_makes_one_project(hub: Hub, room: Room) -> None:
    """A double click, a resubmitted form and a replayed event all lead to the project made first."""
    brief = {"platform": "抖音", "genre": "穿越", "other_requirements": ""}

    async with open_tab(room.project_id, "owner") as tab, open_tab(room.project_id, "owner") as other:
        form = brief | {"draft_mark": "ticket-1"}
        await tab.send(NewProjectState.submit, form_data=form)
        await tab.send(NewProjectState.submit, form_data=form)
        assert tab.value(SessionState, "settled") == "new:brief ticket-1"
        await tab.send(NewProjectState.open)
        await tab.send(NewProjectState.submit, form_data=form)
        # A tab whose state does not know the form, as after a restart, or in another process.
        await other.send(NewProjectState.submit, form_data=form)
        await other.send(SessionState.ask_for_sent, draft="new:brief ticket-1")
        await other.send(SessionState.ask_for_sent, draft="new:brief ticket-2")
        await tab.send(NewProjectState.submit, form_data=brief | {"draft_mark": "ticket-2"})

        assert (len(tab.redirects), len(other.redirects)) == (4, 2)
        assert len({*tab.redirects[:3], *other.redirects}) == 1
        assert len(await catalog.mine(room.owner)) == 3


async def test_the_same_ticket_of_another_person_is_another_form(hub: Hub, room: Room) -> None:
    """Tickets belong to a person, so nobody is led to somebody else's project."""
    form = {"platform": "抖音", "genre": "穿越", "other_requirements": "", "draft_mark": "ticket-1"}

    async with open_tab(room.project_id, "owner") as tab, open_tab(room.project_id, "stranger") as other:
        await tab.send(NewProjectState.submit, form_data=form)
        await other.send(SessionState.ask_for_sent, draft="new:brief ticket-1")
        assert other.redirects == []
        await other.send(NewProjectState.submit, form_data=form)

        assert tab.redirects != other.redirects
        assert len(await catalog.mine(room.stranger)) == 1


async def test_a_repeated_brief_starts_no_second_run(hub: Hub, room: Room) -> None:
    """Even after the first run has ended, from a tab that has seen its end."""
    form = {"platform": "抖音", "genre": "穿越", "other_requirements": "", "draft_mark": "ticket-1"}
    async with open_tab(room.project_id, "owner") as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "open")
        await tab.send(BrainstormState.start, form_data=form | {"seen": ""})
        newest = await tab.sees(BrainstormState, "newest", lambda newest: newest.transform_id != "")
        await ending.stop(room.project_id, newest.transform_id, room.owner)
        await tab.sees(BrainstormState, "newest", lambda newest: newest.phase == "stopped")

        await tab.send(BrainstormState.start, form_data=form | {"seen": newest.transform_id})

        assert tab.value(BrainstormState, "brief_open") is False
        assert tab.value(SessionState, "settled") == f"{room.project_id}:brief ticket-1"
    assert await _attempts(room) == [0]


async def test_losing_access_clears_the_editor_and_the_provenance_dialog(hub: Hub, room: Room) -> None:
    """Their texts belong to the project, too."""
    attempt = await _completed_run(room)

    async with open_tab(room.project_id, "collaborator") as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "open")
        ref = str(IdeaRef(attempt.artifact_id, 0))
        await tab.send(IdeasState.edit, ref=ref, title=ONE.title, body=ONE.body, version="")
        await tab.send(OriginState.trace, transform_id=attempt.transform_id)
        assert tab.value(IdeasState, "draft_body") == ONE.body
        assert tab.value(OriginState, "told").prompts
        async with transaction() as session:
            await session.exec(delete(Membership).where(col(Membership.user_id) == "collaborator"))
        await tab.sees(BrainstormState, "access", lambda access: access == "removed")

        assert tab.value(IdeasState, "draft_body") == ""
        assert tab.value(OriginState, "told").prompts == []
