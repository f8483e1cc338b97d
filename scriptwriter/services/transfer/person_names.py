"""Names of persons in a file, and of imported persons in a project. Pure.

An imported person's name is stored with a mark, so that nobody takes them for a member of the same name. The
export removes the mark.
"""

from collections.abc import Hashable

from scriptwriter.domain.errors import Language, UnreadableFile
from scriptwriter.domain.typed_text import one_line, visible

MARKS: dict[Language, str] = {"zh": "（导入）", "en": " (imported)"}
LONGEST = 80
"""Characters: 64 of a display name, and the number that distinguishes equal names."""


def check(name: str, place: str) -> None:
    """Raises UnreadableFile for a text that cannot be a person's name."""
    if len(name) > LONGEST:
        raise UnreadableFile("too_long", place)
    if name != one_line(name) or (name and not visible(name)):
        raise UnreadableFile("name", place)


def marked(name: str, language: Language) -> str:
    """The name of an imported person, with the mark; "" stays empty."""
    return name and unmarked(name) + MARKS[language]


def unmarked(name: str) -> str:
    """The name without the mark."""
    for mark in MARKS.values():
        while name.endswith(mark):
            name = name.removesuffix(mark)
    return name


class Names:
    """Unique names for the persons in a file. Equal names get a number."""

    def __init__(self) -> None:
        self._of: dict[Hashable, str] = {}
        self._taken: set[str] = set()

    def of(self, person: Hashable, name: str) -> str:
        """The unique name of `person`, whose own name is `name`."""
        if person not in self._of:
            plain = unmarked(name)
            unique, number = plain, 1
            while unique in self._taken:
                number += 1
                unique = f"{plain} ({number})"
            self._taken.add(unique)
            self._of[person] = unique
        return self._of[person]
