"""Retries of a single idea: retried alone, skipped, or rephrased. Every other idea keeps its position."""

import asyncio
from collections.abc import Iterator

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import verdicts
from scriptwriter.services.runs import ending, retrying, starting
from scriptwriter.worker.model_endpoint import Endpoint
from tests.support.generations import run_to_the_end, titles
from tests.support.model_server import (
    DONE,
    Answer,
    Gate,
    ModelServer,
    broken_off,
    delta,
    ideas_text,
    refused,
    spoken,
    story,
)
from tests.support.rooms import Room
from tests.support.rows import artifact_of, rows, transform_of
from tests.support.waiting import LIMIT, eventually

BRIEF = Brief("抖音", "穿越, 爽文", "", 4)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def endpoint(server: ModelServer) -> Endpoint:
    return Endpoint("test-model", server.url, "sk-secret", silence=20)


@pytest.fixture
async def filtered_run(connected: str, room: Room, server: ModelServer, endpoint: Endpoint) -> str:
    """A run of four ideas that a content filter ended in the second one."""
    text = ideas_text([1, 2])
    server.answers(spoken(text[: text.index("第2个故事") + 3], finish="content_filter"))
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    await run_to_the_end(connected, transform_id, endpoint)
    assert titles(connected) == ["故事1号", ""]
    return transform_id


async def retried(url: str, room: Room, transform_id: str, endpoint: Endpoint, **how) -> None:
    """Ask for a retry as a person, and run it as a worker."""
    await retrying.retry(room.project_id, transform_id, room.collaborator, **how)
    await run_to_the_end(url, transform_id, endpoint)


def state(url: str) -> str:
    return transform_of(url)["streaming_status"]


async def test_one_missing_idea_can_be_retried_alone(
    connected: str, room: Room, filtered_run: str, server: ModelServer, endpoint: Endpoint
):
    """It gets its own position, and the other missing ideas can still be retried later."""
    server.answers(spoken(ideas_text([3])))

    await retried(connected, room, filtered_run, endpoint, only=2)

    assert titles(connected) == ["故事1号", "", "故事3号"]
    assert "写出 1 个" in server.exchanges[1].prompt
    assert (state(connected), transform_of(connected)["context"]["error"]["code"]) == (
        "failed",
        "too_few_ideas",
    )
    server.answers(spoken(ideas_text([2, 4])))
    await retried(connected, room, filtered_run, endpoint)
    assert titles(connected) == ["故事1号", "故事2号", "故事3号", "故事4号"]
    assert state(connected) == "completed"
    assert "写出 2 个" in server.exchanges[2].prompt


async def test_a_kept_idea_keeps_its_position_through_retries(
    connected: str, room: Room, filtered_run: str, server: ModelServer, endpoint: Endpoint
):
    """A verdict names a position, so ideas that are written later must not move it."""
    server.answers(spoken(ideas_text([4])))
    await retried(connected, room, filtered_run, endpoint, only=3)
    artifact = artifact_of(connected)
    await verdicts.pick(room.project_id, IdeaRef(artifact["id"], 3), "keep", room.owner)

    for text in (broken_off(ideas_text([2])[:-6]), spoken(ideas_text([2, 3]))):
        server.answers(text, refused(401, "no"))
        await retried(connected, room, filtered_run, endpoint)

    assert artifact_of(connected)["id"] == artifact["id"]
    assert artifact_of(connected)["ideas"][3] == story(4)
    assert titles(connected)[1:] == ["故事2号", "故事3号", "故事4号"]
    [link] = rows(connected, "SELECT input_role FROM transform_inputs WHERE input_role LIKE 'ideas%%'")
    assert link["input_role"] == "ideas[3]"


async def test_a_skipped_idea_is_not_asked_for_again(
    connected: str, room: Room, filtered_run: str, server: ModelServer, endpoint: Endpoint
):
    """跳过: its position stays empty, and the run is completed without it."""
    server.answers(spoken(ideas_text([3, 4])))

    await retried(connected, room, filtered_run, endpoint, skip=1)

    assert titles(connected) == ["故事1号", "", "故事3号", "故事4号"]
    assert "写出 2 个" in server.exchanges[1].prompt
    assert (state(connected), transform_of(connected)["context"]["skipped"]) == ("completed", [1])


