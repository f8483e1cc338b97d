"""Brainstorms over HTTP: start, stop, retry, fill in, and read the flow of a project."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from scriptwriter.domain.errors import GenerationError
from scriptwriter.domain.graph import Idea, Reply
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import verdicts
from scriptwriter.services.runs import attempts, ending, retrying, starting
from scriptwriter.texts import api_texts
from tests.support.flows import stored
from tests.support.programs import problem, program_of
from tests.support.rooms import BRIEF, Room, make_room
from tests.support.rows import rows, transform_of

ONE, TWO = Idea("重生之约", "她醒来时回到十年前。"), Idea("逆袭时刻", "他当众揭开真相。")
THREE = Idea("替身新娘", "婚礼当天，新娘换了人。")
GROWING = Idea("替身新娘", "婚礼前夜，", "writing")
REPLY = Reply("a-model", {}, "raw", {"total_tokens": 20})


async def start(http: httpx.AsyncClient, project_id: str, **params: Any) -> httpx.Response:
    """Start a brainstorm with the body of original-design's form."""
    body = {"projectId": project_id, "params": {"platform": "抖音", "genre": "穿越, 爽文", **params}}
    return await http.post("/api/brainstorm/start", json=body)


async def begun(transform_id: str) -> attempts.Attempt:
    """Begin an attempt at the run, as a worker does."""
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    return attempt


async def failed_run(room: Room) -> str:
    """A failed run: the first idea is finished, the second was being written, the third is missing."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    await ending.fail(await begun(transform_id), [ONE, GROWING], REPLY, GenerationError("reply_empty"))
    return transform_id


async def test_a_start_answers_202_with_the_id_of_the_run(connected: str, room: Room) -> None:
    """The answer comes before any model is asked. The stored brief is the one that was sent."""
    async with program_of(room.collaborator) as http:
        answer = await start(http, room.project_id, other_requirements="现代CEO穿越古代")

    transform = transform_of(connected)
    assert answer.status_code == 202
    assert answer.json() == {
        "transformId": transform["id"],
        "status": "started",
        "message": api_texts.RUN_STARTED.en,
    }
    sent = {"platform": "抖音", "genre": "穿越, 爽文", "other_requirements": "现代CEO穿越古代", "count": 5}
    assert sent.items() <= transform["context"]["params"].items()
    assert transform["context"]["userId"] == room.collaborator
    assert len(rows(connected, "SELECT id FROM procrastinate_jobs")) == 1


async def test_a_second_start_names_the_person_who_started_first(connected: str, room: Room) -> None:
    """Of several starts at once, one succeeds and the others receive 409."""
    async with program_of(room.owner) as http, program_of(room.collaborator) as other:
        answers = await asyncio.gather(*(start(each, room.project_id) for each in (http, other, http, other)))

    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    name = transform_of(connected)["context"]["startedBy"]
    for answer in answers:
        if answer.status_code == 409:
            assert problem(answer) == (409, "already_running")
            assert answer.json()["message"] == f"{name} has already started a run; it is in progress"


async def test_too_many_starts_are_refused_with_retry_after(room: Room, setting: Callable[..., None]) -> None:
    """429 with Retry-After in seconds, for too many starts per minute and for too many runs at once."""
    other = await make_room("other-")
    setting(STARTS_PER_MINUTE="1")
    async with program_of(room.owner) as http, program_of(other.owner) as second:
        started = (await start(http, room.project_id)).json()["transformId"]
        await http.post(f"/api/brainstorm/{started}/stop", json={"projectId": room.project_id})
        often = await start(http, room.project_id)
        retried = await http.post(f"/api/brainstorm/{started}/retry", json={"projectId": room.project_id})
        setting(STARTS_PER_MINUTE="10", RUNNING_PER_PERSON="1")
        await start(second, other.project_id)
        third = (await second.post("/api/projects", json={"name": "x"})).json()["projectId"]
        many = await start(second, third)

    assert problem(often) == problem(retried) == (429, "too_many_starts")
    assert 1 <= int(often.headers["retry-after"]) <= 60
    assert often.headers["retry-after"] in often.json()["message"]
    assert problem(many) == (429, "too_many_running")
    assert int(many.headers["retry-after"]) >= 1


async def test_a_second_stop_finds_the_run_ended(connected: str, room: Room) -> None:
    """The first stop answers "stopped", the second "ended"."""
    async with program_of(room.owner) as http:
        transform_id = (await start(http, room.project_id)).json()["transformId"]
        path, body = f"/api/brainstorm/{transform_id}/stop", {"projectId": room.project_id}

        first, second = await http.post(path, json=body), await http.post(path, json=body)

    assert [each.status_code for each in (first, second)] == [200, 200]
    assert [each.json()["status"] for each in (first, second)] == ["stopped", "ended"]
    assert {each.json()["transformId"] for each in (first, second)} == {transform_id}
    assert transform_of(connected)["streaming_status"] == "cancelled"


@pytest.mark.parametrize(
    ("how", "more", "slots"),
    [("retry", {}, [1, 2]), ("fill-in", {}, [1, 2]), ("retry", {"idea": 3}, [2])],
)
async def test_a_retry_asks_only_for_the_missing_ideas(
    connected: str, room: Room, how: str, more: dict[str, Any], slots: list[int]
) -> None:
    """It asks for all missing ideas, or for the one that is named. Finished ideas stay."""
    transform_id = await failed_run(room)
    path, body = f"/api/brainstorm/{transform_id}/{how}", {"projectId": room.project_id, **more}
    async with program_of(room.collaborator) as http:
        answer = await http.post(path, json=body)
        again = await http.post(path, json=body)

    assert answer.status_code == 202
    assert (answer.json()["transformId"], answer.json()["status"]) == (transform_id, "started")
    assert problem(again) == (409, "nothing_to_retry")
    assert transform_of(connected)["context"]["slots"] == slots
    assert (await begun(transform_id)).finished == (ONE,)


async def test_a_retry_can_ask_for_milder_words(connected: str, room: Room) -> None:
    """`rephrase` is meant for a reply that the model's provider has refused."""
    transform_id = await failed_run(room)
    async with program_of(room.owner) as http:
        body = {"projectId": room.project_id, "rephrase": True}
        answer = await http.post(f"/api/brainstorm/{transform_id}/retry", json=body)

    assert answer.status_code == 202
    assert transform_of(connected)["context"]["rephrase"] is True


