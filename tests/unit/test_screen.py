"""What a project's screen shows for a flow, and what it need not send again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scriptwriter.graph import Brief, Idea
from scriptwriter.state.brainstorm import PARTS, WRITING, differences
from scriptwriter.state.new_project import checked, project_name
from scriptwriter.state.screen import Screen
from scriptwriter.sync.flow import Batch, ProjectFlow

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
        chosen=frozenset(),
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


def writing(idea: Idea) -> Idea:
    """The idea while it is being written."""
    return replace(idea, status="writing")


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
        ({"status": "failed"}, "failed"),
        ({"status": "cancelled"}, "stopped"),
    ],
)
def test_each_state_of_a_batch_has_its_own_words(changes: dict[str, Any], phase: str) -> None:
    """The table of states in PRODUCT.md, as far as the rows tell them apart."""
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

    places = [len(s.cards) + (s.writing.number > 0) + len(s.blanks) for s in screens]

    assert places == [3, 3, 3, 3, 3]
    assert [s.blanks for s in screens] == [(1, 2, 3), (1, 2, 3), (2, 3), (2, 3), (3,)]


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


def test_a_chosen_idea_is_marked_and_listed_among_the_keepers() -> None:
    """The link among the keepers leads to the idea's own sheet."""
    screen = shown(batch(ideas=(FIRST, SECOND), chosen=frozenset({1})))

    assert [card.chosen for card in screen.cards] == [False, True]
    assert [(keeper.title, keeper.anchor) for keeper in screen.keepers] == [("地下三层", "idea-artifact-1-2")]


def test_an_unfinished_idea_stays_readable_but_cannot_be_the_growing_one() -> None:
    """After a failure the half-written idea is a card of its own, and no blank sheet waits."""
    screen = shown(batch(status="failed", ideas=(FIRST, replace(SECOND, status="unfinished"))))

    assert [card.unfinished for card in screen.cards] == [False, True]
    assert screen.writing.number == 0
    assert screen.blanks == ()


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

    brief, _ = checked(odd)

    assert brief is not None
    assert brief.count == 5


def test_a_project_is_named_by_its_brief_and_time() -> None:
    """Two projects of one morning can be told apart."""
    name = project_name(Brief("抖音", "穿越, 爽文"), datetime(2026, 11, 23, 9, 5))

    assert name == "抖音 · 穿越, 爽文 · 11-23 09:05"
