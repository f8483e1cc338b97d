"""Owns what a run costs: an estimate before, and what was counted after. Pure: knows no model's answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from scriptwriter.settings import ModelOption

PROMPT_TOKENS = 900
"""Tokens of a prompt's own words; a Chinese character is about one token."""
IDEA_TOKENS = 260
"""Tokens of one idea in the reply."""

DIGITS = ((1.0, 2), (0.01, 3), (0.0, 4))
"""From which amount on how many digits tell something, the largest first."""


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of money; `currency` is the sign that stands before it."""

    amount: float
    currency: str

    def __str__(self) -> str:
        """The amount with as many digits as tell something."""
        digits = next(digits for least, digits in DIGITS if self.amount >= least)
        return f"{self.currency}{self.amount:.{digits}f}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What runs of one model will cost, roughly, as amounts that are added up.

    `run` is for each run, `character` for each one of the brief, `idea` for each one that it asks for.
    """

    run: float
    character: float
    idea: float


def estimate(model: ModelOption) -> Estimate | None:
    """What runs of `model` will cost; None where it has no price."""
    if model.input_price is None or model.output_price is None:
        return None
    read, written = model.input_price / 1000, model.output_price / 1000
    return Estimate(PROMPT_TOKENS * read, read, IDEA_TOKENS * written)


def counted(usage: Mapping[str, int] | None, model: ModelOption, currency: str) -> Cost | None:
    """What the tokens of a reply cost; None where the model has no price, or counted no tokens."""
    if not usage or "prompt_tokens" not in usage or "completion_tokens" not in usage:
        return None
    if model.input_price is None or model.output_price is None:
        return None
    read, written = usage["prompt_tokens"], usage["completion_tokens"]
    return Cost((read * model.input_price + written * model.output_price) / 1000, currency)
