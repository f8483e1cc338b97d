"""Edited texts of ideas. The model's original and every version are kept."""

from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, idea_acts, kinds
from scriptwriter.domain.errors import EditedMeanwhile, UserError
from scriptwriter.domain.idea_acts import IdeaRef, Version
from scriptwriter.services.ideas.human_acts import Action, act, acts_on, alone, author_of, find
from scriptwriter.services.projects.access import ACTORS, require
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import User

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


async def edit(project_id: str, ref: IdeaRef, title: str, body: str, base: str, user_id: str) -> str:
    """Save a new version of an idea's text; returns its id.

    `base` is the version that the person saw ("" for the model's original). A text equal to the newest
    version is not written again. Raises UserError: `project_not_found`, `not_allowed`, `idea_not_found`,
    `version_not_found`, `title_required`, `title_too_long`, `body_required`, `body_too_long`; EditedMeanwhile
    if a newer version than `base` exists, in which case nothing is written.
    """
    title, body = idea_acts.checked_text(title, body)
    async with transaction() as session:
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        versions = await _versions(session, project_id, ref)
        newest, seen = versions[-1], _named(versions, base)
        if (title, body) == (newest.title, newest.body):
            return newest.id
        if seen is not newest:
            name = await author_of(session, newest.id)
            raise EditedMeanwhile(name, newest.id, newest.title, newest.body)
        said = f"改写《{newest.title}》"
        return await _save(session, project_id, user, ref, (title, body), newest, seen, graph.EDIT, said)


async def restore(project_id: str, ref: IdeaRef, version: str, base: str, user_id: str) -> str:
    """Save a copy of an older version ("" for the model's original) as the newest; returns its id.

    This is also the undo of an edit. `base` is the version that the person saw as the newest. If the newest
    text equals that of `version`, nothing is written.
    Raises UserError: `project_not_found`, `not_allowed`, `idea_not_found`, `version_not_found`, and
    `changed_meanwhile` (name: who wrote a newer version than `base`), in which case nothing is written.
    """
    async with transaction() as session:
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        versions = await _versions(session, project_id, ref)
        newest, wanted, seen = versions[-1], _named(versions, version), _named(versions, base)
        text = (wanted.title, wanted.body)
        if text == (newest.title, newest.body):
            return newest.id
        if seen is not newest:
            raise UserError("changed_meanwhile", name=await author_of(session, newest.id))
        said = f"恢复《{wanted.title}》" + ("的旧版本" if version else "的原文")
        return await _save(session, project_id, user, ref, text, newest, wanted, graph.RESTORE, said)


async def _versions(session: AsyncSession, project_id: str, ref: IdeaRef) -> list[Version]:
    """All versions of an idea, the original first, under a lock that lasts until the transaction ends."""
    idea = await find(session, project_id, ref)
    await alone(session, str(ref))
    written = await acts_on(session, ref, graph.IDEA)
    original = Version("", idea.title, idea.body, "", _BEFORE_ALL, "original")
    return [original, *(idea_acts.version(each, "", "edit") for each in written)]


def _named(versions: list[Version], id: str) -> Version:
    found = next((each for each in versions if each.id == id), None)
    if found is None:
        raise UserError("version_not_found")
    return found


async def _save(
    session: AsyncSession,
    project_id: str,
    user: User,
    ref: IdeaRef,
    text: tuple[str, str],
    newest: Version,
    source: Version,
    action: Action,
    description: str,
) -> str:
    """Write the version after `newest`; `source` is the version that it was made from."""
    title, body = text
    return await act(
        session,
        project_id,
        user,
        action,
        description,
        kinds.Version(artifact_id=ref.artifact_id, index=ref.index, title=title, body=body, base=newest.id),
        kind=graph.IDEA,
        inputs=[(ref.artifact_id, ref.role), *([(source.id, "version")] if source.id else [])],
        after=newest.at,
        index=ref.index,
    )
