"""How long the texts are that a page's event carries to its handler."""

from dataclasses import dataclass
from typing import Annotated

LONGEST_ARGUMENT = 200
"""Characters of an argument that says nothing else: an id, a role, a choice."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The most characters of a `str` argument, as in `Annotated[str, Longest(1_000)]`."""

    characters: int


Words = Annotated[str, Longest(20_000)]
"""What a person has written: a text of an idea, a reason, words to look for."""
Report = Annotated[str, Longest(200_000)]
"""What a browser tells of a failure."""
Refs = Annotated[str, Longest(50_000)]
"""Refs of ideas, in a row."""
