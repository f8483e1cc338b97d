"""The steps along the graph: from a transform to its artifacts, and back."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import kinds
from scriptwriter.domain.errors import GenerationError
from scriptwriter.domain.kinds import Brief, Unreadable
from scriptwriter.store.tables import Artifact, TransformInput, TransformOutput


async def ideas_of(session: AsyncSession, transform_id: str) -> Artifact:
    """The ideas artifact that the transform writes."""
    found = await session.exec(
        select(Artifact)
        .join(TransformOutput, col(TransformOutput.artifact_id) == Artifact.id)
        .where(TransformOutput.transform_id == transform_id, TransformOutput.output_role == "ideas")
    )
    return found.one()


async def brief_behind(session: AsyncSession, artifact_id: str) -> Brief:
    """The brief of the run that wrote an ideas artifact, as an ordinary brainstorm's.

    Raises as `brief_of`.
    """
    found = await session.exec(
        select(TransformOutput.transform_id).where(
            TransformOutput.artifact_id == artifact_id, TransformOutput.output_role == "ideas"
        )
    )
    return (await brief_of(session, found.one())).again()


async def brief_of(session: AsyncSession, transform_id: str) -> Brief:
    """The brief that the transform works from. Raises GenerationError `run_unreadable`."""
    found = await session.exec(
        select(Artifact.data)
        .join(TransformInput, col(TransformInput.artifact_id) == Artifact.id)
        .where(TransformInput.transform_id == transform_id, TransformInput.input_role == "params")
    )
    brief = kinds.read_as(Brief, found.one())
    if isinstance(brief, Unreadable):
        raise GenerationError("run_unreadable")
    return brief
