"""A project as large as the product allows, as if people had worked in it for a year."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from scriptwriter.domain.graph import Brief, Idea, Reply
from scriptwriter.domain.idea_acts import BODY_LIMIT, IdeaRef
from scriptwriter.services.ideas import edits, keepers, verdicts
from scriptwriter.services.runs import attempts, ending, starting
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import LlmPrompt
from tests.support.rooms import Room
from tests.support.scenes import Scene, Target

BATCHES, PROJECTS = 200, 900
GRAPH = (
    "transforms", "artifacts", "transform_inputs", "transform_outputs", "llm_prompts", "llm_transforms",
    "human_transforms",
)  # fmt: skip
"""The tables of a project's graph, each after the tables that it references."""
_HARD = (
    "a" + "\n" * (BODY_LIMIT - 2) + "b",
    "- \r" * 50 + "-" * (BODY_LIMIT - 150),
    "字，" * (BODY_LIMIT // 2),
    "#" * BODY_LIMIT,
)
"""Idea texts of the greatest length, chosen to be slow to process."""
_MARK = "〔0000〕"
"""Stands in the texts of the first batch. Each copy has its own number there."""


async def grow(scene: Scene, url: str, batches: int = BATCHES) -> Target:
    """Fill the first project of `scene` with `batches` batches, and give its owner PROJECTS projects.

    `url` is the database. Returns the project as a Target with its newest run. The services create one batch,
    with acts of several people; it is then copied with other ids.
    """
    room = scene.room
    transform_id, artifact_id = await _one_batch(room)
    with psycopg.connect(url) as connection:
        # Nobody follows the project yet, so the triggers have nothing to report.
        connection.execute("SET LOCAL session_replication_role = replica")
        _copy(connection, room.project_id, batches)
        connection.execute(_PROJECTS, [PROJECTS])
        connection.execute(_MEMBERSHIPS, [room.owner])
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")
    return replace(scene.targets[0], transform_id=transform_id, artifact_id=artifact_id)


async def _one_batch(room: Room) -> tuple[str, str]:
    """The ids of its transform and of its artifact."""
    brief = Brief("抖音", "穿越, 爽文", f"女主是现代 CEO {_MARK}", 10)
    transform_id = await starting.start(room.project_id, brief, room.owner)
    attempt = await attempts.begin(transform_id)
    assert attempt is not None
    ideas = [
        Idea(f"{_MARK}第{place}个", f"{_MARK}{place}" + "她醒来时回到十年前。" * 40) for place in range(10)
    ]
    await ending.finish(attempt, ideas, Reply("a-model", raw_response="{" * 199_000))
    refs = [IdeaRef(attempt.artifact_id, place) for place in range(10)]
    for place, ref in enumerate(refs):
        await verdicts.pick(room.project_id, ref, "keep" if place % 2 else "pass", room.owner, "")
        await verdicts.pick(room.project_id, ref, "pass", room.collaborator, f"{_MARK}太像了")
    for ref, body in zip(refs, _HARD, strict=False):
        await edits.edit(room.project_id, ref, f"{_MARK}改", body, "", room.collaborator)
    await keepers.move(room.project_id, refs[1], refs[3], room.owner)
    async with transaction() as session:
        found = LlmPrompt(
            id=f"p{transform_id}", project_id=room.project_id, transform_id=transform_id, prompt_role="retry",
            prompt_text="<picks>" * 20_000,
        )  # fmt: skip
        session.add(found)
    return transform_id, attempt.artifact_id


def _copy(connection: psycopg.Connection, project_id: str, batches: int) -> None:
    """Copy every row of the project's graph; each copy is a minute older than the one before."""
    kept = {name: _rows(connection, name, project_id) for name in GRAPH}
    ids = [row["id"] for name in ("transforms", "artifacts", "llm_prompts") for row in kept[name]]
    for name, rows in kept.items():
        columns = [
            column for column in (rows[0] if rows else ()) if not isinstance(rows[0].get(column), _Serial)
        ]
        if not columns:
            continue
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with connection.cursor().copy(into) as copy:
            for number in range(1, batches):
                for row in rows:
                    copy.write_row([_copied(row[column], ids, number) for column in columns])


_PROJECTS = """INSERT INTO projects (id, name, description)
    SELECT 'many-' || number, repeat('名', 200), repeat('述', 2000) FROM generate_series(1, %s) number"""
_MEMBERSHIPS = """INSERT INTO projects_users (project_id, user_id, role)
    SELECT id, %s, 'owner' FROM projects WHERE id LIKE 'many-%%'"""


class _Serial(int):
    """An id that the database assigns."""


def _rows(connection: psycopg.Connection, table: str, project_id: str) -> list[dict[str, Any]]:
    query = sql.SQL("SELECT * FROM {} WHERE project_id = %s").format(sql.Identifier(table))
    cursor = connection.execute(query, [project_id])
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [
        {
            name: _Serial(value) if name == "id" and isinstance(value, int) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _copied(value: Any, ids: list[str], number: int) -> Any:
    if isinstance(value, dict | list):
        value = json.dumps(value)
    if isinstance(value, str):
        if len(value) < 3_000 or _MARK in value:
            for each in ids:
                if each in value:
                    value = value.replace(each, f"{each[:-6]}fff{number:03x}")
        return value.replace(_MARK, f"〔{number:04}〕")
    return value - timedelta(minutes=number) if hasattr(value, "tzinfo") else value
