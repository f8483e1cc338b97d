"""What the screen of a project shows for a flow, and which parts of it are sent again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scriptwriter.domain.graph import Brief, Idea
from scriptwriter.domain.idea_acts import IdeaRef, Pick, Version
from scriptwriter.sync.batch_join import Batch, Waiting
from scriptwriter.sync.idea_notes import IdeaNotes
from scriptwriter.sync.project_flow import ProjectFlow
from scriptwriter.web.brief.brief_reading import checked, project_name
from scriptwriter.web.room.room_view import PARTS, WRITING, Screen, differences

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FIRST = Idea("开锁匠", "入赘五年的锁匠被岳家当成笑话。")
SECOND = Idea("地下三层", "保洁员何满每天拖到董事会门口。")


def batch(**changes: Any) -> Batch:
    """A running batch of three ideas without any words yet, with `changes`."""
    fresh = Batch(
        transform_id="transform-1",
        artifact_id="artifact-1",
        status="running",
        progress=10.0,
        error_code=None,
        error_params={},
        error_message=None,
        brief=Brief("抖音", "穿越", count=3),
        ideas=(),
        started_by="测试用户",
        created_at=NOON,
        attempt_started_at=NOON,
        seconds=None,
        attempt=0,
        model_name="demo",
        tokens=None,
    )
    return replace(fresh, **changes)


def shown(*batches: Batch, after: Screen | None = None, at: datetime = NOON) -> Screen:
    """The screen for these batches, newest first."""
    return (after or Screen()).after(ProjectFlow("project-1", batches), at)


def numbers(screen: Screen) -> list[int]:
    """The numbers of all places in the order in which they are shown."""
    growing = [screen.writing.number] if screen.writing.number else []
    return [*(card.number for card in screen.cards), *growing, *(card.number for card in screen.later)]


def writing(idea: Idea) -> Idea:
    """The idea while it is being written."""
    return idea.model_copy(update={"status": "writing"})


def unfinished(idea: Idea) -> Idea:
    """The idea as an attempt that ended left it."""
    return idea.model_copy(update={"status": "unfinished"})


NOTHING = Idea("", "", "unfinished")
LATER: dict[str, Any] = {"attempt": 1, "slots": frozenset({1, 2})}
"""An attempt that finds the first idea finished."""
BUSY = Waiting("rate_limited", seconds=20, until=NOON + timedelta(seconds=20), number=1, of=2)


def failed(code: str, *ideas: Idea, **params: Any) -> Batch:
    """A batch that ended with this error."""
    return batch(status="failed", error_code=code, error_params=params, error_message=code, ideas=ideas)


def test_a_project_without_a_batch_is_idle() -> None:
    """The screen asks the person to start one."""
    assert shown().newest.phase == "idle"


@pytest.mark.parametrize(
    ("changes", "phase"),
    [
        ({"status": "pending"}, "queued"),
        ({}, "thinking"),
        ({"ideas": (writing(FIRST),)}, "writing"),
        ({"status": "completed", "ideas": (FIRST, SECOND, FIRST)}, "completed"),
        ({"status": "completed", "ideas": (FIRST,)}, "partial"),
        ({"status": "completed", "ideas": (FIRST, NOTHING, SECOND), "skipped": frozenset({1})}, "completed"),
        ({"status": "pending", "waiting": BUSY}, "waiting"),
        (LATER | {"interrupted": True, "ideas": (FIRST,)}, "recovering"),
        (LATER | {"interrupted": True, "ideas": (FIRST, writing(SECOND))}, "writing"),
        (LATER | {"ideas": (FIRST,)}, "thinking"),
        (LATER | {"ideas": (FIRST, unfinished(SECOND))}, "thinking"),
        ({"status": "failed"}, "failed"),
        ({"status": "failed", "error_code": "model_silent"}, "partial"),
        ({"status": "failed", "error_code": "too_few_ideas"}, "partial"),
        ({"status": "cancelled"}, "stopped"),
    ],
)
def test_each_state_of_a_batch_has_its_own_phase(changes: dict[str, Any], phase: str) -> None:
    """Each state of the design that the rows distinguish."""
    assert shown(batch(**changes)).newest.phase == phase


def test_every_idea_has_its_place_from_the_start() -> None:
    """Finished, growing and blank cards together are always as many as were asked for."""
    screens = [
        shown(batch(status="pending")),
        shown(batch()),
        shown(batch(ideas=(writing(FIRST),))),
        shown(batch(ideas=(FIRST,))),
        shown(batch(ideas=(FIRST, writing(SECOND)))),
    ]

    assert [numbers(s) for s in screens] == [[1, 2, 3]] * 5
    assert [[card.number for card in s.later] for s in screens] == [[1, 2, 3], [1, 2, 3], [2, 3], [2, 3], [3]]
    assert all(card.state == "blank" for s in screens for card in s.later)


def test_ideas_are_shown_in_their_order_whichever_is_being_written() -> None:
    """An idea that is written again in the middle grows between its neighbours."""
    screen = shown(batch(attempt=1, ideas=(FIRST, writing(SECOND), FIRST)))

    assert ([card.number for card in screen.cards], screen.writing.number) == ([1], 2)
    assert [(card.number, card.state) for card in screen.later] == [(3, "finished")]


def test_a_place_that_waits_for_a_retry_is_blank() -> None:
    """A place without words is blank while the run continues, and unfinished after it has ended."""
    running = shown(batch(status="pending", attempt=1, ideas=(FIRST, NOTHING, SECOND)))
    ended = shown(batch(status="cancelled", attempt=1, ideas=(FIRST, NOTHING, SECOND)))

    assert [card.state for card in (*running.cards, *running.later)] == ["finished", "blank", "finished"]
    assert [card.state for card in ended.cards] == ["finished", "unfinished", "finished"]
    assert ended.later == ()


def test_a_skipped_idea_is_marked_and_does_not_count_as_missing() -> None:
    """With all other ideas finished, the run is complete."""
    screen = shown(batch(status="completed", ideas=(FIRST, NOTHING, SECOND), skipped=frozenset({1})))

    assert [card.state for card in screen.cards] == ["finished", "skipped", "finished"]
    assert (screen.newest.missing, screen.newest.next_step) == (0, "")


def test_an_automatic_retry_shows_reason_seconds_and_number() -> None:
    """And how many retries there are at most."""
    newest = shown(batch(status="pending", attempt=1, waiting=BUSY)).newest

    assert (newest.failure_zh, newest.wait_seconds, newest.wait_number, newest.wait_of) == (
        "模型繁忙",
        20,
        1,
        2,
    )


@pytest.mark.parametrize(("seconds", "left"), [(0, 20), (12.4, 8), (20, 0), (60, 0), (-5, 20)])
def test_a_page_opened_later_shows_the_seconds_left_until_a_retry(seconds: float, left: int) -> None:
    """Zero when it is due, and never more than at first, even with a wrong clock."""
    waiting = batch(status="pending", attempt=1, waiting=BUSY)
    before = shown(waiting, at=NOON + timedelta(seconds=seconds))

    after = shown(waiting, after=before, at=NOON + timedelta(seconds=seconds + 5))

    assert (before.newest.wait_seconds, after.newest.wait_seconds) == (left, left)


def taken_over(*ideas: Idea) -> Batch:
    """A run whose worker died during the second idea, and that another worker has taken over."""
    return batch(**LATER, interrupted=True, ideas=ideas)


def test_an_interrupted_run_names_the_next_idea_until_its_first_word() -> None:
    """Between two later ideas it stays in the phase "writing", also on a page that is opened then."""
    recovering = shown(taken_over(FIRST))
    growing = shown(taken_over(FIRST, writing(SECOND)), after=recovering)
    between = shown(taken_over(FIRST, SECOND), after=growing)
    fresh = shown(taken_over(FIRST, SECOND))

    assert (recovering.newest.phase, recovering.newest.resume_at) == ("recovering", 2)
    assert [screen.newest.phase for screen in (growing, between, fresh)] == ["writing"] * 3


def test_words_of_a_dead_worker_do_not_count_for_the_next_attempt() -> None:
    """The row of the new attempt may arrive before the artifact without the half-written idea."""
    dead = shown(batch(ideas=(FIRST, writing(SECOND))))
    half_seen = shown(taken_over(FIRST, writing(SECOND)), after=dead)

    seen = shown(taken_over(FIRST), after=half_seen)

    assert (seen.newest.phase, seen.newest.resume_at) == ("recovering", 2)


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_retry_of_one_idea_names_it_although_an_earlier_one_is_open(interrupted: bool) -> None:
    """Before its first word, and after a worker has died."""
    alone = batch(attempt=1, interrupted=interrupted, ideas=(FIRST,), slots=frozenset({2}))

    screen = shown(alone)

    assert screen.newest.resume_at == 3
    assert ([card.number for card in screen.cards], [card.number for card in screen.later]) == ([1, 2], [3])


@pytest.mark.parametrize(("slots", "number"), [(None, 2), (frozenset({1, 2}), 2), (frozenset({2}), 3)])
def test_a_run_continues_with_the_first_place_of_its_attempt(
    slots: frozenset[int] | None, number: int
) -> None:
    """An attempt that names no places writes all open ones."""
    assert shown(batch(attempt=1, ideas=(FIRST,), slots=slots)).newest.resume_at == number


def test_an_attempt_with_nothing_to_write_names_no_next_idea() -> None:
    """A worker died after the last idea and before the end of the run."""
    full = shown(batch(attempt=1, interrupted=True, ideas=(FIRST, SECOND, FIRST), slots=frozenset()))
    alone = shown(batch(attempt=2, interrupted=True, ideas=(FIRST, NOTHING, SECOND), slots=frozenset()))

    assert [(screen.newest.phase, screen.newest.resume_at) for screen in (full, alone)] == [
        ("writing", 0)
    ] * 2


def test_a_first_idea_without_a_draft_ends_the_recovery() -> None:
    """A fast model may finish an idea before a draft of it was seen."""
    after = shown(taken_over(FIRST, SECOND), after=shown(taken_over(FIRST)))

    assert after.newest.phase == "writing"


@pytest.mark.parametrize(
    ("code", "next_step"),
    [
        ("model_silent", "fill_in"),
        ("too_few_ideas", "fill_in"),
        ("length_limit", "go_on"),
        ("model_withdrawn", "rebrief"),
        ("content_filtered", "rephrase"),
        ("reply_unreadable", "reread"),
        ("run_unreadable", "another_batch"),
        ("rate_limited", "retry"),
        ("key_rejected", "retry"),
        ("quota_exhausted", "retry"),
        ("from_the_future", "retry"),
    ],
)
def test_each_error_has_one_next_step(code: str, next_step: str) -> None:
    """For every error that the design names."""
    assert shown(failed(code, FIRST)).newest.next_step == next_step


@pytest.mark.parametrize(("code", "unreadable"), [("run_unreadable", True), ("reply_unreadable", False)])
def test_only_a_run_whose_rows_cannot_be_read_is_unreadable(code: str, unreadable: bool) -> None:
    """The heading of such a run does not say that it failed."""
    assert shown(failed(code, FIRST)).newest.unreadable is unreadable


def test_a_stopped_run_names_who_stopped_it_and_offers_to_fill_in() -> None:
    """Where nothing is missing, nothing is offered."""
    short = shown(batch(status="cancelled", ideas=(FIRST, unfinished(SECOND)), stopped_by="小李")).newest
    full = shown(batch(status="cancelled", ideas=(FIRST,) * 3, stopped_by="小李")).newest

    assert (short.phase, short.stopped_by, short.next_step, short.missing) == (
        "stopped",
        "小李",
        "fill_in",
        2,
    )
    assert full.next_step == ""


@pytest.mark.parametrize(("named", "filtered_idea"), [(2, 2), (1, 2), (None, 2), (3, 3)])
def test_the_idea_to_skip_is_the_missing_one_that_the_error_names(
    named: int | None, filtered_idea: int
) -> None:
    """Otherwise it is the first missing idea."""
    filtered = failed("content_filtered", FIRST, NOTHING, number=named)

    assert shown(filtered).newest.filtered_idea == filtered_idea


def test_a_new_word_sends_only_the_growing_body() -> None:
    """Finished ideas, headings and earlier batches are not sent again."""
    old = batch(transform_id="old", artifact_id="old", status="completed", ideas=(SECOND,) * 3)
    before = shown(batch(ideas=(FIRST, Idea("地下三层", "保洁员", "writing"))), old)

    now = NOON + timedelta(seconds=9)
    after = shown(batch(ideas=(FIRST, Idea("地下三层", "保洁员何满", "writing"))), old, after=before, at=now)

    assert differences(before, after, PARTS) == {}
    assert differences(before.writing, after.writing, WRITING) == {"body": "保洁员何满"}
    assert after.past is before.past


def test_a_finished_idea_is_announced_once() -> None:
    """Screen readers announce each finished idea, not its words, and nothing when the page opens."""
    arriving = shown(batch(ideas=(FIRST, writing(SECOND))))

    finished = shown(batch(ideas=(FIRST, SECOND)), after=arriving)
    later = shown(batch(ideas=(FIRST, SECOND, writing(FIRST))), after=finished)

    assert arriving.announcement.zh == ""
    assert finished.announcement.zh == "第 2 个创意已写完：地下三层"
    assert later.announcement == finished.announcement


def test_the_clock_is_sent_once_per_phase() -> None:
    """The browser continues to count from the seconds that it received."""
    before = shown(batch(), at=NOON + timedelta(seconds=12))

    after = shown(batch(), after=before, at=NOON + timedelta(seconds=30))

    assert before.newest.elapsed == after.newest.elapsed == 12


def test_an_error_has_a_text_in_both_languages() -> None:
    """The text belongs to the error code; for an unknown code, the stored text is shown."""
    known = shown(batch(status="failed", error_code="generation_interrupted", error_message="stored"))
    unknown = shown(batch(status="failed", error_code="from_the_future", error_message="stored"))

    assert known.newest.failure_zh != known.newest.failure_en != "stored"
    assert (unknown.newest.failure_zh, unknown.newest.failure_en) == ("stored", "stored")


def test_a_kept_idea_is_marked_and_listed() -> None:
    """The link in the list leads to the idea's card. A person's own pick is marked, too."""
    version = Version("", SECOND.title, SECOND.body, "", NOON, "original")
    notes = {1: IdeaNotes((version,), (Pick("wang", "小王", "keep", "", NOON),))}
    noted = batch(ideas=(FIRST, SECOND), notes=notes)
    flow = ProjectFlow("project-1", (noted,), keepers=(IdeaRef("artifact-1", 1),))

    hers, another = (Screen().after(flow, NOON, person) for person in ("wang", "li"))

    assert [(card.kept, card.mine) for card in hers.cards] == [(False, ""), (True, "keep")]
    assert [(card.kept, card.mine) for card in another.cards] == [(False, ""), (True, "")]
    assert [(keeper.title, keeper.anchor) for keeper in hers.keepers] == [("地下三层", "idea-artifact-1-2")]


def test_an_unfinished_idea_stays_readable_after_a_failure() -> None:
    """It has its own card, and there are no blank cards."""
    screen = shown(batch(status="failed", ideas=(FIRST, SECOND.model_copy(update={"status": "unfinished"}))))

    assert [card.state for card in screen.cards] == ["finished", "unfinished"]
    assert screen.writing.number == 0
    assert screen.later == ()


def test_an_empty_form_gets_all_messages_at_once() -> None:
    """The person does not have to correct it field by field."""
    brief, messages = checked({"platform": " ", "genre": None, "other_requirements": ""})

    assert brief is None
    assert messages.platform.zh == "请输入目标平台"
    assert messages.genre.zh == "请输入故事类型"
    assert messages.other_requirements.zh == ""


def test_a_form_with_unexpected_values_is_refused_or_read_as_text() -> None:
    """For any values the result is a brief or messages, never an exception."""
    odd = {"platform": ["抖音"], "genre": {"x": 1}, "other_requirements": 7, "count": "many", "role": "admin"}

    brief, messages = checked(odd)
    without, _ = checked(odd | {"count": None, "audience": "male"})

    assert brief is None and messages.count.zh == "想法数量须在 1 到 10 之间"
    assert without is not None
    assert (without.count, without.audience, without.other_requirements) == (5, "male", "7")


def test_a_project_is_named_by_its_brief_and_time() -> None:
    """So two projects of one morning have different names."""
    name = project_name(Brief("抖音", "穿越, 爽文"), datetime(2026, 11, 23, 9, 5))

    assert name == "抖音 · 穿越, 爽文 · 11-23 09:05"
