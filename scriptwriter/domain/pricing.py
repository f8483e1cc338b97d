"""Cost of a run: the estimate before, and the cost by counted tokens after. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from scriptwriter.settings import ModelOption

PROMPT_TOKENS = 900
"""Tokens of a prompt without the brief. A Chinese character is about one token."""
IDEA_TOKENS = 260
"""Tokens of one idea in the reply."""

DIGITS = ((1.0, 2), (0.01, 3), (0.0, 4))
"""Minimum amounts with the number of decimal places to show, the largest first."""


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of money; `currency` is the symbol before it."""

    amount: float
    currency: str

    def __str__(self) -> str:
        """The amount with a suitable number of decimal places."""
        digits = next(digits for least, digits in DIGITS if self.amount >= least)
        return f"{self.currency}{self.amount:.{digits}f}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated cost of a run of one model.

    `run` + `character` × characters of the brief + `idea` × ideas.
    """

    run: float
    character: float
    idea: float


def estimate(model: ModelOption) -> Estimate | None:
    """The estimate for runs of `model`; None if it has no price."""
    if model.input_price is None or model.output_price is None:
        return None
    read, written = model.input_price / 1000, model.output_price / 1000
    return Estimate(PROMPT_TOKENS * read, read, IDEA_TOKENS * written)


def counted(usage: Mapping[str, int] | None, model: ModelOption, currency: str) -> Cost | None:
    """The cost of a reply by its token counts; None without prices or counts."""
    if not usage or "prompt_tokens" not in usage or "completion_tokens" not in usage:
        return None
    if model.input_price is None or model.output_price is None:
        return None
    read, written = usage["prompt_tokens"], usage["completion_tokens"]
    return Cost((read * model.input_price + written * model.output_price) / 1000, currency)
