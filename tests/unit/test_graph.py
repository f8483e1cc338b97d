"""The places of ideas: what is kept, what is open, where new ones go."""

from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.domain import graph
from scriptwriter.domain.graph import Idea

ONE, TWO, THREE = (Idea(f"故事{number}", "有人来了。") for number in (1, 2, 3))
HALF = Idea("半个", "他刚要", "unfinished")
WRITING = Idea("正在", "她说", "writing")
NOTHING = Idea("", "", "unfinished")

statuses = st.sampled_from(["finished", "writing", "unfinished"])
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=3)
some_ideas = st.lists(st.builds(Idea, words, words, statuses), max_size=6)


def test_the_unfinished_end_is_not_kept():
    """The next attempt writes it anew, in the same place."""
    assert graph.kept([ONE, WRITING]) == (ONE,)
    assert graph.kept([HALF, NOTHING]) == ()


def test_an_unfinished_idea_before_a_finished_one_keeps_its_place():
    """Otherwise those behind it would move."""
    assert graph.kept([ONE, WRITING, TWO, HALF]) == (ONE, Idea("正在", "她说", "unfinished"), TWO)


def test_open_places_hold_nothing_finished_and_are_not_given_up():
    """From 0, in order."""
    assert graph.open_slots([ONE, HALF, TWO], 5) == (1, 3, 4)
    assert graph.open_slots([ONE, HALF, TWO], 5, skipped=[1, 4]) == (3,)
    assert graph.open_slots([], 2) == (0, 1)
    assert graph.open_slots([ONE, TWO], 2) == ()


def test_new_ideas_fill_the_open_places_in_order():
    """Between the others, and behind them; a place that is passed over stays an empty unfinished one."""
    assert graph.placed([ONE, HALF, TWO], (1, 3), [THREE]) == (ONE, THREE, TWO)
    assert graph.placed([ONE, HALF, TWO], (1, 3), [THREE, WRITING]) == (ONE, THREE, TWO, WRITING)
    assert graph.placed([ONE], (3,), [TWO]) == (ONE, NOTHING, NOTHING, TWO)
    assert graph.placed([], (0, 1), []) == ()


@given(some_ideas, some_ideas, st.sets(st.integers(0, 9)))
def test_a_finished_idea_never_moves_and_never_changes(ideas: list, written: list, skipped: set[int]):
    """Whatever an attempt writes, and however often one is begun."""
    slots = graph.open_slots(ideas, 10, skipped)

    after = graph.kept(graph.placed(graph.kept(ideas), slots, written))

    before = {place: idea for place, idea in enumerate(ideas) if idea.status == "finished"}
    assert before.items() <= dict(enumerate(after)).items()


@given(some_ideas, st.sets(st.integers(0, 9)))
def test_every_place_is_finished_given_up_or_open(ideas: list, skipped: set[int]):
    """And none is two of them that would be asked for."""
    slots = set(graph.open_slots(ideas, 10, skipped))
    done = {place for place, idea in enumerate(ideas) if idea.status == "finished"}

    assert slots | done | skipped >= set(range(10))
    assert not slots & (done | skipped)


@given(some_ideas)
def test_ideas_survive_their_json(ideas: list):
    """What is read is what was written, status included."""
    assert graph.written(graph.to_json(ideas)) == tuple(ideas)
    assert graph.written(None, graph.to_text(ideas)) == tuple(ideas)
