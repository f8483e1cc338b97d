"""What was done to an installation during chaos, and what did not hold."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Report:
    """The sum of all rounds; `recoveries` in seconds, one a round."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    generations: int = 0
    attempts: int = 0
    ideas: int = 0
    calls: int = 0
    changes: int = 0
    recoveries: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def note(self, sentences: Sequence[str]) -> None:
        """Add those violations that are not known yet."""
        known = {*self.violations}
        self.violations += [sentence for sentence in sentences if sentence not in known]
