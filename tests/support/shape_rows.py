"""Rows of a project's shapes, built by hand, as the input of `join`."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from scriptwriter.sync.close_ideas import NO_CLOSE_IDEAS, CloseIdeas
from scriptwriter.sync.project_flow import ProjectFlow, join

CONTEXT = {
    "params": {"platform": "抖音", "genre": "穿越", "other_requirements": "", "count": 2},
    "startedBy": "小王",
    "model": "a-model",
    "tokens": 20,
    "seconds": 18.0,
}
ONE = {"title": "重生之约", "body": "她醒来时回到十年前。"}
WRITING = {"title": "逆袭", "body": "他", "status": "writing"}

Row = dict[str, Any]


def moment(number: int) -> datetime:
    """A time; a higher number gives a later one."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def transform(number: int = 1, **values: Any) -> Row:
    """A row of transforms; a higher number gives a later one."""
    return {
        "id": f"t{number}",
        "type": "llm",
        "execution_context": json.dumps(CONTEXT),
        "created_at": moment(number),
        "streaming_status": "completed",
        "progress_percentage": 100.0,
        "error_message": None,
        "retry_count": 0,
    } | values


def artifact(number: int = 1, **values: Any) -> Row:
    """A row of artifacts."""
    return {
        "id": f"a{number}",
        "type": "brainstorm_ideas",
        "data": json.dumps({"ideas": [ONE]}),
        "partial_data": None,
        "streaming_status": "completed",
        "created_at": moment(number),
    } | values


def output(number: int = 1) -> Row:
    """A row of transform_outputs."""
    return {"transform_id": f"t{number}", "artifact_id": f"a{number}", "output_role": "ideas"}


def verdict(number: int, verdict: str, of: str = "a1#0", *, by: str = "小王", reason: str = "") -> Row:
    """A verdict artifact. `by` is both the id and the name of the person."""
    artifact_id, _, index = of.partition("#")
    value = {"artifactId": artifact_id, "index": int(index), "userId": by, "name": by}
    value |= {"verdict": verdict, "reason": reason, "title": "…"}
    return artifact(number, type="brainstorm_verdict", data=json.dumps(value))


def version(number: int, title: str, of: str = "a1#0", *, base: str = "") -> Row:
    """An edited version of an idea, with this title."""
    artifact_id, _, index = of.partition("#")
    value = {"artifactId": artifact_id, "index": int(index), "title": title, "body": "正文", "base": base}
    return artifact(number, type="brainstorm_idea", data=json.dumps(value))


def order(number: int, *refs: str) -> Row:
    """An order of the kept ideas."""
    return artifact(number, type="brainstorm_order", data=json.dumps({"order": refs, "userId": "小王"}))


def act(number: int, action: str = "edit_idea", *, by: str = "小王") -> Row:
    """A row of transforms for something that a person did."""
    context = {"params": {"action": action}, "userId": by, "startedBy": by}
    return transform(number, type="human", execution_context=json.dumps(context))


def member(user_id: str, role: str = "collaborator") -> Row:
    """A row of projects_users."""
    return {"user_id": user_id, "role": role}


def tab(name: str, user_id: str, editing: str = "") -> Row:
    """A row of presence, as its shape delivers it."""
    return {"tab": name, "project_id": "p", "user_id": user_id, "name": user_id, "editing": editing}


def joined(
    transforms: list[Row],
    outputs: list[Row],
    artifacts: list[Row],
    members: list[Row] | None = None,
    tabs: list[Row] | None = None,
    *,
    close: CloseIdeas = NO_CLOSE_IDEAS,
) -> ProjectFlow:
    """The flow that `join` builds from these rows."""
    by_id = {row["id"]: row for row in artifacts}
    return join("p", transforms, outputs, by_id, members or [], tabs or [], close=close)
