"""The report of a chaos run: which faults were injected and which checks failed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Report:
    """Totals over all rounds; `recoveries` holds one time in seconds per round."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    generations: int = 0
    attempts: int = 0
    ideas: int = 0
    calls: int = 0
    changes: int = 0
    recoveries: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def note(self, sentences: Sequence[str]) -> None:
        """Add the violations in `sentences` that the report does not contain yet."""
        known = {*self.violations}
        self.violations += [sentence for sentence in sentences if sentence not in known]
