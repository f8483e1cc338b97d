"""A project leaves as a file and comes back as another project, equal in everything but its ids."""

import json

import pytest

from scriptwriter import transfer
from scriptwriter.errors import UserError
from scriptwriter.generation.faults import fault
from scriptwriter.graph import Idea, Reply
from scriptwriter.services import attempts, brainstorms, projects, transfers
from tests.support.rooms import BRIEF, Room

ONE, TWO = Idea("开锁匠", "入赘五年的锁匠。"), Idea("地下三层", "保洁员何满。")
THREE = Idea("artifact-1", "user-1")


async def _told(room: Room) -> None:
    """A finished run, one that failed and went on, and one that is being written."""
    reply = Reply("test-model", {"stream": True}, '{"ideas": []}', {"total_tokens": 7})
    attempt = await attempts.begin(await brainstorms.start(room.project_id, BRIEF, room.owner))
    assert attempt is not None
    await attempts.finish(attempt, [ONE, TWO, THREE], reply)
    attempt = await attempts.begin(await brainstorms.start(room.project_id, BRIEF, room.collaborator))
    assert attempt is not None
    await attempts.fail(attempt, [ONE], reply, fault("reply_cut", finished=1))
    await brainstorms.retry(room.project_id, attempt.transform_id, room.owner)
    attempt = await attempts.begin(attempt.transform_id)
    assert attempt is not None
    await attempts.save_draft(attempt, [ONE, Idea("地下", "保", "writing")])


async def test_a_round_trip_is_equal(room: Room) -> None:
    """Export, import, export: the same file, though every id in the database is another one."""
    await _told(room)
    first = await transfers.export(room.project_id, room.owner)

    project_id = await transfers.take_in(transfer.read(transfer.write(first)), room.stranger)
    second = await transfers.export(project_id, room.stranger)

    assert transfer.write(second) == transfer.write(first)
    assert project_id != room.project_id
    assert (len(first.artifacts), len(first.transforms), len(first.prompts)) == (4, 2, 3)
    people = [json.loads(row.execution_context or "{}")["userId"] for row in first.transforms]
    assert people == ["user-1", "user-2"]


async def test_what_is_being_written_comes_out_as_stopped(room: Room) -> None:
    """The half-written idea stays, marked unfinished; the run goes on where it is."""
    await _told(room)

    file = await transfers.export(room.project_id, room.owner)

    assert [row.streaming_status for row in file.transforms] == ["completed", "cancelled"]
    ideas = [json.loads(row.data)["ideas"] for row in file.artifacts if row.streaming_status == "cancelled"]
    assert [[idea.get("status") for idea in each] for each in ideas] == [[None, "unfinished"]]
    assert "job" not in (file.transforms[1].execution_context or "")


async def test_a_stranger_exports_nothing(room: Room) -> None:
    """As if there were no such project."""
    with pytest.raises(UserError) as refused:
        await transfers.export(room.project_id, room.stranger)

    assert refused.value.code == "project_not_found"


async def test_who_imports_owns_the_project_and_nobody_else_sees_it(room: Room) -> None:
    """The file brings no members along."""
    await _told(room)
    file = await transfers.export(room.project_id, room.owner)

    project_id = await transfers.take_in(file, room.stranger)

    assert (await projects.open_project(project_id, room.stranger)).role == "owner"
    with pytest.raises(UserError):
        await projects.open_project(project_id, room.owner)


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file | {"format": "other"},
        lambda file: file | {"unknown": 1},
        lambda file: file | {"artifacts": file["artifacts"] * 2},
        lambda file: file | {"artifacts": []},
        lambda file: file | {"project": {"name": ""}},
        lambda file: file | {"artifacts": [row | {"data": "[]"} for row in file["artifacts"]]},
        lambda file: file | {"artifacts": [row | {"data": "{"} for row in file["artifacts"]]},
        lambda file: file | {"artifacts": [row | {"type": "brainstorm_ideas"} for row in file["artifacts"]]},
        lambda file: (
            file | {"transforms": [row | {"streaming_status": "running"} for row in file["transforms"]]}
        ),
        lambda file: file | {"transforms": [row | {"execution_context": "{}"} for row in file["transforms"]]},
        lambda file: file | {"prompts": [{"transform_id": "transform-99", "prompt_text": ""}]},
    ],
)
async def test_a_file_that_was_tampered_with_is_refused(room: Room, change) -> None:
    """With one plain sentence, before anything is written."""
    await _told(room)
    content = json.loads(transfer.write(await transfers.export(room.project_id, room.owner)))

    with pytest.raises(UserError) as refused:
        transfer.read(json.dumps(change(content)).encode())

    assert refused.value.code == "file_unreadable"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"project": {"name": "\\ud800"}}']
)
def test_what_is_no_project_file_is_refused(content: bytes) -> None:
    """Whatever somebody picks by mistake."""
    with pytest.raises(UserError) as refused:
        transfer.read(content)

    assert refused.value.code == "file_unreadable"


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    """Its size alone decides."""
    with pytest.raises(UserError) as refused:
        transfer.read(b" " * (transfer.MOST_BYTES + 1))

    assert refused.value.code == "file_too_large"
