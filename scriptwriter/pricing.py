"""Owns what a run costs: an estimate before, and what was counted after. Pure: knows no model's answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from scriptwriter.graph import Brief
from scriptwriter.settings import ModelOption

PROMPT_TOKENS = 900
"""Tokens of a prompt's own words; a Chinese character is about one token."""
IDEA_TOKENS = 260
"""Tokens of one idea in the reply."""


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of money; `currency` is the sign that stands before it."""

    amount: float
    currency: str

    def __str__(self) -> str:
        """The amount with as many digits as tell something."""
        digits = 2 if self.amount >= 1 else 3 if self.amount >= 0.01 else 4
        return f"{self.currency}{self.amount:.{digits}f}"


def estimate(brief: Brief, model: ModelOption, currency: str) -> Cost | None:
    """What a run for `brief` will cost, roughly; None where the model has no price."""
    words = sum(map(len, (brief.platform, brief.genre, brief.other_requirements, brief.avoid)))
    return _cost(PROMPT_TOKENS + words, IDEA_TOKENS * brief.count, model, currency)


def counted(usage: Mapping[str, int] | None, model: ModelOption, currency: str) -> Cost | None:
    """What the tokens of a reply cost; None where the model has no price, or counted no tokens."""
    if not usage or "prompt_tokens" not in usage or "completion_tokens" not in usage:
        return None
    return _cost(usage["prompt_tokens"], usage["completion_tokens"], model, currency)


def _cost(read: int, written: int, model: ModelOption, currency: str) -> Cost | None:
    if model.input_price is None or model.output_price is None:
        return None
    return Cost((read * model.input_price + written * model.output_price) / 1000, currency)
