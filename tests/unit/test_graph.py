"""The places of ideas in a batch: which are kept, which are open, and where new ideas go."""

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


def test_unfinished_ideas_at_the_end_are_dropped():
    """The next attempt writes them again, at the same places."""
    assert graph.kept([ONE, WRITING]) == (ONE,)
    assert graph.kept([HALF, NOTHING]) == ()


def test_an_unfinished_idea_before_a_finished_one_keeps_its_place():
    """Otherwise the ideas after it would move."""
    assert graph.kept([ONE, WRITING, TWO, HALF]) == (ONE, Idea("正在", "她说", "unfinished"), TWO)


def test_open_places_are_neither_finished_nor_skipped():
    """Places count from 0, in ascending order."""
    assert graph.open_slots([ONE, HALF, TWO], 5) == (1, 3, 4)
    assert graph.open_slots([ONE, HALF, TWO], 5, skipped=[1, 4]) == (3,)
    assert graph.open_slots([], 2) == (0, 1)
    assert graph.open_slots([ONE, TWO], 2) == ()


def test_new_ideas_fill_the_open_places_in_order():
    """A place between them that gets no idea becomes an empty, unfinished idea."""
    assert graph.placed([ONE, HALF, TWO], (1, 3), [THREE]) == (ONE, THREE, TWO)
    assert graph.placed([ONE, HALF, TWO], (1, 3), [THREE, WRITING]) == (ONE, THREE, TWO, WRITING)
    assert graph.placed([ONE], (3,), [TWO]) == (ONE, NOTHING, NOTHING, TWO)
    assert graph.placed([], (0, 1), []) == ()


@given(some_ideas, some_ideas, st.sets(st.integers(0, 9)))
def test_a_finished_idea_never_moves_and_never_changes(ideas: list, written: list, skipped: set[int]):
    """Whatever an attempt writes, and however many attempts there are."""
    slots = graph.open_slots(ideas, 10, skipped)

    after = graph.kept(graph.placed(graph.kept(ideas), slots, written))

    before = {place: idea for place, idea in enumerate(ideas) if idea.status == "finished"}
    assert before.items() <= dict(enumerate(after)).items()


@given(some_ideas, st.sets(st.integers(0, 9)))
def test_every_place_is_finished_skipped_or_open(ideas: list, skipped: set[int]):
    """An open place is neither finished nor skipped."""
    slots = set(graph.open_slots(ideas, 10, skipped))
    done = {place for place, idea in enumerate(ideas) if idea.status == "finished"}

    assert slots | done | skipped >= set(range(10))
    assert not slots & (done | skipped)


@given(some_ideas)
def test_ideas_are_read_back_from_their_json(ideas: list):
    """Unchanged, including their status."""
    assert graph.written(graph.to_json(ideas)) == tuple(ideas)
    assert graph.written(None, graph.to_text(ideas)) == tuple(ideas)
