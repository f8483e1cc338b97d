"""Answers of a model that wait for the test on their way."""

from typing import Any

from tests.support.model_server import Answer, Gate, ideas_text, spoken, story

TITLES = [story(number)["title"] for number in range(1, 6)]


def told_in_parts(half_a_sentence: Gate, two_ideas: Gate) -> Answer:
    """Five ideas; the telling waits in the midst of the first one, and after the second."""
    text = ideas_text(range(1, 6))
    return waiting_at(text, {text.index("有人走了"): half_a_sentence, text.index(TITLES[2]): two_ideas})


def waiting_at(text: str, gates: dict[int, Gate], *, size: int = 4) -> Answer:
    """`text`, told as far as each place (in characters) before its gate is open."""
    steps: list[Any] = list(spoken(text, size=size).steps)
    for place in sorted(gates, reverse=True):
        steps.insert(1 + place // size, gates[place])
    return Answer(steps)
