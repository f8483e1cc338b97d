"""Runs that begin with ideas that are there: more like one, one out of several, another title."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, idea_acts, kinds
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief, Source, Task
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas.human_acts import acts_on, find
from scriptwriter.services.projects.access import ACTORS, require
from scriptwriter.services.runs import brainstorms
from scriptwriter.services.runs.graph_steps import brief_behind
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction

MOST_MERGED = 4


async def like(project_id: str, ref: IdeaRef, count: int, user_id: str) -> str:
    """Start a run for `count` (1 to 10) ideas like one; returns the transform's id.

    Raises UserError as brainstorms.start does, and `idea_not_found`, `count_out_of_range`.
    """
    if not 1 <= count <= 10:
        raise UserError("count_out_of_range")
    return await _start(project_id, "like", [ref], count, user_id)


async def merge(project_id: str, refs: Sequence[IdeaRef], user_id: str) -> str:
    """Start a run that makes one idea out of two or more; returns the transform's id.

    Raises UserError as brainstorms.start does, and `idea_not_found`, `merge_needs_two` (limit).
    """
    refs = list(dict.fromkeys(refs))
    if not 2 <= len(refs) <= MOST_MERGED:
        raise UserError("merge_needs_two", limit=MOST_MERGED)
    return await _start(project_id, "merge", refs, 1, user_id)


async def retitle(project_id: str, ref: IdeaRef, user_id: str) -> str:
    """Start a run that finds another title for an idea; returns the transform's id.

    When it is done it is a new version of that idea. Raises UserError as brainstorms.start does, and
    `idea_not_found`.
    """
    return await _start(project_id, "title", [ref], 1, user_id)


async def _start(project_id: str, task: Task, refs: Sequence[IdeaRef], count: int, user_id: str) -> str:
    async with transaction() as session:
        await require(session, project_id, user_id, roles=ACTORS)
        read = [await _current(session, project_id, ref) for ref in refs]
        brief = await brief_behind(session, refs[0].artifact_id)
    sources = tuple(source for source, _ in read)
    # Nobody chooses a model here: where the one of the idea's brief has gone, the default one serves.
    model = brief.model if settings().model(brief.model) else ""
    brief = Brief(**dict(brief) | {"task": task, "count": count, "sources": sources, "model": model})
    inputs = [(ref.artifact_id, ref.role) for ref in refs]
    inputs += [(version, "version") for _, version in read if version]
    return await brainstorms.start(project_id, brief, user_id, inputs=inputs)


async def _current(session: AsyncSession, project_id: str, ref: IdeaRef) -> tuple[Source, str]:
    """An idea as it stands now, and the id of that version ("": the model's original)."""
    idea = await find(session, project_id, ref)
    versions = await acts_on(session, ref, graph.IDEA)
    if not versions:
        return Source(str(ref), idea.title, idea.body), ""
    newest = idea_acts.version(versions[-1], "", "edit")
    return Source(str(ref), newest.title, newest.body), newest.id


async def version_with_title(session: AsyncSession, brief: Brief, title: str) -> kinds.Version:
    """The value of the version that a finished `retitle` run makes: its title, the text as it stands."""
    [source] = brief.sources
    ref = IdeaRef.parse(source.ref)
    versions = await acts_on(session, ref, graph.IDEA)
    newest = idea_acts.version(versions[-1], "", "edit") if versions else None
    return kinds.Version(
        artifact_id=ref.artifact_id,
        index=ref.index,
        title=title,
        body=newest.body if newest else source.body,
        base=newest.id if newest else "",
    )
