"""The operator takes a model off the list that runs were started with: nothing is lost, people read why."""

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
    """Lists models of those names, and no others; all are at the same endpoint."""

    def offer(*names: str) -> None:
        setting(MODELS=json.dumps([{"name": name} for name in names]))

    offer("kept", "withdrawn")
    return offer


async def ended_short(server: ModelServer, room: Room, answer: Answer = SHORT) -> str:
    """A run of the model that will be gone; its third idea is missing."""
    server.answers(answer)
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    await run(transform_id)
    return transform_id


def everything(url: str) -> list[dict[str, Any]]:
    """Every row that a retry could change."""
    tables = ("transforms", "artifacts", "llm_prompts", "llm_transforms", "procrastinate_jobs")
    return [row for table in tables for row in rows(url, f"SELECT * FROM {table} ORDER BY 1")]


@pytest.mark.parametrize("answer", [SHORT, CUT, refused(402, "no")], ids=["补齐", "续写", "重试"])
async def test_going_on_with_a_model_that_is_gone_is_refused_and_changes_nothing(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None], answer: Answer
) -> None:
    """Whatever the button says; when the model is listed again, the run goes on with it."""
    transform_id = await ended_short(server, room, answer)
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


async def test_the_person_reads_it_on_the_page(
    server: ModelServer, hub: Hub, room: Room, offer: Callable[..., None]
) -> None:
    """In a notice, beside the ideas; 再来一批 would use the same brief, and says the same."""
    transform_id = await ended_short(server, room)
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
async def test_a_program_is_told_with_a_problem(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None], how: str
) -> None:
    """In its language, with a code of its own."""
    transform_id = await ended_short(server, room)
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


async def test_a_queued_run_whose_model_is_gone_when_its_turn_comes_ends_and_says_so(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None]
) -> None:
    """No other model is asked in its place, finished ideas stay, and the log tells it in one line."""
    transform_id = await ended_short(server, room)
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
async def test_a_run_that_was_going_on_ends_the_same_when_it_is_taken_up_again(
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


async def test_the_last_missing_idea_can_be_given_up_without_the_model(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None]
) -> None:
    """Nobody is asked, so nobody is missed; the record names who wrote."""
    transform_id = await ended_short(server, room, FILTERED)
    asked, model = len(server.exchanges), transform_of(connected)["context"]["model"]
    offer("kept")

    await retrying.retry(room.project_id, transform_id, room.owner, skip=2)
    await run(transform_id)

    transform = transform_of(connected)
    assert (transform["streaming_status"], transform["context"]["model"]) == ("completed", model)
    assert len(server.exchanges) == asked


async def test_more_like_an_idea_whose_model_is_gone_comes_from_the_default_one(
    connected: str, server: ModelServer, room: Room, offer: Callable[..., None]
) -> None:
    """Nobody chooses a model there."""
    await ended_short(server, room)
    offer("kept")
    idea = IdeaRef(artifact_of(connected)["id"], 0)

    await run(await starting.like(room.project_id, idea, 1, room.owner))

    assert server.exchanges[-1].body["model"] == "kept"


async def test_no_attempt_begins_with_a_model_that_is_gone(
    server: ModelServer, room: Room, offer: Callable[..., None]
) -> None:
    """The worker's own question, before any word is paid for."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    offer("kept")

    with pytest.raises(GenerationError, match="model_withdrawn"):
        await attempts.begin(transform_id)
