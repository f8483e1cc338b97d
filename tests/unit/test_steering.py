"""Which picks go into the next prompt, and that they stay short."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.domain import prompts
from scriptwriter.domain.graph import Brief
from scriptwriter.domain.idea_acts import IdeaRef, Pick
from scriptwriter.domain.steering import Judged, Steering, steer


def pick(verdict: str, minute: int = 0, reason: str = "", by: str = "wang") -> Pick:
    """A valid pick."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    return Pick(by, by, verdict, reason, at)  # pyright: ignore[reportArgumentType]


def idea(number: int, *picks: Pick, body: str = "有人来了，有人走了。") -> Judged:
    """An idea with these picks; a higher number gives a later idea."""
    return Judged(IdeaRef("artifact", number), f"第{number}个", body, picks)


def titles(examples: Sequence) -> list[str]:
    """The titles of the examples, in their order."""
    return [example.title for example in examples]


def test_kept_ideas_passed_ideas_and_other_titles_are_separate() -> None:
    """Each newest first."""
    steering = steer(
        [
            idea(1, pick("keep")),
            idea(2, pick("pass", reason="formulaic")),
            idea(3),
            idea(4),
            idea(5, pick("keep", 9)),
        ]
    )

    assert titles(steering.kept) == ["第5个", "第1个"]
    assert [(each.title, each.reasons) for each in steering.passed] == [("第2个", ("太套路",))]
    assert steering.titles == ("第4个", "第3个")
    assert [each.ref for each in steering.kept] == [IdeaRef("artifact", 5), IdeaRef("artifact", 1)]


def test_the_picks_of_all_members_count() -> None:
    """One keep is enough; the reasons of people who pass go along."""
    mixed = idea(1, pick("keep"), pick("pass", reason="结局太仓促", by="li"))
    passed = idea(
        2, pick("pass", 1, "duplicate"), pick("pass", 2, "", by="li"), pick("pass", 3, "雷同", by="chen")
    )

    steering = steer([mixed, passed])

    assert [(each.title, each.reasons) for each in steering.kept] == [("第1个", ("结局太仓促",))]
    assert [(each.title, each.reasons) for each in steering.passed] == [("第2个", ("雷同",))]


def test_a_kept_idea_is_shortened_to_one_line() -> None:
    """To 160 characters."""
    [example] = steer([idea(1, pick("keep"), body="第一段。\n\n" + "很长的故事" * 200)]).kept

    assert example.summary.startswith("第一段。 很长的故事")
    assert len(example.summary) == 160 and example.summary.endswith("…")


def test_without_ideas_there_is_no_steering() -> None:
    """An empty steering counts as none."""
    assert not steer([])
    assert steer([idea(1)]).titles == ("第1个",)


words = st.text(st.characters(codec="utf-8"), max_size=120)
some_picks = st.lists(
    st.builds(pick, st.sampled_from(["keep", "pass"]), st.integers(0, 99), words, st.text(max_size=3)),
    max_size=5,
)
some_ideas = st.lists(
    st.builds(
        Judged, st.just(IdeaRef("a", 0)), words, words.map(lambda text: text * 40), some_picks.map(tuple)
    ),
    max_size=60,
)


@given(some_ideas)
def test_the_steering_part_of_a_prompt_is_limited(judged: list[Judged]) -> None:
    """To twenty judged ideas, twenty further titles, and 4,000 characters."""
    steering = steer(judged)

    bare = len(prompts.render(Brief("抖音", "爽文")))
    rules = len(prompts.render(Brief("抖音", "爽文"), steering=Steering(titles=("",)))) - bare
    assert len(prompts.render(Brief("抖音", "爽文"), steering=steering)) - bare - rules <= 4_000
    assert len(steering.kept) + len(steering.passed) <= 20
    assert len(steering.titles) <= 20


def test_many_kept_ideas_leave_room_for_passed_ones_and_titles() -> None:
    """All three kinds are part of the prompt."""
    long = "很长的故事" * 99
    judged = [
        idea(number, pick("keep"), pick("pass", 1, "长" * 100, "li"), body=long) for number in range(40)
    ]
    judged += [idea(100 + number, pick("pass", reason="长" * 100)) for number in range(40)]
    judged += [idea(200 + number) for number in range(40)]

    steering = steer(judged)

    assert (len(steering.kept) > 4, len(steering.passed) > 4, len(steering.titles)) == (True, True, 20)
    assert steering.titles[0] == "第239个"
