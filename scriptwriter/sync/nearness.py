"""Owns which earlier idea each idea of a project is close to. Knows its measure only by name.

A project's history is a chain of batches, the oldest first; what a link of it has found is found once.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from scriptwriter.graph import Idea
from scriptwriter.ideas import IdeaRef
from scriptwriter.similarity import Sketch, closest, sketch

Places = tuple[tuple[int, Idea], ...]
"""Finished ideas with their places."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The ideas up to and with one batch, and which earlier one its own are close to, by their place."""

    ideas: tuple[tuple[IdeaRef, str], ...] = ()
    sketches: tuple[Sketch, ...] = ()
    close: dict[int, tuple[IdeaRef, str]] = field(default_factory=dict)


NOTHING = History()


@lru_cache(maxsize=2048)
def followed(earlier: History, artifact_id: str, finished: Places) -> History:
    """The history after the next batch, by its finished ideas as the model wrote them."""
    ideas, sketches, close = [*earlier.ideas], [*earlier.sketches], {}
    for place, idea in finished:
        mine = sketch(f"{idea.title}\n{idea.body}")
        found = closest(mine, sketches)
        if found is not None:
            close[place] = ideas[found]
        ideas.append((IdeaRef(artifact_id, place), idea.title))
        sketches.append(mine)
    return History(tuple(ideas), tuple(sketches), close)
