"""Owns the steps along the graph: from a transform to its artifacts, and back."""

import json

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.graph import Brief
from scriptwriter.models import Artifact, TransformInput, TransformOutput


async def ideas_of(session: AsyncSession, transform_id: str) -> Artifact:
    """The ideas artifact that the transform writes."""
    found = await session.exec(
        select(Artifact)
        .join(TransformOutput, col(TransformOutput.artifact_id) == Artifact.id)
        .where(TransformOutput.transform_id == transform_id, TransformOutput.output_role == "ideas")
    )
    return found.one()


async def brief_behind(session: AsyncSession, artifact_id: str) -> Brief:
    """The brief of the run that wrote an ideas artifact, as an ordinary brainstorm's."""
    found = await session.exec(
        select(TransformOutput.transform_id).where(
            TransformOutput.artifact_id == artifact_id, TransformOutput.output_role == "ideas"
        )
    )
    return (await brief_of(session, found.one())).again()


async def brief_of(session: AsyncSession, transform_id: str) -> Brief:
    """The brief that the transform works from."""
    found = await session.exec(
        select(Artifact.data)
        .join(TransformInput, col(TransformInput.artifact_id) == Artifact.id)
        .where(TransformInput.transform_id == transform_id, TransformInput.input_role == "params")
    )
    return Brief.from_json(json.loads(found.one()))
