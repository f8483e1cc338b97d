"""Look-alike texts, by the skeletons of Unicode Technical Standard 39, section 4.

confusables.txt is Unicode's file; its first lines name the version.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path

CONFUSABLES = Path(__file__).with_name("confusables.txt")
_AT_AN_END = "-_."
_CAPITAL = str.maketrans("i", "I")


def skeleton(folded: str) -> str:
    """A text that is equal for names that look alike. For comparison only, never shown.

    `folded` is in lower case. Names are displayed as typed, where a capital I looks like l, and a capital O
    like 0. Therefore i, l and 1 count as equal, and o and 0. Signs at the ends are ignored.
    """
    letters = unicodedata.normalize("NFD", folded.strip(_AT_AN_END).translate(_CAPITAL))
    seen = "".join(_prototypes().get(each, each) for each in letters if not _is_invisible(each))
    return unicodedata.normalize("NFD", seen).casefold()


def _is_invisible(character: str) -> bool:
    # The Default_Ignorable_Code_Points that a folded name can contain.
    return (
        unicodedata.category(character) in ("Cf", "Cn", "Co", "Cs") or character in "\u115f\u1160\u3164\uffa0"
    )


@lru_cache(maxsize=1)
def _prototypes() -> dict[str, str]:
    rows = [
        line.split(";") for line in CONFUSABLES.read_text("utf-8").splitlines() if line[:1] not in ("", "#")
    ]
    return {_characters(source): _characters(target) for source, target in rows}


def _characters(numbers: str) -> str:
    return "".join(chr(int(number, 16)) for number in numbers.split())
