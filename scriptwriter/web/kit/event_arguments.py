"""Limits of the texts that an event carries to its handler."""

from dataclasses import dataclass
from typing import Annotated

LONGEST_ARGUMENT = 200
"""Characters of an argument without a limit of its own: an id, a role, a choice."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The most characters of a `str` argument, as in `Annotated[str, Longest(1_000)]`."""

    characters: int


Words = Annotated[str, Longest(20_000)]
"""Text that a person has written: of an idea, a reason, a search."""
Report = Annotated[str, Longest(200_000)]
"""The report of a failure in a browser."""
Refs = Annotated[str, Longest(50_000)]
"""Refs of ideas, separated by blanks."""
