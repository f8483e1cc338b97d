"""Owns how an ideas artifact ends, and what of a text Postgres can store."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Text, cast, func, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, kinds
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.store.tables import Artifact

_Json = TypeVar("_Json")


async def end_title(session: AsyncSession, artifact_id: str, version: kinds.Version) -> None:
    """Make of a finished run's artifact the `version` of an idea that it is: the newest one, from now on."""
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact_id)
        .values(
            data=kinds.write(version),
            titles=version.title,
            created_at=func.clock_timestamp(),
            streaming_status="completed",
            streaming_progress=graph.FINISHED,
            partial_data=None,
        )
    )


async def end_artifact(
    session: AsyncSession, artifact_id: str, ideas: Sequence[Idea], status: str, progress: float
) -> None:
    """Move the ideas from partial_data to data; one that was being written stays, marked unfinished."""
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact_id)
        .values(
            data=graph.to_text(graph.ended(ideas)),
            streaming_status=status,
            streaming_progress=progress,
            partial_data=None,
            **graph.listed(ideas),
        )
    )


async def end_as_it_is(session: AsyncSession, artifact: Artifact, status: str) -> None:
    """End an ideas artifact with what is committed; what cannot be read stays, as text."""
    ideas = graph.written(artifact.partial_data, artifact.data)
    if not isinstance(ideas, Unreadable):
        await end_artifact(session, artifact.id, ideas, status, artifact.streaming_progress)
        return
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact.id)
        .values(
            data=func.coalesce(cast(col(Artifact.partial_data), Text), Artifact.data),
            partial_data=None,
            streaming_status=status,
        )
    )


def storable(value: _Json) -> _Json:
    """`value` without what Postgres cannot store in text: NUL and lone surrogates."""
    cleaned: Any = value
    if isinstance(value, str):
        cleaned = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    elif isinstance(value, dict):
        cleaned = {key: storable(each) for key, each in value.items()}
    elif isinstance(value, list):
        cleaned = [storable(each) for each in value]
    return cleaned
