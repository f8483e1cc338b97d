"""What a project's screen shows for a flow, and what it need not send again."""

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
    """A running batch of three ideas, none written yet, with `changes`."""
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
    """The numbers of all places, as they are shown."""
    growing = [screen.writing.number] if screen.writing.number else []
    return [*(card.number for card in screen.cards), *growing, *(card.number for card in screen.later)]


def writing(idea: Idea) -> Idea:
    """The idea while it is being written."""
    return idea.model_copy(update={"status": "writing"})


def unfinished(idea: Idea) -> Idea:
    """The idea as its last attempt left it."""
    return idea.model_copy(update={"status": "unfinished"})


NOTHING = Idea("", "", "unfinished")
LATER: dict[str, Any] = {"attempt": 1, "slots": frozenset({1, 2})}
"""An attempt that finds the first idea finished."""
BUSY = Waiting("rate_limited", seconds=20, until=NOON + timedelta(seconds=20), number=1, of=2)


def failed(code: str, *ideas: Idea, **params: Any) -> Batch:
    """A batch that ended with this fault."""
    return batch(status="failed", error_code=code, error_params=params, error_message=code, ideas=ideas)


def test_a_project_without_a_batch_is_idle() -> None:
    """Nothing was started: the screen asks for it."""
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
def test_each_state_of_a_batch_has_its_own_words(changes: dict[str, Any], phase: str) -> None:
    """Each state of the design, as far as the rows tell them apart."""
    assert shown(batch(**changes)).newest.phase == phase


def test_every_idea_has_its_place_from_the_start() -> None:
    """Finished sheets, the growing one and the blank ones are always as many as were asked for."""
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


def test_a_place_that_waits_for_its_retry_is_blank_between_its_neighbours() -> None:
    """What had no word yet is blank while the run goes on, and marked as unfinished when it has ended."""
    running = shown(batch(status="pending", attempt=1, ideas=(FIRST, NOTHING, SECOND)))
    ended = shown(batch(status="cancelled", attempt=1, ideas=(FIRST, NOTHING, SECOND)))

    assert [card.state for card in (*running.cards, *running.later)] == ["finished", "blank", "finished"]
    assert [card.state for card in ended.cards] == ["finished", "unfinished", "finished"]
    assert ended.later == ()


def test_an_idea_that_was_given_up_says_so_and_is_not_missing() -> None:
    """The others are all there: the run is complete."""
    screen = shown(batch(status="completed", ideas=(FIRST, NOTHING, SECOND), skipped=frozenset({1})))

    assert [card.state for card in screen.cards] == ["finished", "skipped", "finished"]
    assert (screen.newest.missing, screen.newest.next_step) == (0, "")


def test_an_automatic_retry_says_why_when_and_which() -> None:
    """Reason, seconds, number and how many."""
    newest = shown(batch(status="pending", attempt=1, waiting=BUSY)).newest

    assert (newest.failure_zh, newest.wait_seconds, newest.wait_number, newest.wait_of) == (
        "模型繁忙",
        20,
        1,
        2,
    )


@pytest.mark.parametrize(("seconds", "left"), [(0, 20), (12.4, 8), (20, 0), (60, 0), (-5, 20)])
def test_who_comes_late_reads_the_seconds_that_are_left_until_a_retry(seconds: float, left: int) -> None:
    """None when it is due; and never more than there were, by whichever clock."""
    waiting = batch(status="pending", attempt=1, waiting=BUSY)
    before = shown(waiting, at=NOON + timedelta(seconds=seconds))

    after = shown(waiting, after=before, at=NOON + timedelta(seconds=seconds + 5))

    assert (before.newest.wait_seconds, after.newest.wait_seconds) == (left, left)


def left_behind(*ideas: Idea) -> Batch:
    """A run whose worker died over the second idea, in the hands of the next one."""
    return batch(**LATER, interrupted=True, ideas=ideas)


