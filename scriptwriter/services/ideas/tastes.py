"""Steering of the next run by the picks and edits of all members of a project."""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, idea_acts
from scriptwriter.domain.idea_acts import Act, IdeaRef, Version
from scriptwriter.domain.steering import Example, Judged, Steering, steer
from scriptwriter.store.tables import Artifact


@dataclass(frozen=True, slots=True)
class Taste:
    """The steering of a run, and its sources: artifact ids, each with its `input_role`."""

    steering: Steering = field(default_factory=Steering)
    sources: tuple[tuple[str, str], ...] = ()


NO_TASTE = Taste()
_READ = 10


async def taste_of(session: AsyncSession, project_id: str) -> Taste:
    """The steering by the current picks and versions of a project."""
    picks = idea_acts.valid_picks(await acts_of(session, project_id, graph.VERDICT)).by_idea
    versions = {
        act.ref: idea_acts.version(act, "", "edit")
        for act in await acts_of(session, project_id, graph.IDEA)
        if act.ref is not None
    }
    found = await session.exec(
        select(Artifact.id, Artifact.data, Artifact.partial_data)
        .where(Artifact.project_id == project_id, Artifact.type == graph.IDEAS)
        .order_by(col(Artifact.created_at), col(Artifact.id))
    )
    judged = {}
    for id, data, partial in found:
        for place, idea in enumerate(graph.readable(partial, data)):
            if idea.finished:
                ref = IdeaRef(id, place)
                now = versions.get(ref, idea)
                judged[ref] = Judged(ref, now.title, now.body, picks.get(ref, ()))
    steering = steer([*judged.values()])
    return Taste(steering, _sources(steering, judged, versions))


async def acts_of(session: AsyncSession, project_id: str, kind: str) -> list[Act]:
    """All acts of a kind in a project, the oldest first. Unreadable ones are left out."""
    found = await session.exec(_acts(project_id, kind).order_by(col(Artifact.created_at), col(Artifact.id)))
    return idea_acts.acts_in(found, kind)


async def newest_of(session: AsyncSession, project_id: str, kind: str) -> Act | None:
    """The newest act of a kind in a project: the first readable one of the newest _READ; None without one."""
    newest_first = col(Artifact.created_at).desc(), col(Artifact.id).desc()
    found = await session.exec(_acts(project_id, kind).order_by(*newest_first).limit(_READ))
    return idea_acts.newest_in(found, kind)


def _acts(project_id: str, kind: str) -> Any:
    return select(Artifact.id, Artifact.data, Artifact.created_at).where(
        Artifact.project_id == project_id,
        Artifact.type == kind,
        Artifact.streaming_status == "completed",
    )


def _sources(
    steering: Steering, judged: dict[IdeaRef, Judged], versions: dict[IdeaRef, Version]
) -> tuple[tuple[str, str], ...]:
    """The verdicts on the ideas in the steering, and the versions whose text it contains."""

    def of(example: Example, role: str) -> list[tuple[str, str]]:
        if example.ref is None:
            return []
        edited = [(versions[example.ref].id, role)] if example.ref in versions else []
        picks = judged[example.ref].picks
        return [*edited, *((pick.id, "kept" if pick.verdict == "keep" else "passed") for pick in picks)]

    named = [*((each, "kept") for each in steering.kept), *((each, "passed") for each in steering.passed)]
    return tuple(source for example, role in named for source in of(example, role))
