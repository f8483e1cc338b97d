"""Owns how an ideas artifact ends, and what of a text Postgres can store."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import func, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter import graph
from scriptwriter.graph import Idea
from scriptwriter.models import Artifact

_Json = TypeVar("_Json")


async def end_title(session: AsyncSession, artifact_id: str, version: dict[str, Any]) -> None:
    """Make of a finished run's artifact the `version` of an idea that it is: the newest one, from now on."""
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact_id)
        .values(
            data=json.dumps(storable(version), ensure_ascii=False),
            titles=storable(version["title"]),
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
            data=json.dumps(storable(graph.ideas_to_json(graph.ended(ideas))), ensure_ascii=False),
            streaming_status=status,
            streaming_progress=progress,
            partial_data=None,
            **storable(graph.listed(ideas)),
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