def test_an_interrupted_run_names_the_idea_with_which_it_goes_on_until_it_has_words() -> None:
    """Between two ideas of the same attempt it does not fall back, nor for who comes just then."""
    recovering = shown(left_behind(FIRST))
    growing = shown(left_behind(FIRST, writing(SECOND)), after=recovering)
    between = shown(left_behind(FIRST, SECOND), after=growing)
    fresh = shown(left_behind(FIRST, SECOND))

    assert (recovering.newest.phase, recovering.newest.resume_at) == ("recovering", 2)
    assert [screen.newest.phase for screen in (growing, between, fresh)] == ["writing"] * 3


def test_the_words_of_a_dead_worker_are_not_taken_for_those_of_the_next_one() -> None:
    """The row that tells of the new attempt may come before the one without the half-written idea."""
    dead = shown(batch(ideas=(FIRST, writing(SECOND))))
    half_told = shown(left_behind(FIRST, writing(SECOND)), after=dead)

    told = shown(left_behind(FIRST), after=half_told)

    assert (told.newest.phase, told.newest.resume_at) == ("recovering", 2)


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_retry_of_one_idea_names_that_one_though_another_before_it_is_open(interrupted: bool) -> None:
    """Before its first words too, and when a worker died over it."""
    alone = batch(attempt=1, interrupted=interrupted, ideas=(FIRST,), slots=frozenset({2}))

    screen = shown(alone)

    assert screen.newest.resume_at == 3
    assert ([card.number for card in screen.cards], [card.number for card in screen.later]) == ([1, 2], [3])


@pytest.mark.parametrize(("slots", "number"), [(None, 2), (frozenset({1, 2}), 2), (frozenset({2}), 3)])
def test_a_run_goes_on_with_the_first_place_of_its_attempt(slots: frozenset[int] | None, number: int) -> None:
    """An attempt that names no places writes all that are open."""
    assert shown(batch(attempt=1, ideas=(FIRST,), slots=slots)).newest.resume_at == number


def test_an_attempt_that_has_nothing_left_to_write_does_not_say_that_it_goes_on() -> None:
    """A worker died between the last idea and the end: what follows is the end, and no idea."""
    full = shown(batch(attempt=1, interrupted=True, ideas=(FIRST, SECOND, FIRST), slots=frozenset()))
    alone = shown(batch(attempt=2, interrupted=True, ideas=(FIRST, NOTHING, SECOND), slots=frozenset()))

    assert [(screen.newest.phase, screen.newest.resume_at) for screen in (full, alone)] == [
        ("writing", 0)
    ] * 2


def test_a_first_idea_that_comes_whole_ends_the_recovering_too() -> None:
    """A quick model's idea may be finished before any draft of it was seen."""
    after = shown(left_behind(FIRST, SECOND), after=shown(left_behind(FIRST)))

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
def test_each_fault_has_one_thing_to_do(code: str, next_step: str) -> None:
    """Each error that the design names."""
    assert shown(failed(code, FIRST)).newest.next_step == next_step


@pytest.mark.parametrize(("code", "unreadable"), [("run_unreadable", True), ("reply_unreadable", False)])
def test_only_a_run_whose_rows_cannot_be_read_is_unreadable(code: str, unreadable: bool) -> None:
    """Its heading does not say that it failed."""
    assert shown(failed(code, FIRST)).newest.unreadable is unreadable


def test_a_stopped_run_names_who_stopped_it_and_offers_what_is_missing() -> None:
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
def test_the_idea_to_skip_is_the_one_that_the_sentence_names_if_it_is_missing(
    named: int | None, filtered_idea: int
) -> None:
    """Otherwise the first one that is."""
    filtered = failed("content_filtered", FIRST, NOTHING, number=named)

    assert shown(filtered).newest.filtered_idea == filtered_idea


def test_a_word_more_sends_only_the_growing_body() -> None:
    """The hot path: no finished idea, heading or earlier batch goes over the wire again."""
    old = batch(transform_id="old", artifact_id="old", status="completed", ideas=(SECOND,) * 3)
    before = shown(batch(ideas=(FIRST, Idea("地下三层", "保洁员", "writing"))), old)

    now = NOON + timedelta(seconds=9)
    after = shown(batch(ideas=(FIRST, Idea("地下三层", "保洁员何满", "writing"))), old, after=before, at=now)

    assert differences(before, after, PARTS) == {}
    assert differences(before.writing, after.writing, WRITING) == {"body": "保洁员何满"}
    assert after.past is before.past


