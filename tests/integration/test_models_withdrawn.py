"""The operator removes a model from MODELS while runs name it: they fail or are refused with a reason."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from scriptwriter.domain.errors import GenerationError, UserError
from scriptwriter.domain.graph import Brief
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.runs import attempts, retrying, starting
from scriptwriter.sync.hub import Hub
from scriptwriter.web.room.room_state import BrainstormState
from scriptwriter.worker.run import run
from tests.support.model_server import Answer, ModelServer, ideas_text, refused, spoken, story
from tests.support.programs import problem, program_of
from tests.support.rooms import Room
from tests.support.rows import artifact_of, rows, transform_of
from tests.support.tabs import open_tab

BRIEF = Brief("抖音", "穿越, 爽文", "", 3, model="withdrawn")
SENTENCE = "模型 withdrawn 已不再提供，已写内容都在。请编辑要求后重来，换一个模型"
SHORT = spoken(ideas_text([1, 2]))
CUT = spoken(ideas_text([1, 2, 3])[:-20], finish="length")
FILTERED = spoken(ideas_text([1, 2, 3])[:-20], finish="content_filter")


@pytest.fixture
def offer(server: ModelServer, setting: Callable[..., None]) -> Callable[..., None]:
    """A function that sets MODELS to these names, all at the same endpoint."""

    def offer(*names: str) -> None:
        setting(MODELS=json.dumps([{"name": name} for name in names]))

    offer("kept", "withdrawn")
    return offer


async def run_with_missing_idea(server: ModelServer, room: Room, answer: Answer = SHORT) -> str:
    """A run of the model that will be removed. Its third idea is missing."""
    server.answers(answer)
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    await run(transform_id)
    return transform_id


def everything(url: str) -> list[dict[str, Any]]:
    """All rows that a retry could change."""
    tables = ("transforms", "artifacts", "llm_prompts", "llm_transforms", "procrastinate_jobs")
    return [row for table in tables for row in rows(url, f"SELECT * FROM {table} ORDER BY 1")]


@pytest.mark.parametrize("answer", [SHORT, CUT, refused(402, "no")], ids=["补齐", "续写", "重试"])
async def test_a_retry_with_a_removed_model_is_refused(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None], answer: Answer
) -> None:
    """All three buttons are tried. Once the model is listed again, the retry succeeds."""
    transform_id = await run_with_missing_idea(server, room, answer)
    before, asked = everything(connected), len(server.exchanges)
    offer("kept")

    with pytest.raises(UserError) as refusal:
        await retrying.retry(room.project_id, transform_id, room.collaborator)

    assert refusal.value.text() == SENTENCE
    assert "model withdrawn is no longer offered" in refusal.value.text("en")
    assert (everything(connected), len(server.exchanges)) == (before, asked)
    offer("kept", "withdrawn")
    await retrying.retry(room.project_id, transform_id, room.collaborator)
    await run(transform_id)
    assert server.exchanges[-1].body["model"] == "withdrawn"


async def test_the_page_says_that_the_model_was_removed(
    server: ModelServer, hub: Hub, room: Room, offer: Callable[..., None]
) -> None:
    """A notice says so for 补齐 and for 再来一批, which would use the same brief."""
    transform_id = await run_with_missing_idea(server, room)
    offer("kept")

    async with open_tab(room.project_id, room.owner) as tab:
        await tab.sees(BrainstormState, "newest", lambda newest: newest and newest.finished == 2)
        for handler, arguments in (
            (BrainstormState.retry, {"transform_id": transform_id, "attempt": 0}),
            (BrainstormState.start_again, {"seen": transform_id}),
        ):
            await tab.send(handler, **arguments)
            assert tab.value(BrainstormState, "notice").zh == SENTENCE
            await tab.send(BrainstormState.dismiss)

        assert tab.value(BrainstormState, "newest").attempt == 0
        assert [card.title for card in tab.value(BrainstormState, "cards")][:2] == ["故事1号", "故事2号"]


@pytest.mark.parametrize("how", ["retry", "fill-in"])
async def test_the_api_answers_409_for_a_removed_model(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None], how: str
) -> None:
    """The error has a code of its own, and a message in the program's language."""
    transform_id = await run_with_missing_idea(server, room)
    before = everything(connected)
    offer("kept")

    async with program_of(room.collaborator) as http:
        path, body = f"/api/brainstorm/{transform_id}/{how}", {"projectId": room.project_id}
        answer = await http.post(path, json=body)
        chinese = await http.post(path, json=body, headers={"accept-language": "zh"})

    assert problem(answer) == problem(chinese) == (409, "model_withdrawn")
    assert answer.json()["message"].startswith("The model withdrawn is no longer offered")
    assert chinese.json()["message"] == SENTENCE
    assert everything(connected) == before


async def test_a_queued_run_of_a_removed_model_fails_with_that_reason(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None]
) -> None:
    """No other model is asked, finished ideas stay, and one line is logged."""
    transform_id = await run_with_missing_idea(server, room)
    await retrying.retry(room.project_id, transform_id, room.owner)
    asked = len(server.exchanges)
    offer("kept")

    with capture_logs() as logs:
        await run(transform_id)

    transform = transform_of(connected)
    assert (transform["streaming_status"], transform["error_message"]) == ("failed", SENTENCE)
    assert transform["context"]["error"] == {"code": "model_withdrawn", "params": {"model": "withdrawn"}}
    assert artifact_of(connected)["ideas"] == [story(1), story(2)]
    assert len(server.exchanges) == asked
    assert [(each["event"], each.get("exc_info")) for each in logs] == [("generation_failed", None)]


@pytest.mark.parametrize("left", ["waiting", "running"])
async def test_a_resumed_run_of_a_removed_model_fails_with_that_reason(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None], left: str
) -> None:
    """One that waited for its automatic retry, and one whose worker died."""
    server.answers(refused(429, "busy"))
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    await (run(transform_id) if left == "waiting" else attempts.begin(transform_id))
    offer("kept")

    await run(transform_id)

    transform = transform_of(connected)
    assert (transform["streaming_status"], transform["error_message"]) == ("failed", SENTENCE)


async def test_the_last_missing_idea_can_be_skipped_without_the_model(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None]
) -> None:
    """No model is asked, so the run is completed. Its record keeps the name of the removed model."""
    transform_id = await run_with_missing_idea(server, room, FILTERED)
    asked, model = len(server.exchanges), transform_of(connected)["context"]["model"]
    offer("kept")

    await retrying.retry(room.project_id, transform_id, room.owner, skip=2)
    await run(transform_id)

    transform = transform_of(connected)
    assert (transform["streaming_status"], transform["context"]["model"]) == ("completed", model)
    assert len(server.exchanges) == asked


async def test_more_like_an_idea_of_a_removed_model_asks_the_default_model(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None]
) -> None:
    """People choose no model for "more like this"."""
    await run_with_missing_idea(server, room)
    offer("kept")
    idea = IdeaRef(artifact_of(connected)["id"], 0)

    await run(await starting.like(room.project_id, idea, 1, room.owner))

    assert server.exchanges[-1].body["model"] == "kept"


async def test_no_attempt_begins_with_a_removed_model(
    server: ModelServer, room: Room, offer: Callable[..., None]
) -> None:
    """The worker checks before it asks a model."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    offer("kept")

    with pytest.raises(GenerationError, match="model_withdrawn"):
        await attempts.begin(transform_id)
