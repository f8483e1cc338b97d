"""The parts of a text that Postgres can store, that can be seen, and that a name keeps."""

import re
import unicodedata

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and lone surrogates: Postgres takes neither in `text` nor in `jsonb`."""

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing: Hangul fillers, the empty Braille pattern."""
_SEEN = frozenset("LNPS")
"""First letters of Unicode's general categories (UAX #44, 5.7.1) whose characters are drawn by themselves.

Marks need a letter to stand on; separators, controls, formats and unassigned code points are not drawn.
"""

_HIDDEN = frozenset("\u034f\u17b4\u17b5\u2065") | {*map(chr, range(0xFFF0, 0xFFF9))}
"""Marks and unassigned code points that no program draws (Unicode's Default_Ignorable_Code_Point)."""
_TAGS = range(0xE0000, 0xE0100)
_UNDRAWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, formats (bidirectional and zero-width ones among them), surrogates, separators of lines."""
_JOINER, _VARIANT = "\u200d", "\ufe0f"
"""What one emoji is made of several with, and what makes a symbol one (UTS #51, 1.4)."""
_EMOJI = frozenset({"So", "Sk", "Cn"})
"""Unassigned ones too: a newer version of Unicode may have them."""


def storable(text: str, instead: str = "") -> str:
    """`text` with `instead` in the place of each character that Postgres cannot store."""
    return _NOT_STORABLE.sub(instead, text)


def one_line(text: str) -> str:
    """`text` as a name is stored: one line, without what is not drawn or turns the text around it.

    A joiner inside an emoji stays, and so do variation selectors.
    """
    spaced = " ".join(text.split())
    kept = "".join(each for place, each in enumerate(spaced) if _is_drawn(each) or _joins(spaced, place))
    return " ".join(kept.split())


def _is_drawn(character: str) -> bool:
    hidden = character in _BLANK or character in _HIDDEN or ord(character) in _TAGS
    return not hidden and unicodedata.category(character) not in _UNDRAWN


def _joins(text: str, place: int) -> bool:
    before, after = text[max(0, place - 2) : place].rstrip(_VARIANT)[-1:], text[place + 1 : place + 2]
    parts = [unicodedata.category(each) for each in before + after]
    return text[place] == _JOINER and len(parts) == 2 and set(parts) <= _EMOJI


def visible(text: str) -> bool:
    """Whether anything of `text` can be seen: one letter, number, punctuation mark or symbol."""
    return any(unicodedata.category(each)[0] in _SEEN and each not in _BLANK for each in text)


def seen(text: str) -> str:
    """`text`, or "" where nothing of it can be seen."""
    return text if visible(text) else ""
