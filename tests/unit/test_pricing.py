"""The cost of a run is estimated before it and counted after it."""

import pytest

from scriptwriter.domain import pricing
from scriptwriter.settings import ModelOption

PRICED = ModelOption(name="priced", input_price=0.002, output_price=0.008)
FREE = ModelOption(name="free")


def test_input_and_output_tokens_have_their_own_prices():
    """2,000 input tokens and 1,000 output tokens."""
    usage = {"prompt_tokens": 2_000, "completion_tokens": 1_000, "total_tokens": 3_000}

    cost = pricing.counted(usage, PRICED, "¥")

    assert cost is not None and cost.amount == pytest.approx(0.012)
    assert str(cost) == "¥0.012"


def test_an_estimate_grows_with_the_brief_and_the_number_of_ideas():
    """In addition to a fixed amount for each run."""
    estimate = pricing.estimate(PRICED)

    assert estimate is not None
    assert estimate.character == pytest.approx(0.002 / 1_000)
    assert estimate.idea == pytest.approx(pricing.IDEA_TOKENS * 0.008 / 1_000)
    assert estimate.run == pytest.approx(pricing.PROMPT_TOKENS * 0.002 / 1_000)


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": 5}])
def test_a_run_without_a_token_count_has_no_cost(usage):
    """A guess could be taken for a count."""
    assert pricing.counted(usage, PRICED, "¥") is None


def test_a_model_without_a_price_has_no_cost():
    """Neither an estimate nor a count."""
    assert pricing.estimate(FREE) is None
    assert pricing.counted({"prompt_tokens": 1, "completion_tokens": 1}, FREE, "¥") is None


@pytest.mark.parametrize(
    ("amount", "text"), [(12.345, "$12.35"), (0.0123, "$0.012"), (0.00123, "$0.0012"), (0, "$0.0000")]
)
def test_small_amounts_keep_significant_digits(amount: float, text: str):
    """A tenth of a cent is not shown as zero."""
    assert str(pricing.Cost(amount, "$")) == text
