"""再来一批 is steered by everybody's picks, and its lineage names them."""

import json

from scriptwriter.domain import prompts
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.steering import Steering
from scriptwriter.services.ideas import edits, verdicts
from scriptwriter.services.runs import attempts, ending, retrying, starting
from scriptwriter.worker.model_faults import fault
from tests.support.batches import ONE, THREE, TWO, written
from tests.support.rooms import Room
from tests.support.rows import rows

FOUR, FIVE = Idea("电梯十三秒", "骑手送来夜宵。"), Idea("第二部手机", "母亲有两部手机。")


def prompt(url: str, transform_id: str, role: str = "primary") -> str:
    """A stored prompt of a run."""
    query = "SELECT prompt_text FROM llm_prompts WHERE transform_id = %s AND prompt_role = %s"
    [row] = rows(url, query, transform_id, role)
    return row["prompt_text"]


async def test_the_next_batch_is_steered_by_kept_passed_and_existing_ideas(
    connected: str, room: Room
) -> None:
    """The prompt has the newest texts of ideas, and the reasons as people read them."""
    [one, two, _] = await written(room)
    [four, _] = await written(room, FOUR, FIVE)
    await verdicts.pick(room.project_id, one, "keep", room.owner)
    version = await edits.edit(room.project_id, one, "回到十年前", "她回来了，什么都不争。", "", room.owner)
    await verdicts.pick(room.project_id, one, "pass", room.collaborator, "结局太仓促")
    await verdicts.pick(room.project_id, two, "keep", room.owner)
    await verdicts.pick(room.project_id, two, "pass", room.owner, "formulaic")
    await verdicts.pick(room.project_id, four, "keep", room.owner)
    await verdicts.pick(room.project_id, four, "none", room.owner)

    transform_id = await starting.start_again(room.project_id, room.collaborator)

    steering = prompts.steering_of(prompt(connected, transform_id))
    assert [(each.title, each.summary, each.reasons) for each in steering.kept] == [
        ("回到十年前", "她回来了，什么都不争。", ("结局太仓促",))
    ]
    assert [(each.title, each.reasons) for each in steering.passed] == [(TWO.title, ("太套路",))]
    assert steering.titles == (FIVE.title, FOUR.title, THREE.title)
    links = rows(
        connected,
        "SELECT i.input_role, a.id, a.type, a.data FROM transform_inputs i "
        "JOIN artifacts a ON a.id = artifact_id WHERE transform_id = %s ORDER BY i.input_role, a.created_at",
        transform_id,
    )
    inputs = [
        (link["input_role"], link["type"].removeprefix("brainstorm_"), json.loads(link["data"]))
        for link in links
    ]
    assert [(role, kind, data.get("userId"), data.get("index")) for role, kind, data in inputs] == [
        ("kept", "verdict", "owner", 0),
        ("kept", "idea", None, 0),
        ("params", "params", None, None),
        ("passed", "verdict", "collaborator", 0),
        ("passed", "verdict", "owner", 1),
    ]
    assert links[1]["id"] == version


async def test_a_first_batch_and_a_changed_brief_are_not_steered(connected: str, room: Room) -> None:
    """Before the first batch nobody has picked anything, and a changed brief replaces the picks."""
    [one, *_] = await written(room)
    await verdicts.pick(room.project_id, one, "keep", room.owner)

    await written(room)

    texts = rows(connected, "SELECT prompt_text FROM llm_prompts")
    assert [prompts.steering_of(row["prompt_text"]) for row in texts] == [Steering(), Steering()]


async def test_a_retry_keeps_the_steering_of_its_run(connected: str, room: Room) -> None:
    """Picks made in the meantime apply to the next batch."""
    [one, two, _] = await written(room)
    await verdicts.pick(room.project_id, one, "keep", room.owner)
    transform_id = await starting.start_again(room.project_id, room.owner)
    attempt = await attempts.begin(transform_id)
    assert attempt is not None and attempt.prompt == prompt(connected, transform_id)
    await ending.fail(attempt, [FOUR], None, fault("reply_unreadable"))
    await verdicts.pick(room.project_id, two, "pass", room.owner)

    await retrying.retry(room.project_id, transform_id, room.owner)

    again = await attempts.begin(transform_id)
    assert again is not None and again.prompt == prompt(connected, transform_id, "attempt-1")
    steering = prompts.steering_of(again.prompt)
    assert steering == prompts.steering_of(attempt.prompt)
    assert [each.title for each in steering.kept] == [ONE.title]
    assert prompts.read(again.prompt)[1] == (FOUR,)
