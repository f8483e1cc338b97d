"""Each person's verdict on an idea: keep, pass, or none."""

from scriptwriter.domain import graph, idea_acts, kinds
from scriptwriter.domain.idea_acts import Act, IdeaRef, Pick
from scriptwriter.services.ideas.human_acts import act, acts_on, alone, find
from scriptwriter.services.projects.access import ACTORS, require
from scriptwriter.store.database import transaction

_SAID = {"keep": "留下", "pass": "不要", "none": "收回对这个想法的取舍："}


async def pick(project_id: str, ref: IdeaRef, verdict: str, user_id: str, reason: str = "") -> None:
    """Set the person's verdict on an idea: keep, pass, or none, which is the undo.

    `reason` is a code of the pass reasons, or up to 100 characters of the person's own. The verdict that is
    already valid, with the same reason or with none, is not written again.
    Raises UserError: `project_not_found`, `not_allowed`, `idea_not_found`, `verdict_unknown`,
    `reason_too_long`.
    """
    said, why = idea_acts.checked_verdict(verdict, reason)
    async with transaction() as session:
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        idea = await find(session, project_id, ref)
        await alone(session, str(ref))
        earlier = await acts_on(session, ref, graph.VERDICT)
        valid = _valid_pick(earlier, ref, user_id)
        # A repeated click must not delete the reason that was given after the first click.
        if said == (valid.verdict if valid else "none") and why in ("", valid.reason if valid else ""):
            return
        value = kinds.Verdict(
            artifact_id=ref.artifact_id,
            index=ref.index,
            user_id=user_id,
            name=user.shown_name,
            verdict=said,
            reason=why,
            title=idea.title,
        )
        await act(
            session,
            project_id,
            user,
            graph.PICK,
            f"{_SAID[said]}《{idea.title}》" + (f"（{idea_acts.reason_in_words(why)}）" if why else ""),
            value,
            kind=graph.VERDICT,
            inputs=[(ref.artifact_id, ref.role)],
            after=earlier[-1].at if earlier else None,
            index=ref.index,
            verdict=said,
        )


def _valid_pick(earlier: list[Act], ref: IdeaRef, user_id: str) -> Pick | None:
    picks = idea_acts.valid_picks(earlier).by_idea.get(ref, ())
    return next((each for each in picks if each.user_id == user_id), None)