async def test_a_run_of_another_project_is_not_found(room: Room) -> None:
    """The run must belong to the named project, even if the person may write in both."""
    transform_id = await failed_run(room)
    async with program_of(room.owner) as http:
        mine = (await http.post("/api/projects", json={"name": "x"})).json()["projectId"]
        for run, project in ((transform_id, mine), ("no-such-run", mine), ("%00", room.project_id)):
            for action in ("stop", "retry", "fill-in"):
                answer = await http.post(f"/api/brainstorm/{run}/{action}", json={"projectId": project})

                assert problem(answer) == (404, "run_not_found")


async def flow_of(http: httpx.AsyncClient, room: Room) -> list[dict[str, Any]]:
    """The runs in the project's flow."""
    answer = await http.get(f"/api/projects/{room.project_id}/flow")
    assert answer.status_code == 200 and answer.json()["projectId"] == room.project_id
    return answer.json()["runs"]


async def test_the_flow_equals_the_view_brainstorm_flows_at_every_moment(connected: str, room: Room) -> None:
    """It holds before, during and after a run. The newest run comes first."""
    async with program_of(room.viewer) as http:
        seen = [await flow_of(http, room)]
        first = await begun(await starting.start(room.project_id, BRIEF, room.owner))
        for ideas in ([GROWING], [ONE, GROWING], [ONE, TWO]):
            await attempts.save_draft(first, ideas)
            seen.append(await flow_of(http, room))
            assert as_in_the_view(seen[-1]) == stored(connected, room.project_id)["batches"]
        await ending.finish(first, [ONE, TWO, THREE], REPLY)
        second = await begun(await starting.start(room.project_id, BRIEF, room.collaborator))
        await ending.fail(second, [ONE, GROWING], REPLY, GenerationError("reply_cut", finished=1))

        runs = await flow_of(http, room)

    assert seen[0] == [] and [len(each[0]["ideas"]) for each in seen[1:]] == [1, 2, 2]
    assert as_in_the_view(runs) == stored(connected, room.project_id)["batches"]
    newest, oldest = runs
    assert newest["transformId"] == second.transform_id
    assert newest["error"] == {
        "code": "reply_cut",
        "message": "The connection to the model broke; what is finished (1) is safe. Please try again",
    }
    assert [idea["status"] for idea in newest["ideas"]] == ["finished", "unfinished"]
    assert newest["startedBy"] == "Collaborator"
    assert oldest["error"] is None
    assert (oldest["model"], oldest["tokens"]) == ("a-model", 20)
    assert oldest["brief"]["other_requirements"] == BRIEF.other_requirements
    assert oldest["seconds"] is not None and oldest["attemptStartedAt"] is None


def as_in_the_view(runs: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The runs as the view brainstorm_flows returns them, with error messages in Chinese."""
    return [
        (
            run["transformId"],
            run["status"],
            run["progress"],
            None if run["error"] is None else "与模型的连接中断，已保留 1 个，请重试",
            {"ideas": [Idea.model_validate(idea).model_dump() for idea in run["ideas"]]},
        )
        for run in runs
    ]


async def test_the_flow_lists_kept_and_skipped_ideas(room: Room) -> None:
    """Ideas are given by the numbers that people see, from 1."""
    transform_id = await failed_run(room)
    async with program_of(room.viewer) as http:
        [before] = await flow_of(http, room)
        await verdicts.pick(room.project_id, IdeaRef(before["artifactId"], 0), "keep", room.collaborator)
        await retrying.retry(room.project_id, transform_id, room.owner, skip=1)
        [after] = await flow_of(http, room)

    assert (before["kept"], before["skipped"]) == ([], [])
    assert (after["kept"], after["skipped"]) == ([1], [2])
    assert (after["attempt"], after["status"]) == (1, "pending")


async def test_a_stopped_run_says_who_stopped_it(room: Room) -> None:
    """Every reader of the flow sees the name."""
    transform_id = await starting.start(room.project_id, BRIEF, room.owner)
    await ending.stop(room.project_id, transform_id, room.collaborator)
    async with program_of(room.viewer) as http:
        [run] = await flow_of(http, room)

    assert (run["status"], run["stoppedBy"], run["error"]) == ("cancelled", "Collaborator", None)
