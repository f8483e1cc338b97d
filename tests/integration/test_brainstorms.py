"""A brainstorm from start to end, through the services, on a real database."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from scriptwriter.domain.errors import GenerationError, Superseded, UserError
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.services.expiry import clean
from scriptwriter.services.runs import attempts, ending, retrying, starting
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import SentForm
from scriptwriter.worker.reply_parser import GrowingReply
from tests.support.batches import begun
from tests.support.rooms import BRIEF, Room
from tests.support.rows import rows

ONE = Idea("重生之约", "她醒来时回到十年前。")
TWO = Idea("逆袭时刻", "他当众揭开真相。")
GROWING = Idea("替身新娘", "婚礼前夜，", "writing")
REPLY = Reply("a-model", {"temperature": 1}, '{"ideas": […]}', {"prompt_tokens": 7, "total_tokens": 20})


async def test_a_start_writes_the_whole_graph_in_one_transaction(connected: str, room: Room) -> None:
    """Transform, brief, ideas, links, prompt and job are all there afterwards."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)

    [transform] = rows(connected, "SELECT * FROM transforms")
    assert (transform["id"], transform["type"]) == (transform_id, "llm")
    assert (transform["status"], transform["streaming_status"]) == ("pending", "pending")
    assert json.loads(transform["execution_context"])["startedBy"] == "Owner"
    brief, ideas = rows(connected, "SELECT * FROM artifacts ORDER BY type DESC")
    assert (brief["type"], json.loads(brief["data"])) == ("brainstorm_params", BRIEF.model_dump(mode="json"))
    assert (ideas["type"], ideas["streaming_status"]) == ("brainstorm_ideas", "streaming")
    assert (json.loads(ideas["data"]), ideas["partial_data"]) == ({"ideas": []}, {"ideas": []})
    [link] = rows(connected, "SELECT * FROM transform_inputs")
    assert (link["artifact_id"], link["input_role"]) == (brief["id"], "params")
    [link] = rows(connected, "SELECT * FROM transform_outputs")
    assert (link["artifact_id"], link["output_role"]) == (ideas["id"], "ideas")
    [prompt] = rows(connected, "SELECT * FROM llm_prompts")
    assert prompt["prompt_role"] == "primary"
    assert all(word in prompt["prompt_text"] for word in ("抖音", "穿越, 爽文", "女主是现代 CEO"))
    [job] = rows(connected, "SELECT * FROM procrastinate_jobs")
    assert (job["task_name"], job["args"]) == ("generate", {"transform_id": transform_id})


async def test_two_starts_at_once_make_one_run(connected: str, room: Room) -> None:
    """After a double click, or starts of two colleagues, one succeeds. The other is told who started it."""
    people = (room.owner, room.collaborator)

    starts = [starting.start(room.project_id, BRIEF, who) for who in people]
    outcomes = await asyncio.gather(*starts, return_exceptions=True)

    [refusal] = [each for each in outcomes if isinstance(each, UserError)]
    assert refusal.code == "already_running"
    assert refusal.params["name"] in ("Owner", "Collaborator")
    assert len(rows(connected, "SELECT id FROM transforms")) == 1
    assert len(rows(connected, "SELECT id FROM artifacts")) == 2
    assert len(rows(connected, "SELECT id FROM procrastinate_jobs")) == 1


@pytest.mark.parametrize(("who", "code"), [("stranger", "project_not_found"), ("viewer", "not_allowed")])
async def test_only_owners_and_collaborators_can_start_a_run(
    connected: str, room: Room, who: str, code: str
) -> None:
    """Nothing is written for anybody else."""
    with pytest.raises(UserError) as refusal:
        await starting.start(room.project_id, BRIEF, getattr(room, who))

    assert refusal.value.code == code
    assert rows(connected, "SELECT id FROM transforms") == []


async def test_a_form_makes_a_project_and_its_first_run(connected: str, room: Room) -> None:
    """The person who sends the form becomes the owner."""
    project_id, transform_id = await starting.start_project("抖音 · 穿越", BRIEF, room.stranger)

    [member] = rows(connected, "SELECT * FROM projects_users WHERE project_id = %s", project_id)
    assert (member["user_id"], member["role"]) == ("stranger", "owner")
    [transform] = rows(connected, "SELECT id FROM transforms WHERE project_id = %s", project_id)
    assert transform["id"] == transform_id


