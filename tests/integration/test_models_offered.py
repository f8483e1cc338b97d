"""A person chooses among the models that the operator lists; the run goes there, and its cost is counted."""

import json

import pytest

from scriptwriter.generation.run import run
from scriptwriter.graph import Brief
from scriptwriter.services import brainstorms
from scriptwriter.settings import settings
from scriptwriter.state.brainstorm import BrainstormState
from scriptwriter.state.brief import BriefState
from scriptwriter.sync.hub import Hub
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.postgres import ask
from tests.support.rooms import Room
from tests.support.rows import transform_of
from tests.support.tabs import open_tab


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch):
    """Two endpoints; the second one's model has a price."""
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


async def test_the_chosen_model_writes_and_its_cost_is_counted(
    servers: tuple[ModelServer, ModelServer], room: Room, connected: str
) -> None:
    """The other endpoint is not asked."""
    first, second = servers
    second.answers(spoken(ideas_text([1])))

    await run(
        await brainstorms.start(room.project_id, Brief("抖音", "爽文", count=1, model="second"), room.owner)
    )

    assert (len(first.exchanges), len(second.exchanges)) == (0, 1)
    context = transform_of(connected)["context"]
    used = json.loads(ask(connected, "SELECT token_usage FROM llm_transforms"))
    assert context["cost"] == f"${(used['prompt_tokens'] + 2 * used['completion_tokens']) / 1000:.3f}"


async def test_a_run_without_a_choice_goes_to_the_first_one_and_tells_no_cost(
    servers: tuple[ModelServer, ModelServer], room: Room, connected: str
) -> None:
    """It has no price."""
    first, second = servers
    first.answers(spoken(ideas_text([1])))

    await run(await brainstorms.start(room.project_id, Brief("抖音", "爽文", count=1), room.owner))

    assert (len(first.exchanges), len(second.exchanges)) == (1, 0)
    assert "cost" not in transform_of(connected)["context"]


async def test_the_estimate_follows_the_form(
    servers: tuple[ModelServer, ModelServer], hub: Hub, room: Room
) -> None:
    """The model's price, the number of ideas, and how much there is to read; what has no price tells none."""
    async with open_tab(room.project_id, room.owner) as tab:
        await tab.sees(BrainstormState, "access", lambda access: access == "open")
        told = []
        for field, value in (
            ("model", "second"),
            ("count", "1"),
            ("other_requirements", "字" * 10_000),
            ("count", "10000"),
            ("model", "first"),
        ):
            await tab.send(BriefState.reckon, field=field, value=value)
            told.append(tab.value(BriefState, "estimate"))

    five, one, wordy, odd, free = told
    assert five.startswith("$") and odd == wordy and free == ""
    assert float(one[1:]) < float(five[1:])
    assert float(wordy[1:]) == pytest.approx(float(one[1:]) + 10, abs=0.01)
