"""Model replies that pause until the test opens a gate."""

from typing import Any

from tests.support.model_server import Answer, Gate, ideas_text, spoken, story

TITLES = [story(number)["title"] for number in range(1, 6)]


def reply_in_parts(half_a_sentence: Gate, two_ideas: Gate) -> Answer:
    """A reply of five ideas that pauses at two gates.

    It pauses in the middle of the first idea until `half_a_sentence` is open, and after the second idea until
    `two_ideas` is open.
    """
    text = ideas_text(range(1, 6))
    return gated_reply(text, {text.index("有人走了"): half_a_sentence, text.index(TITLES[2]): two_ideas})


def gated_reply(text: str, gates: dict[int, Gate], *, size: int = 4) -> Answer:
    """A reply that streams `text` and pauses at each gate.

    `gates` maps an offset in characters to the gate that must be open before the text after it is sent.
    `size` is the number of characters in each event.
    """
    steps: list[Any] = list(spoken(text, size=size).steps)
    for place in sorted(gates, reverse=True):
        steps.insert(1 + place // size, gates[place])
    return Answer(steps)
