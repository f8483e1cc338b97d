"""Names of persons in a file, and of imported persons in a project. Pure.

Somebody who came by a file is marked wherever their name is read, so that nobody takes them for a member of
the same name: the mark is part of the stored name, and the export takes it off again.
"""

from collections.abc import Hashable

from scriptwriter.domain.errors import Language, UnreadableFile
from scriptwriter.domain.typed_text import one_line, visible

MARKS: dict[Language, str] = {"zh": "（导入）", "en": " (imported)"}
LONGEST = 80
"""Characters: 64 of a name that people have here, and the number that tells two of the same name apart."""


def check(name: str, place: str) -> None:
    """Raises UnreadableFile where nobody can be called so."""
    if len(name) > LONGEST:
        raise UnreadableFile("too_long", place)
    if name != one_line(name) or (name and not visible(name)):
        raise UnreadableFile("name", place)


def marked(name: str, language: Language) -> str:
    """The name of somebody who came by a file; nobody's name stays empty."""
    return name and unmarked(name) + MARKS[language]


def unmarked(name: str) -> str:
    """The same without the mark."""
    for mark in MARKS.values():
        while name.endswith(mark):
            name = name.removesuffix(mark)
    return name


class Names:
    """One name for each person in a file: two of the same name are told apart by a number."""

    def __init__(self) -> None:
        self._of: dict[Hashable, str] = {}
        self._taken: set[str] = set()

    def of(self, person: Hashable, name: str) -> str:
        """The name of `person` in the file; `name` is what they are called."""
        if person not in self._of:
            plain = unmarked(name)
            unique, number = plain, 1
            while unique in self._taken:
                number += 1
                unique = f"{plain} ({number})"
            self._taken.add(unique)
            self._of[person] = unique
        return self._of[person]
