"""Length limits of the text arguments of event handlers."""

from dataclasses import dataclass
from typing import Annotated

LONGEST_ARGUMENT = 200
"""Most characters of a `str` argument without a limit of its own: an id, a role, a choice."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The length limit of a `str` argument, in characters: `Annotated[str, Longest(1_000)]`."""

    characters: int


Words = Annotated[str, Longest(20_000)]
"""Text that a person has typed: an idea, a reason, a search."""
Report = Annotated[str, Longest(200_000)]
"""The report of an error in a browser."""
Refs = Annotated[str, Longest(50_000)]
"""Refs of ideas (IdeaRef as text), separated by spaces."""
