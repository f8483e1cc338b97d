"""Owns the statement by which a growing draft is committed: the hottest of all, so it is built once."""

from collections.abc import Sequence

from sqlalchemy import bindparam, update
from sqlmodel import col, select

from scriptwriter.domain import graph
from scriptwriter.domain.graph import Idea
from scriptwriter.store.database import database
from scriptwriter.store.tables import Artifact, Transform

_FENCE = (
    select(col(Transform.project_id), col(Transform.progress_percentage).label("progress"))
    .where(
        col(Transform.id) == bindparam("of_transform"),
        col(Transform.streaming_status) == "running",
        col(Transform.retry_count) == bindparam("of_attempt"),
    )
    # The lock holds a Stop off until this draft is committed, so that it finds the draft's words.
    .with_for_update(key_share=True)
    .cte("fence")
)
_DRAFT = (
    update(Artifact)
    .where(col(Artifact.id) == bindparam("of_artifact"), col(Artifact.project_id) == _FENCE.c.project_id)
    .values(
        partial_data=bindparam("draft"),
        streaming_progress=bindparam("done"),
        finished_ideas=bindparam("finished"),
        titles=bindparam("told"),
    )
    .returning(_FENCE.c.progress)
    .execution_options(synchronize_session=False)
)
_PROGRESS = (
    update(Transform)
    .where(col(Transform.id) == bindparam("of_transform"))
    .values(progress_percentage=bindparam("done"))
)


async def write_draft(
    transform_id: str, attempt: int, artifact_id: str, ideas: Sequence[Idea], progress: float
) -> bool:
    """Commit `ideas` as partial_data, and `progress` (percent), if `attempt` is the one at work.

    False, and nothing written, where it is not: stopped, ended or overtaken.
    """
    counted = graph.listed(ideas)
    values = {
        "of_transform": transform_id,
        "of_attempt": attempt,
        "of_artifact": artifact_id,
        "draft": graph.to_json(ideas),
        "finished": counted["finished_ideas"],
        "told": counted["titles"],
        "done": progress,
    }
    async with database().engine.begin() as connection:
        before = (await connection.execute(_DRAFT, values)).first()
        if before is not None and before[0] != progress:
            await connection.execute(_PROGRESS, values)
    return before is not None
