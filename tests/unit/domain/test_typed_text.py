"""Which texts are visible, and how a name is reduced to one visible line."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptwriter.domain.typed_text import one_line, visible, visible_or_empty

INVISIBLE = {
    "nothing": "",
    "spaces of every width": " \u00a0\u2003\u3000\u205f\u1680",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "soft hyphen": "\u00ad",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "the empty Braille pattern": "\u2800",
    "marks of direction": "\u202a\u202e\u2066\u2069\u200f",
    "variation selectors": "\ufe0f\U000e0100\u180b",
    "tags": "\U000e0041\U000e007f",
    "marks without a letter": "\u0301\u20dd\u034f",
    "controls and line ends": "\t\n\r\x1b\x85\u2028\u2029",
    "what Unicode has not assigned": "\u0378\U000e0fff",
    "musical and shorthand formats": "\U0001d173\U0001bca0",
}


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE)
def test_a_text_of_invisible_characters_is_empty(text: str) -> None:
    """However many of them there are."""
    assert not visible(text)
    assert visible_or_empty(text * 3) == ""


@pytest.mark.parametrize("text", ["甲", "a", "9", "…", "🙂", "\u200b字\u200b", "e\u0301", "←", "가", "¥"])
def test_one_visible_character_makes_a_text_visible(text: str) -> None:
    """The text stays unchanged."""
    assert visible_or_empty(text) == text


def test_unicode_format_characters_are_invisible() -> None:
    """All characters of the category Cf."""
    ignorable = [chr(each) for each in range(sys.maxunicode + 1) if unicodedata.category(chr(each)) == "Cf"]

    assert len(ignorable) > 100
    assert not visible("".join(ignorable))


@pytest.mark.parametrize(
    "unseen",
    ["\u202a", "\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "\u200b", "\u200d", "\u2060", "\ufeff",
     "\u00ad", "\u3164", "\u2800", "\u034f", "\x00", "\x1b", "\x7f", "\x9b", "\U000e0041", "\ud800"],
)  # fmt: skip
def test_a_name_is_stored_without_invisible_characters(unseen: str) -> None:
    """Control characters, changes of the writing direction, zero-width and blank characters."""
    assert one_line(f"{unseen}夏{unseen}天{unseen} {unseen} 短剧{unseen}") == "夏天 短剧"


@pytest.mark.parametrize(
    "name", ["👩\u200d💻 剧本", "❤\ufe0f\u200d🔥", "葛\U000e0100飾", "e\u0301", "שלום", "عنوان"]
)
def test_a_name_keeps_visible_sequences(name: str) -> None:
    """Emoji of several code points, character variants, accents, and right-to-left letters."""
    assert one_line(name) == name


@given(st.text())
def test_reducing_a_name_twice_changes_nothing(text: str) -> None:
    """The line is visible exactly when the text was."""
    line = one_line(text)

    assert one_line(line) == line
    assert visible(line) == visible(text)
