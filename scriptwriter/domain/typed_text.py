"""What counts as a text that a person has typed: one in which there is something to see."""

import unicodedata

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing: Hangul fillers, the empty Braille pattern."""
_SEEN = frozenset("LNPS")
"""First letters of Unicode's general categories (UAX #44, 5.7.1) whose characters are drawn by themselves.

Marks need a letter to stand on; separators, controls, formats and unassigned code points are not drawn.
"""


def visible(text: str) -> bool:
    """Whether anything of `text` can be seen: one letter, number, punctuation mark or symbol."""
    return any(unicodedata.category(each)[0] in _SEEN and each not in _BLANK for each in text)


def seen(text: str) -> str:
    """`text`, or "" where nothing of it can be seen."""
    return text if visible(text) else ""
