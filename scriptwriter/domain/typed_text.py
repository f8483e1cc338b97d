"""The parts of a text that Postgres can store, that can be seen, and that a name keeps."""

import re
import unicodedata

_SURROGATES = re.compile("[\ud800-\udfff]")

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols without a visible glyph: Hangul fillers, the empty Braille pattern."""
_SEEN = frozenset("LNPS")
"""First letters of the general categories (UAX #44, 5.7.1) whose characters are visible by themselves.

Marks need a base letter. Separators, controls, formats and unassigned code points are not drawn.
"""

_HIDDEN = frozenset("\u034f\u17b4\u17b5\u2065") | {*map(chr, range(0xFFF0, 0xFFF9))}
"""Marks and unassigned code points that no program draws (Unicode's Default_Ignorable_Code_Point)."""
_TAGS = range(0xE0000, 0xE0100)
_UNDRAWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, formats (including bidirectional and zero-width ones), surrogates, line separators."""
_JOINER, _VARIANT = "\u200d", "\ufe0f"
"""The characters that join several emoji to one, and that make a symbol an emoji (UTS #51, 1.4)."""
_EMOJI = frozenset({"So", "Sk", "Cn"})
"""Categories of emoji. Unassigned code points may be emoji of a newer Unicode version."""


def storable(text: str, instead: str = "") -> str:
    """The text as Postgres can store it: without NUL, and with `instead` for each lone surrogate."""
    return _SURROGATES.sub(instead, text.replace("\x00", ""))


def one_line(text: str) -> str:
    """The stored form of a name: one line, without invisible and bidirectional control characters.

    Joiners inside emoji and variation selectors stay.
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
    """Whether the text has a visible character: a letter, number, punctuation mark or symbol."""
    return any(unicodedata.category(each)[0] in _SEEN and each not in _BLANK for each in text)


def visible_or_empty(text: str) -> str:
    """The text, or "" if it has no visible character."""
    return text if visible(text) else ""
