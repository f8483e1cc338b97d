"""Writes what people do into the graph: a human transform from its input artifacts to a new artifact.

An act changes no existing row. Its artifact is valid until a newer one replaces it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, kinds
from scriptwriter.domain.base_values import Value
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.idea_acts import Act, IdeaRef, Verdict, acts_in
from scriptwriter.domain.kinds import Version
from scriptwriter.domain.run_context import ActContext, ActParams
from scriptwriter.services.runs.records import begun, begun_by
from scriptwriter.store.tables import (
    Artifact,
    HumanTransform,
    Transform,
    TransformInput,
    TransformOutput,
    User,
)

Action = Literal["edit_idea", "restore_idea", "pick_idea", "arrange_keepers"]

MOST_LINKS = 20_000
"""Inputs of all steps of a project, from which it takes no further act: pages read all of them."""
MOST_BYTES = 64 * 1024 * 1024
"""The same for the data of all artifacts."""

_FULL = text("""
    SELECT (SELECT count(*) FROM transform_inputs WHERE project_id = :project) >= :links
        OR (SELECT coalesce(sum(octet_length(data)), 0) FROM artifacts WHERE project_id = :project) >= :bytes
""")
_ACTS = 0x5C21B
"""First key of the advisory locks that serialise acts on the same thing."""
_LOCK = text("SELECT pg_advisory_xact_lock(:acts, hashtext(:thing))")


async def find(session: AsyncSession, project_id: str, ref: IdeaRef) -> Idea:
    """The finished idea with this ref, as the model wrote it. Raises UserError `idea_not_found`."""
    [idea] = await find_all(session, project_id, [ref])
    return idea


async def find_all(session: AsyncSession, project_id: str, refs: Sequence[IdeaRef]) -> list[Idea]:
    """`find` for several refs."""
    # A caller's ref may contain anything, for example NUL, which Postgres refuses.
    wanted = {IdeaRef.parse(str(ref)).artifact_id for ref in refs}
    found = await session.exec(
        select(Artifact.id, Artifact.data, Artifact.partial_data).where(
            Artifact.project_id == project_id, Artifact.type == graph.IDEAS, col(Artifact.id).in_(wanted)
        )
    )
    ideas = {
        IdeaRef(id, index): idea
        for id, data, partial in found
        for index, idea in enumerate(graph.readable(partial, data))
        if idea.finished
    }
    if any(ref not in ideas for ref in refs):
        raise UserError("idea_not_found")
    return [ideas[ref] for ref in refs]


async def alone(session: AsyncSession, thing: str) -> None:
    """Take the advisory lock on `thing` until the transaction ends, so that acts on it are serialised.

    No row is locked, so a worker can go on writing.
    """
    await (await session.connection()).execute(_LOCK, {"acts": _ACTS, "thing": thing})


async def acts_on(session: AsyncSession, ref: IdeaRef, kind: str) -> list[Act]:
    """The acts on an idea whose artifact has this `kind`, the oldest first. Unreadable ones are left out."""
    found = await session.exec(
        select(Artifact.id, Artifact.data, Artifact.created_at)
        .join(TransformOutput, col(TransformOutput.artifact_id) == Artifact.id)
        .join(TransformInput, col(TransformInput.transform_id) == TransformOutput.transform_id)
        .where(
            TransformInput.artifact_id == ref.artifact_id,
            TransformInput.input_role == ref.role,
            Artifact.type == kind,
            Artifact.streaming_status == "completed",
        )
        .order_by(col(Artifact.created_at), col(Artifact.id))
    )
    return acts_in(found, kind)


async def author_of(session: AsyncSession, artifact_id: str) -> str:
    """The name of the person whose act or run made an artifact; "" if unknown."""
    found = await session.exec(
        select(Transform)
        .join(TransformOutput, col(TransformOutput.transform_id) == Transform.id)
        .where(TransformOutput.artifact_id == artifact_id)
    )
    return begun_by(found.first())


async def act(
    session: AsyncSession,
    project_id: str,
    user: User,
    action: Action,
    description: str,
    value: Value,
    *,
    kind: str,
    inputs: Iterable[tuple[str, str]],
    after: datetime | None = None,
    index: int | None = None,
    verdict: Verdict | None = None,
) -> str:
    """Write an act of `user`: a transform, and an artifact of `kind` with `value`; returns the artifact's id.

    `inputs` are artifact ids with their roles. `description` is shown in the history. `index` and `verdict`
    go into the context. The artifact's time is later than `after`, even if the clock was set back.
    Raises UserError `project_full` beyond MOST_LINKS or MOST_BYTES.
    """
    limits = {"project": project_id, "links": MOST_LINKS, "bytes": MOST_BYTES}
    if (await (await session.connection()).execute(_FULL, limits)).scalar_one():
        raise UserError("project_full")
    params = ActParams(action=action, index=index, verdict=verdict)
    now = (await session.exec(select(func.clock_timestamp()))).one()
    transform = Transform(
        id=str(uuid4()),
        project_id=project_id,
        type=graph.HUMAN,
        status="completed",
        streaming_status="completed",
        progress_percentage=100,
        execution_context=kinds.write(ActContext(**begun(user), params=params)),
    )
    made = Artifact(
        id=str(uuid4()),
        project_id=project_id,
        type=kind,
        data=kinds.write(value),
        titles=value.title if isinstance(value, Version) else "",
        created_at=now if after is None else max(now, after + timedelta(microseconds=1)),
    )
    session.add_all([transform, made])
    await session.flush()
    ids: dict[str, Any] = {"project_id": project_id, "transform_id": transform.id}
    session.add_all(
        [
            *(
                TransformInput(**ids, artifact_id=artifact_id, input_role=role)
                for artifact_id, role in inputs
            ),
            TransformOutput(**ids, artifact_id=made.id, output_role=kind.removeprefix("brainstorm_")),
            HumanTransform(**ids, action_type=action, change_description=description),
        ]
    )
    return made.id
