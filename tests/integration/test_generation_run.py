"""One attempt, from the job to the rows, with a real database and a real HTTP server as the model."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from scriptwriter.services.runs import retrying, starting
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import run
from tests.support.model_server import (
    DONE,
    USAGE,
    Answer,
    Gate,
    ModelServer,
    broken_off,
    delta,
    event,
    ideas_text,
    spoken,
    story,
)
from tests.support.rooms import BRIEF, Room
from tests.support.waiting import LIMIT, wait_until

ALL = [story(number) for number in (1, 2, 3)]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
async def transform_id(room: Room) -> str:
    """A run of three ideas that has just been started."""
    return await starting.start(room.project_id, BRIEF, room.owner)


@pytest.fixture
def endpoint(server: ModelServer) -> Endpoint:
    return Endpoint("test-model", server.url, "sk-secret", silence=20)


@pytest.fixture
async def background() -> AsyncIterator[Callable[[Any], asyncio.Task]]:
    """A function that starts a task, which is cancelled after the test."""
    tasks: list[asyncio.Task] = []

    def begin(work: Any) -> asyncio.Task:
        tasks.append(asyncio.ensure_future(work))
        return tasks[-1]

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def one(url: str, query: str) -> dict[str, Any]:
    """The only row that a query returns."""
    with psycopg.connect(url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        [row] = cursor.execute(query.encode()).fetchall()
        return row


def transform_of(url: str) -> dict[str, Any]:
    """The only run."""
    return one(url, "SELECT * FROM transforms WHERE type = 'llm'")


def artifact_of(url: str) -> dict[str, Any]:
    """The only batch of ideas."""
    return one(url, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")


async def until(condition: Callable[[], Any]) -> None:
    """Wait until committed rows satisfy the condition, with a time limit."""
    await asyncio.to_thread(wait_until, condition)


async def test_a_complete_reply_becomes_finished_ideas(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Data, states, raw reply, model, parameters and tokens are stored."""
    server.answers(spoken(ideas_text([1, 2, 3])))

    await run(transform_id, endpoint)

    artifact, transform = artifact_of(connected), transform_of(connected)
    assert json.loads(artifact["data"]) == {"ideas": ALL}
    assert (artifact["streaming_status"], artifact["partial_data"]) == ("completed", None)
    assert (transform["streaming_status"], transform["progress_percentage"]) == ("completed", 100)
    record = one(connected, "SELECT * FROM llm_transforms")
    assert record["raw_response"] == ideas_text([1, 2, 3])
    assert record["model_name"] == "test-model"
    assert json.loads(record["model_parameters"])["response_format"] == "json_schema"
    assert json.loads(record["token_usage"]) == USAGE
    prompt = one(connected, "SELECT * FROM llm_prompts")
    assert server.exchanges[0].prompt == prompt["prompt_text"]


async def test_a_draft_is_committed_while_the_model_writes(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint, background: Callable
):
    """A finished idea and half a sentence are committed while the model pauses."""
    gate = Gate()
    text = ideas_text([1, 2, 3])
    cut = text.index("第2个故事") + 3
    server.answers(Answer([delta(content=text[:cut]), gate, *spoken(text[cut:]).steps]))

    task = background(run(transform_id, endpoint))
    await until(lambda: len(artifact_of(connected)["partial_data"]["ideas"]) == 2)
    draft, transform = artifact_of(connected), transform_of(connected)
    gate.open()
    await task

    first, second = draft["partial_data"]["ideas"]
    assert first == ALL[0]
    assert second == {"title": ALL[1]["title"], "body": "第2个", "status": "writing"}
    assert (transform["streaming_status"], float(transform["progress_percentage"])) == ("running", 40)
    assert json.loads(artifact_of(connected)["data"]) == {"ideas": ALL}


async def test_a_stream_is_closed_after_the_last_idea(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """More text would only cost time and tokens."""
    server.answers(broken_off(ideas_text([1, 2, 3]), Gate()))

    await run(transform_id, endpoint)

    assert transform_of(connected)["streaming_status"] == "completed"
    assert await asyncio.to_thread(server.exchanges[0].left.wait, LIMIT)


async def test_a_retry_asks_for_the_missing_ideas_only(
    connected: str, room: Room, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """The prompt holds the finished ideas, which stay in front of the new ones."""
    server.answers(spoken(ideas_text([1, 2])[:-12], finish="content_filter"), spoken(ideas_text([2, 3])))

    await run(transform_id, endpoint)
    await retrying.retry(room.project_id, transform_id, room.owner)
    await run(transform_id, endpoint)

    assert "写出 2 个" in server.exchanges[1].prompt
    assert ALL[0]["body"] in server.exchanges[1].prompt
    assert json.loads(artifact_of(connected)["data"]) == {"ideas": ALL}
    assert transform_of(connected)["streaming_status"] == "completed"


async def test_a_superseded_attempt_closes_its_stream(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint, background: Callable
):
    """The ideas of the newer attempt stay."""
    gate = Gate()
    text = ideas_text([1, 2, 3])
    trickle = [step for _ in range(2000) for step in (delta(content=" "), delta(content="x"), 0.01)]
    server.answers(Answer([delta(content=text[:60]), gate, *trickle]), spoken(text))
    first = background(run(transform_id, endpoint))
    await until(lambda: artifact_of(connected)["partial_data"]["ideas"])

    await run(transform_id, endpoint)
    gate.open()
    await asyncio.wait_for(first, LIMIT)

    assert await asyncio.to_thread(server.exchanges[0].left.wait, LIMIT)
    assert json.loads(artifact_of(connected)["data"]) == {"ideas": ALL}
    assert transform_of(connected)["streaming_status"] == "completed"


async def test_the_next_worker_continues_a_cancelled_attempt(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint, background: Callable
):
    """Ideas finished before the shutdown stay, and only the others are asked for again."""
    text = ideas_text([1, 2, 3])
    cut = text.index("第2个故事") + 3
    server.answers(broken_off(text[:cut], Gate()), spoken(ideas_text([2, 3])))
    task = background(run(transform_id, endpoint))
    await until(lambda: len(artifact_of(connected)["partial_data"]["ideas"]) == 2)

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    left = transform_of(connected)["streaming_status"]
    await run(transform_id, endpoint)

    assert task.cancelled()
    assert left == "running"
    assert await asyncio.to_thread(server.exchanges[0].left.wait, LIMIT)
    assert json.loads(artifact_of(connected)["data"]) == {"ideas": ALL}


async def test_an_ended_run_is_not_run_again(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """A job that is delivered twice asks the model once."""
    server.answers(Answer([event(choices=[]), *spoken(ideas_text([1, 2, 3])).steps, DONE]))

    await run(transform_id, endpoint)
    await run(transform_id, endpoint)

    assert len(server.exchanges) == 1
