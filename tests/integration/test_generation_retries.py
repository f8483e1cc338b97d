"""Retries that happen by themselves: when, how often, visible as such, and ended by a person."""

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
    """A brainstorm that asks for three ideas, just started; the job of the start is done."""
    return await starting.start(room.project_id, BRIEF, room.owner)


def seconds_until_the_retry(url: str) -> float:
    """From now to the moment at which the newest job may run."""
    query = "SELECT scheduled_at - now() AS left FROM procrastinate_jobs ORDER BY id DESC LIMIT 1"
    return rows(url, query)[0]["left"].total_seconds()


def seconds_until(moment: str) -> float:
    """From now, to a moment in ISO 8601."""
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
async def test_the_wait_is_the_one_that_the_model_asks_for(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint, header: str, seconds: int
):
    """模型繁忙，20 秒后自动重试（1/2）: in the rows for everybody, and in the queue for a worker."""
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


async def test_a_date_is_a_number_of_seconds(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Retry-After as RFC 9110 allows it too."""
    moment = datetime.now(UTC) + timedelta(seconds=120)
    server.answers(refused(503, "busy", {"retry-after": format_datetime(moment, usegmt=True)}))

    await run(transform_id, endpoint)

    assert 60 < transform_of(connected)["context"]["waiting"]["seconds"] <= 120


async def test_each_wait_without_a_wish_is_longer_than_the_one_before(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Back-off: from the setting on, three times as long each time."""
    server.answers(refused(429, "slow down"))

    first, second = await run_to_the_end(connected, transform_id, endpoint)

    pause = settings().model_retry_seconds
    assert pause - 1 <= first["seconds"] <= pause * 1.2 + 1
    assert pause * 3 - 1 <= second["seconds"] <= pause * 3 * 1.2 + 1


async def test_an_automatic_retry_asks_for_what_is_missing_only(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """A cut stream's finished ideas are kept while waiting, sent along, and never written again."""
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


async def test_a_persons_retry_begins_a_new_count(
    connected: str, room: Room, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """After the automatic ones are used up, 重试 has as many again."""
    server.answers(refused(503, "busy"))
    await run_to_the_end(connected, transform_id, endpoint)
    assert transform_of(connected)["streaming_status"] == "failed"

    await retrying.retry(room.project_id, transform_id, room.collaborator)
    waits = await run_to_the_end(connected, transform_id, endpoint)

    assert [(wait["number"], wait["of"]) for wait in waits] == [(1, 2), (2, 2)]
    assert len(server.exchanges) == 6


async def test_a_stop_while_a_retry_is_waited_for_ends_the_run(
    connected: str, room: Room, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """What is finished stays, and the job that comes later asks nobody."""
    server.answers(broken_off(ideas_text([1, 2])[:-2]))
    await run(transform_id, endpoint)

    stopped = await ending.stop(room.project_id, transform_id, room.collaborator)
    await run(transform_id, endpoint)

    assert stopped
    assert transform_of(connected)["streaming_status"] == "cancelled"
    assert artifact_of(connected)["ideas"] == ALL[:2]
    assert len(server.exchanges) == 1


async def test_the_late_job_of_a_stopped_wait_does_not_disturb_the_next_run(
    connected: str, room: Room, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Stop while waiting, then 补齐: the retry that was put off finds its run in other hands."""
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


async def test_a_failure_of_the_retry_that_fits_no_retry_ends_at_once(
    connected: str, transform_id: str, server: ModelServer, endpoint: Endpoint
):
    """Busy first, then the quota is gone: the second reason is the one that is told."""
    server.answers(refused(429, "slow down"), refused(402, "Insufficient Balance"))

    waits = await run_to_the_end(connected, transform_id, endpoint)

    assert [wait["code"] for wait in waits] == ["rate_limited"]
    assert transform_of(connected)["error_message"] == "额度已用完，请联系管理员"
    assert titles(connected) == []
