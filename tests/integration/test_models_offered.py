"""A person chooses among the models that the operator lists, and the cost of the run is counted."""

import json

import pytest

from scriptwriter.domain.graph import Brief
from scriptwriter.services.runs import starting
from scriptwriter.settings import settings
from scriptwriter.worker.run import run
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.postgres import ask
from tests.support.rooms import Room
from tests.support.rows import transform_of


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch):
    """Two endpoints. The second one's model has a price."""
    with ModelServer() as first, ModelServer() as second:
        listed = [
            {"name": "first", "base_url": first.url},
            {"name": "second", "base_url": second.url, "input_price": 1, "output_price": 2},
        ]
        monkeypatch.setenv("MODELS", json.dumps(listed))
        monkeypatch.setenv("PRICE_CURRENCY", "$")
        settings.cache_clear()
        yield first, second
    settings.cache_clear()


async def test_a_run_asks_the_chosen_model_and_stores_its_cost(
    servers: tuple[ModelServer, ModelServer], room: Room, connected: str
) -> None:
    """The other endpoint is not asked."""
    first, second = servers
    second.answers(spoken(ideas_text([1])))

    await run(
        await starting.start(room.project_id, Brief("抖音", "爽文", count=1, model="second"), room.owner)
    )

    assert (len(first.exchanges), len(second.exchanges)) == (0, 1)
    context = transform_of(connected)["context"]
    used = json.loads(ask(connected, "SELECT token_usage FROM llm_transforms"))
    assert context["cost"] == f"${(used['prompt_tokens'] + 2 * used['completion_tokens']) / 1000:.3f}"


async def test_a_run_without_a_choice_asks_the_first_model(
    servers: tuple[ModelServer, ModelServer], room: Room, connected: str
) -> None:
    """That model has no price, so no cost is stored."""
    first, second = servers
    first.answers(spoken(ideas_text([1])))

    await run(await starting.start(room.project_id, Brief("抖音", "爽文", count=1), room.owner))

    assert (len(first.exchanges), len(second.exchanges)) == (1, 0)
    assert "cost" not in transform_of(connected)["context"]