def test_a_finished_idea_is_announced_once() -> None:
    """A screen reader hears each finished idea, not its words as they come, and nothing at arrival."""
    arriving = shown(batch(ideas=(FIRST, writing(SECOND))))

    finished = shown(batch(ideas=(FIRST, SECOND)), after=arriving)
    later = shown(batch(ideas=(FIRST, SECOND, writing(FIRST))), after=finished)

    assert arriving.announcement.zh == ""
    assert finished.announcement.zh == "第 2 个创意已写完：地下三层"
    assert later.announcement == finished.announcement


def test_the_clock_is_sent_once_per_phase() -> None:
    """The browser counts on by itself from the seconds it was given."""
    before = shown(batch(), at=NOON + timedelta(seconds=12))

    after = shown(batch(), after=before, at=NOON + timedelta(seconds=30))

    assert before.newest.elapsed == after.newest.elapsed == 12


def test_a_failure_is_told_in_both_languages() -> None:
    """The text comes from the error's code; a code of another version falls back to the stored sentence."""
    known = shown(batch(status="failed", error_code="generation_interrupted", error_message="stored"))
    unknown = shown(batch(status="failed", error_code="from_the_future", error_message="stored"))

    assert known.newest.failure_zh != known.newest.failure_en != "stored"
    assert (unknown.newest.failure_zh, unknown.newest.failure_en) == ("stored", "stored")


def test_a_kept_idea_is_marked_and_listed_among_the_keepers() -> None:
    """The link among the keepers leads to the idea's own sheet; who keeps it themselves sees that, too."""
    version = Version("", SECOND.title, SECOND.body, "", NOON, "original")
    notes = {1: IdeaNotes((version,), (Pick("wang", "小王", "keep", "", NOON),))}
    noted = batch(ideas=(FIRST, SECOND), notes=notes)
    flow = ProjectFlow("project-1", (noted,), keepers=(IdeaRef("artifact-1", 1),))

    hers, another = (Screen().after(flow, NOON, person) for person in ("wang", "li"))

    assert [(card.kept, card.mine) for card in hers.cards] == [(False, ""), (True, "keep")]
    assert [(card.kept, card.mine) for card in another.cards] == [(False, ""), (True, "")]
    assert [(keeper.title, keeper.anchor) for keeper in hers.keepers] == [("地下三层", "idea-artifact-1-2")]


def test_an_unfinished_idea_stays_readable_but_cannot_be_the_growing_one() -> None:
    """After a failure the half-written idea is a card of its own, and no blank sheet waits."""
    screen = shown(batch(status="failed", ideas=(FIRST, SECOND.model_copy(update={"status": "unfinished"}))))

    assert [card.state for card in screen.cards] == ["finished", "unfinished"]
    assert screen.writing.number == 0
    assert screen.later == ()


def test_an_empty_form_is_told_everything_that_is_missing_at_once() -> None:
    """A person mends a form once, not field by field."""
    brief, messages = checked({"platform": " ", "genre": None, "other_requirements": ""})

    assert brief is None
    assert messages.platform.zh == "请输入目标平台"
    assert messages.genre.zh == "请输入故事类型"
    assert messages.other_requirements.zh == ""


def test_a_form_full_of_surprises_is_refused_or_read_as_text() -> None:
    """Whatever a client sends, the result is a brief or messages, never an error."""
    odd = {"platform": ["抖音"], "genre": {"x": 1}, "other_requirements": 7, "count": "many", "role": "admin"}

    brief, messages = checked(odd)
    without, _ = checked(odd | {"count": None, "audience": "male"})

    assert brief is None and messages.count.zh == "想法数量须在 1 到 10 之间"
    assert without is not None
    assert (without.count, without.audience, without.other_requirements) == (5, "male", "7")


def test_a_project_is_named_by_its_brief_and_time() -> None:
    """Two projects of one morning can be told apart."""
    name = project_name(Brief("抖音", "穿越, 爽文"), datetime(2026, 11, 23, 9, 5))

    assert name == "抖音 · 穿越, 爽文 · 11-23 09:05"
