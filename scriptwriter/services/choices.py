"""Owns a person's choice of an idea: a human transform from `ideas[i]` to a choice artifact."""

import json
from typing import Any
from uuid import uuid4

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter import graph
from scriptwriter.database import transaction
from scriptwriter.errors import UserError
from scriptwriter.models import Artifact, HumanTransform, Transform, TransformInput, TransformOutput
from scriptwriter.services.access import ACTORS, require
from scriptwriter.services.transitions import context_for


async def choose(project_id: str, artifact_id: str, index: int, user_id: str) -> None:
    """Choose the idea at `index` (from 0) of an ideas artifact, or take the choice back: a human transform.

    Raises UserError: `project_not_found`, `not_allowed`, `idea_not_found`.
    """
    async with transaction() as session:
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        artifact = await session.get(Artifact, artifact_id)
        idea = None if artifact is None else _finished_idea(artifact, project_id, index)
        if idea is None:
            raise UserError("idea_not_found")
        role = f"ideas[{index}]"
        chosen = not await _is_chosen(session, project_id, artifact_id, index)
        transform = Transform(
            id=str(uuid4()),
            project_id=project_id,
            type=graph.HUMAN,
            status="completed",
            streaming_status="completed",
            progress_percentage=100,
            execution_context=context_for(user, {"index": index, "chosen": chosen}),
        )
        choice = Artifact(
            id=str(uuid4()),
            project_id=project_id,
            type=graph.CHOICE,
            data=json.dumps(
                {"artifactId": artifact_id, "index": index, "chosen": chosen, "idea": idea.to_json()},
                ensure_ascii=False,
            ),
        )
        session.add_all([transform, choice])
        await session.flush()
        ids: dict[str, Any] = {"project_id": project_id, "transform_id": transform.id}
        session.add_all(
            [
                TransformInput(**ids, artifact_id=artifact_id, input_role=role),
                TransformOutput(**ids, artifact_id=choice.id, output_role="choice"),
                HumanTransform(
                    **ids,
                    action_type=graph.CHOOSE,
                    interface_context="project brainstorm page",
                    change_description=("选定" if chosen else "取消选定") + f"《{idea.title}》",
                ),
            ]
        )


def _finished_idea(artifact: Artifact, project_id: str, index: int) -> graph.Idea | None:
    if artifact.project_id != project_id or artifact.type != graph.IDEAS or index < 0:
        return None
    ideas = graph.ideas_from_json(artifact.partial_data or json.loads(artifact.data))
    return ideas[index] if index < len(ideas) and ideas[index].status == "finished" else None


async def _is_chosen(session: AsyncSession, project_id: str, artifact_id: str, index: int) -> bool:
    newest = await session.exec(
        select(Artifact.data)
        .where(Artifact.project_id == project_id, Artifact.type == graph.CHOICE)
        .order_by(col(Artifact.created_at).desc())
        .limit(1)
    )
    data = newest.first()
    if data is None:
        return False
    choice = json.loads(data)
    return choice["chosen"] and choice["artifactId"] == artifact_id and choice["index"] == index