async def test_skipping_the_last_missing_idea_completes_the_run(
    connected: str, room: Room, filtered_run: str, server: ModelServer, endpoint: Endpoint
):
    """No model is asked."""
    server.answers(spoken(ideas_text([3])), spoken(ideas_text([4])))
    await retried(connected, room, filtered_run, endpoint, skip=1)
    assert titles(connected) == ["故事1号", "", "故事3号"]

    await retried(connected, room, filtered_run, endpoint, skip=3)

    assert len(server.exchanges) == 2
    assert titles(connected)[:3] == ["故事1号", "", "故事3号"]
    assert (state(connected), transform_of(connected)["context"]["skipped"]) == ("completed", [1, 3])


async def test_a_skipped_idea_can_be_retried(
    connected: str, room: Room, filtered_run: str, server: ModelServer, endpoint: Endpoint
):
    """Retrying it alone undoes the skip."""
    server.answers(spoken(ideas_text([3])), spoken(ideas_text([2])))
    await retried(connected, room, filtered_run, endpoint, skip=1)

    await retried(connected, room, filtered_run, endpoint, only=1)

    assert titles(connected) == ["故事1号", "故事2号", "故事3号"]
    assert transform_of(connected)["context"]["skipped"] == []


async def test_rephrase_applies_to_one_attempt(
    connected: str, room: Room, filtered_run: str, server: ModelServer, endpoint: Endpoint
):
    """换个说法 is in the prompt of that attempt, and not in the next one's."""
    server.answers(spoken(ideas_text([2])), spoken(ideas_text([3, 4])))

    await retried(connected, room, filtered_run, endpoint, rephrase=True)
    await retried(connected, room, filtered_run, endpoint)

    assert ["换一种说法" in each.prompt for each in server.exchanges] == [False, True, False]
    assert titles(connected) == ["故事1号", "故事2号", "故事3号", "故事4号"]


async def test_an_error_names_the_position_of_the_missing_idea(
    connected: str, room: Room, filtered_run: str, server: ModelServer, endpoint: Endpoint
):
    """With the first and third idea finished, a content filter stopped the second."""
    server.answers(spoken(ideas_text([3])), Answer([delta(refusal="no"), delta("stop"), DONE]))
    await retried(connected, room, filtered_run, endpoint, only=2)

    await retried(connected, room, filtered_run, endpoint)

    assert transform_of(connected)["error_message"] == "第 2 个被安全策略拦截，其余不受影响"
    assert titles(connected) == ["故事1号", "", "故事3号"]


async def test_a_stopped_retry_of_one_idea_keeps_the_others(
    connected: str, room: Room, filtered_run: str, server: ModelServer, endpoint: Endpoint
):
    """The text so far stays, marked as unfinished, between the first and the third idea."""
    server.answers(spoken(ideas_text([3])), broken_off(ideas_text([2])[:40], Gate()))
    await retried(connected, room, filtered_run, endpoint, only=2)
    await retrying.retry(room.project_id, filtered_run, room.owner, only=1)
    working = asyncio.create_task(run_to_the_end(connected, filtered_run, endpoint))
    await eventually(lambda: "故事2号" in str(artifact_of(connected)["partial_data"]))

    await ending.stop(room.project_id, filtered_run, room.collaborator)

    await asyncio.wait_for(working, LIMIT)
    first, second, third = artifact_of(connected)["ideas"]
    assert (first, third) == (story(1), story(3))
    assert (second["title"], second["status"]) == ("故事2号", "unfinished")


@pytest.mark.parametrize("place", [0, 4, -1])
async def test_only_missing_ideas_can_be_retried(connected: str, room: Room, filtered_run: str, place: int):
    """A finished idea and a position outside the brief's count are refused."""
    with pytest.raises(UserError, match="nothing_to_retry"):
        await retrying.retry(room.project_id, filtered_run, room.owner, only=place)

    assert state(connected) == "failed"
