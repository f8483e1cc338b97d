"""A generation from the job to the rows: a real database, and a model that is a real HTTP server."""

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
    """A brainstorm that asks for three ideas, just started."""
    return await starting.start(room.project_id, BRIEF, room.owner)


@pytest.fixture
def endpoint(server: ModelServer) -> Endpoint:
    return Endpoint("test-model", server.url, "sk-secret", silence=20)


@pytest.fixture
async def background() -> AsyncIterator[Callable[[Any], asyncio.Task]]:
    """Starts a task that is cancelled after the test."""
    tasks: list[asyncio.Task] = []

    def begin(work: Any) -> asyncio.Task:
        tasks.append(asyncio.ensure_future(work))
        return tasks[-1]

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def one(url: str, query: str) -> dict[str, Any]:
    """The only row of a query, as it is committed."""
    with psycopg.connect(url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        [row] = cursor.execute(query.encode()).fetchall()
        return row


def transform_of(url: str) -> dict[str, Any]:
    return one(url, "SELECT * FROM transforms WHERE type = 'llm'")


def artifact_of(url: str) -> dict[str, Any]:
    return one(url, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")


async def until(condition: Callable[[], Any]) -> None:
    """Wait for committed rows, with a limit."""
    await asyncio.to_thread(wait_until, condition)


async def test_a_good_reply_ends_as_finished_ideas_with_their_record(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Data, states, raw reply, model, parameters and tokens are there at the end."""
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


async def test_rows_grow_while_the_model_writes(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint, background: Callable
):
    """A finished idea is committed though the model pauses, and so is half a sentence."""
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


async def test_a_model_that_goes_on_after_the_last_idea_is_left(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Nobody waits, or pays, for what was not asked for."""
    server.answers(broken_off(ideas_text([1, 2, 3]), Gate()))

    await run(transform_id, endpoint)

    assert transform_of(connected)["streaming_status"] == "completed"
    assert await asyncio.to_thread(server.exchanges[0].left.wait, LIMIT)


async def test_a_retry_asks_for_the_missing_ideas_only(
    connected: str, room: Room, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Finished ideas come first, new ones follow, and the model is told of the finished ones."""
    server.answers(spoken(ideas_text([1, 2])[:-12], finish="content_filter"), spoken(ideas_text([2, 3])))

    await run(transform_id, endpoint)
    await retrying.retry(room.project_id, transform_id, room.owner)
    await run(transform_id, endpoint)

    assert "写出 2 个" in server.exchanges[1].prompt
    assert ALL[0]["body"] in server.exchanges[1].prompt
    assert json.loads(artifact_of(connected)["data"]) == {"ideas": ALL}
    assert transform_of(connected)["streaming_status"] == "completed"


async def test_a_worker_that_was_overtaken_closes_the_model_and_leaves(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint, background: Callable
):
    """The fence: the second worker's ideas stay, the first one's stream is closed."""
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


async def test_a_cancelled_worker_leaves_the_rest_to_the_next(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint, background: Callable
):
    """What was finished before the shutdown is kept, and only the rest is written again."""
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


async def test_a_run_that_ended_is_not_run_again(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """A job delivered twice asks the model once."""
    server.answers(Answer([event(choices=[]), *spoken(ideas_text([1, 2, 3])).steps, DONE]))

    await run(transform_id, endpoint)
    await run(transform_id, endpoint)

    assert len(server.exchanges) == 1