async def test_progress_counts_only_finished_ideas(connected: str, room: Room) -> None:
    """While a draft grows, partial_data holds all ideas and progress_percentage counts the finished ones."""
    attempt = await begun(room)
    progress = [rows(connected, "SELECT progress_percentage AS p FROM transforms")[0]["p"]]

    for ideas in ([GROWING], [ONE, GROWING], [ONE, TWO]):
        await attempts.save_draft(attempt, ideas)
        progress.append(rows(connected, "SELECT progress_percentage AS p FROM transforms")[0]["p"])

    assert [float(each) for each in progress] == [10, 10, 40, 70]
    [artifact] = rows(connected, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")
    assert artifact["partial_data"] == {"ideas": [ONE.model_dump(), TWO.model_dump()]}
    assert float(artifact["streaming_progress"]) == 70


async def test_a_finished_run_stores_its_data_reply_and_token_counts(connected: str, room: Room) -> None:
    """States, raw reply, model, parameters and tokens."""
    attempt = await begun(room)

    await ending.finish(attempt, [ONE, TWO], REPLY)

    [artifact] = rows(connected, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")
    assert (artifact["streaming_status"], float(artifact["streaming_progress"])) == ("completed", 100)
    assert json.loads(artifact["data"]) == {"ideas": [ONE.model_dump(), TWO.model_dump()]}
    assert artifact["partial_data"] is None
    [transform] = rows(connected, "SELECT * FROM transforms")
    assert (transform["status"], transform["streaming_status"]) == ("completed", "completed")
    assert float(transform["progress_percentage"]) == 100
    [record] = rows(connected, "SELECT * FROM llm_transforms")
    assert (record["model_name"], record["raw_response"]) == ("a-model", '{"ideas": […]}')
    assert json.loads(record["model_parameters"]) == {"temperature": 1}
    assert json.loads(record["token_usage"]) == {"prompt_tokens": 7, "total_tokens": 20}


async def test_a_failed_run_stores_its_error_and_keeps_finished_ideas(connected: str, room: Room) -> None:
    """Transform and artifact are failed, and the idea that was being written is marked unfinished."""
    attempt = await begun(room)

    await ending.fail(attempt, [ONE, GROWING], REPLY, GenerationError("generation_interrupted"))

    [transform] = rows(connected, "SELECT * FROM transforms")
    assert transform["streaming_status"] == "failed"
    assert transform["error_message"] == "生成意外中断，已完成的想法已保留"
    [artifact] = rows(connected, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")
    assert artifact["streaming_status"] == "failed"
    assert json.loads(artifact["data"])["ideas"] == [
        ONE.model_dump(),
        {"title": "替身新娘", "body": "婚礼前夜，", "status": "unfinished"},
    ]


async def test_a_retry_asks_for_the_missing_ideas_only(connected: str, room: Room) -> None:
    """The next attempt knows the finished ideas, and its prompt is stored beside the first one."""
    attempt = await begun(room)
    await ending.fail(attempt, [ONE, GROWING], None, GenerationError("generation_interrupted"))

    await retrying.retry(room.project_id, attempt.transform_id, room.collaborator)
    again = await attempts.begin(attempt.transform_id)

    assert again is not None
    assert (again.number, again.finished) == (1, (ONE,))
    assert ONE.title in again.prompt
    [transform] = rows(connected, "SELECT * FROM transforms")
    assert (transform["streaming_status"], transform["error_message"]) == ("running", None)
    roles = rows(connected, "SELECT prompt_role FROM llm_prompts ORDER BY prompt_role")
    assert [each["prompt_role"] for each in roles] == ["attempt-1", "primary"]
    assert len(rows(connected, "SELECT id FROM procrastinate_jobs")) == 2


async def test_a_superseded_attempt_writes_nothing(connected: str, room: Room) -> None:
    """Each write of the older attempt raises `Superseded`."""
    late = await begun(room)
    current = await attempts.begin(late.transform_id)
    assert current is not None
    await attempts.save_draft(current, [TWO])

    for write in (
        attempts.save_draft(late, [ONE]),
        ending.finish(late, [ONE], REPLY),
        ending.fail(late, [ONE], None, GenerationError("generation_interrupted")),
    ):
        with pytest.raises(Superseded):
            await write

    [artifact] = rows(connected, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")
    assert artifact["partial_data"] == {"ideas": [TWO.model_dump()]}
    assert rows(connected, "SELECT retry_count FROM transforms") == [{"retry_count": 1}]


async def test_an_ended_run_is_not_begun_again(connected: str, room: Room) -> None:
    """A job that is delivered twice finds nothing to do."""
    attempt = await begun(room)
    await ending.finish(attempt, [ONE, TWO], REPLY)

    assert await attempts.begin(attempt.transform_id) is None
    assert await attempts.begin("no such transform") is None
    with pytest.raises(UserError, match="nothing_to_retry"):
        await retrying.retry(room.project_id, attempt.transform_id, room.owner)


async def test_tokens_of_all_attempts_are_added_up(connected: str, room: Room) -> None:
    """A retried run has the sum of the tokens, and both raw replies."""
    attempt = await begun(room)
    await ending.fail(attempt, [ONE], REPLY, GenerationError("generation_interrupted"))
    await retrying.retry(room.project_id, attempt.transform_id, room.owner)
    again = await attempts.begin(attempt.transform_id)
    assert again is not None

    await ending.finish(again, [ONE, TWO], REPLY)

    [record] = rows(connected, "SELECT * FROM llm_transforms")
    assert json.loads(record["token_usage"]) == {"prompt_tokens": 14, "total_tokens": 40}
    assert record["raw_response"].count(REPLY.raw_response) == 2


async def test_characters_that_postgres_cannot_store_do_not_lose_the_idea(connected: str, room: Room) -> None:
    """NUL and lone surrogates are removed from the raw reply and from the ideas."""
    attempt = await begun(room)
    reply = GrowingReply(1)
    reply.feed(r'[{"title": "奇\u0000怪", "body": "半个\ud800字"}]')

    await attempts.save_draft(attempt, reply.ideas())
    await ending.finish(attempt, reply.ideas(), Reply("m", {}, "raw\x00\ud800"))

    [artifact] = rows(connected, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")
    assert json.loads(artifact["data"])["ideas"] == [{"title": "奇怪", "body": "半个字"}]


async def test_a_form_sent_several_times_at_once_makes_one_project(connected: str, room: Room) -> None:
    """The later requests wait for the first, and return the same project."""
    sent = [starting.start_project("一个", BRIEF, room.owner, "ticket-1") for _ in range(4)]

    made = await asyncio.gather(*sent)

    assert len({project_id for project_id, _ in made}) == 1
    assert len([transform_id for _, transform_id in made if transform_id]) == 1
    assert len(rows(connected, "SELECT id FROM transforms")) == 1


async def test_a_refused_form_can_be_sent_again(connected: str, room: Room) -> None:
    """A request that starts nothing does not use up its ticket."""
    unknown = BRIEF.model_copy(update={"model": "no-such-model"})
    with pytest.raises(UserError, match="model_not_offered"):
        await starting.start_project("一个", unknown, room.owner, "ticket-1")

    _, transform_id = await starting.start_project("一个", BRIEF, room.owner, "ticket-1")

    assert transform_id


async def test_old_tickets_are_deleted(connected: str, room: Room) -> None:
    """The clean-up keeps those that an unsent form in a browser may still use."""
    for ticket, days in (("old", 32), ("new", 29)):
        await starting.start_project("一个", BRIEF, room.owner, ticket)
        async with transaction() as session:
            sent = datetime.now(UTC) - timedelta(days=days)
            await session.exec(update(SentForm).where(col(SentForm.ticket) == ticket).values(sent_at=sent))

    await clean()

    assert [row["ticket"] for row in rows(connected, "SELECT ticket FROM sent_forms")] == ["new"]
