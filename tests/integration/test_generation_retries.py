"""Automatic retries: when, how often, how they are shown, and that a person can stop them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from scriptwriter.services.runs import attempts, ending, retrying, starting
from scriptwriter.settings import settings
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import LONGEST_PAUSE, run
from tests.support.generations import run_to_the_end, titles
from tests.support.model_server import ModelServer, broken_off, ideas_text, refused, spoken, story
from tests.support.rooms import BRIEF, Room
from tests.support.rows import artifact_of, rows, transform_of

ALL = [story(number) for number in (1, 2, 3)]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def endpoint(server: ModelServer) -> Endpoint:
    return Endpoint("test-model", server.url, "sk-secret", silence=20)


@pytest.fixture
async def transform_id(room: Room) -> str:
    """A run of three ideas that has just been started, and whose first job has been fetched."""
    return await starting.start(room.project_id, BRIEF, room.owner)


def seconds_until_the_retry(url: str) -> float:
    """From now until the newest job may run."""
    query = "SELECT scheduled_at - now() AS left FROM procrastinate_jobs ORDER BY id DESC LIMIT 1"
    return rows(url, query)[0]["left"].total_seconds()


def seconds_until(moment: str) -> float:
    """From now until a moment in ISO 8601."""
    return (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("20", 20),
        (format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True), LONGEST_PAUSE),
        ("0", 1),
        ("86400", LONGEST_PAUSE),
    ],
    ids=["seconds", "a date", "none", "a day"],
)
async def test_retry_after_decides_how_long_a_retry_waits(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint, header: str, seconds: int
):
    """Within limits. The context says so to everybody, and the job is scheduled."""
    server.answers(refused(429, "slow down", {"retry-after": header}))

    await run(transform_id, endpoint)

    transform = transform_of(connected)
    assert transform["streaming_status"] == "pending"
    waiting = transform["context"]["waiting"]
    left = seconds_until(waiting.pop("until"))
    assert {**waiting, "params": {}} == {
        "code": "rate_limited", "params": {}, "seconds": seconds, "number": 1, "of": 2
    }  # fmt: skip
    assert seconds - 30 < seconds_until_the_retry(connected) <= seconds
    assert seconds - 30 < left <= seconds


async def test_retry_after_may_be_a_date(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """RFC 9110 allows seconds and a date."""
    moment = datetime.now(UTC) + timedelta(seconds=120)
    server.answers(refused(503, "busy", {"retry-after": format_datetime(moment, usegmt=True)}))

    await run(transform_id, endpoint)

    assert 60 < transform_of(connected)["context"]["waiting"]["seconds"] <= 120


async def test_without_retry_after_each_wait_is_three_times_longer(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """The first wait is the setting MODEL_RETRY_SECONDS."""
    server.answers(refused(429, "slow down"))

    first, second = await run_to_the_end(connected, transform_id, endpoint)

    pause = settings().model_retry_seconds
    assert pause - 1 <= first["seconds"] <= pause * 1.2 + 1
    assert pause * 3 - 1 <= second["seconds"] <= pause * 3 * 1.2 + 1


async def test_an_automatic_retry_asks_only_for_missing_ideas(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """The finished ideas of a cut stream stay in the draft while waiting, and are part of the next prompt."""
    text = ideas_text([1, 2, 3])
    server.answers(
        broken_off(text[: text.index("第2个故事") + 3]), refused(502, "gateway"), spoken(ideas_text([2, 3]))
    )

    await run(transform_id, endpoint)
    kept = artifact_of(connected)["partial_data"]["ideas"]
    waits = await run_to_the_end(connected, transform_id, endpoint)

    assert kept == ALL[:1]
    assert [wait["code"] for wait in waits] == ["model_unavailable"]
    assert artifact_of(connected)["ideas"] == ALL
    transform = transform_of(connected)
    assert transform["streaming_status"] == "completed"
    assert "waiting" not in transform["context"]
    assert [("写出 2 个" in each.prompt, ALL[0]["body"] in each.prompt) for each in server.exchanges] == [
        (False, False),
        (True, True),
        (True, True),
    ]
    prompts = rows(connected, "SELECT prompt_text FROM llm_prompts")
    assert {each["prompt_text"] for each in prompts} == {each.prompt for each in server.exchanges}


async def test_a_persons_retry_restarts_the_count_of_automatic_retries(
    connected: str, room: Room, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """After the automatic retries are used up, 重试 allows as many again."""
    server.answers(refused(503, "busy"))
    await run_to_the_end(connected, transform_id, endpoint)
    assert transform_of(connected)["streaming_status"] == "failed"

    await retrying.retry(room.project_id, transform_id, room.collaborator)
    waits = await run_to_the_end(connected, transform_id, endpoint)

    assert [(wait["number"], wait["of"]) for wait in waits] == [(1, 2), (2, 2)]
    assert len(server.exchanges) == 6


async def test_a_stop_ends_a_run_that_waits_for_a_retry(
    connected: str, room: Room, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Finished ideas stay, and the scheduled job asks no model."""
    server.answers(broken_off(ideas_text([1, 2])[:-2]))
    await run(transform_id, endpoint)

    stopped = await ending.stop(room.project_id, transform_id, room.collaborator)
    await run(transform_id, endpoint)

    assert stopped
    assert transform_of(connected)["streaming_status"] == "cancelled"
    assert artifact_of(connected)["ideas"] == ALL[:2]
    assert len(server.exchanges) == 1


async def test_the_scheduled_job_of_a_stopped_wait_does_nothing(
    connected: str, room: Room, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """The run was stopped while waiting and then filled in, so another job owns its new attempt."""
    server.answers(refused(429, "slow down", {"retry-after": "20"}))
    await run(transform_id, endpoint)
    await ending.stop(room.project_id, transform_id, room.owner)
    await retrying.retry(room.project_id, transform_id, room.owner)
    late, current = [each["id"] for each in rows(connected, "SELECT id FROM procrastinate_jobs ORDER BY id")][
        -2:
    ]

    attempt = await attempts.begin(transform_id, current)
    await run(transform_id, endpoint, job=late)

    assert attempt is not None
    assert len(server.exchanges) == 1
    await attempts.check(attempt)


async def test_a_permanent_error_in_a_retry_fails_the_run_at_once(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """The text shown is that of the second error: first the model was busy, then the quota was used up."""
    server.answers(refused(429, "slow down"), refused(402, "Insufficient Balance"))

    waits = await run_to_the_end(connected, transform_id, endpoint)

    assert [wait["code"] for wait in waits] == ["rate_limited"]
    assert transform_of(connected)["error_message"] == "额度已用完，请联系管理员"
    assert titles(connected) == []
