"""The order of the keepers, shared by all members of a project."""

from scriptwriter.domain import graph, idea_acts, kinds
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas.human_acts import act, alone, author_of, find_all
from scriptwriter.services.ideas.tastes import acts_of, newest_of
from scriptwriter.services.projects.access import ACTORS, require
from scriptwriter.store.database import transaction

MOST_ARRANGED = 500
"""Ideas in an order. Each move stores the whole order, with a link to each of its ideas."""


async def move(
    project_id: str, ref: IdeaRef, before: IdeaRef | None, user_id: str, *, base: str | None = None
) -> str:
    """Move a keeper right before another one (None: to the end); returns the id of the resulting order.

    Only this keeper moves, so concurrent moves of different keepers are all kept. With `base` (the undo), it
    moves only if that order is still the newest. An idea that nobody keeps any more retains its position in
    case it is kept again. Raises UserError: `project_not_found`, `not_allowed`, `idea_not_found`,
    `keeper_gone` if `before` is not in the order, `moved_meanwhile` (name: who made the newest order),
    `too_many_keepers` (limit), `project_full`.
    """
    async with transaction() as session:
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        await find_all(session, project_id, [ref, *([before] if before else [])])
        await alone(session, f"keepers {project_id}")
        newest = await newest_of(session, project_id, graph.ORDER)
        stands = newest.id if newest else ""
        if base is not None and base != stands:
            raise UserError("moved_meanwhile", name=await author_of(session, stands))
        kept = idea_acts.valid_picks(await acts_of(session, project_id, graph.VERDICT)).kept
        now = [*dict.fromkeys((*(idea_acts.order_of(newest) if newest else ()), *kept))]
        order = _with(now, ref, before)
        if order == now:
            return stands
        if len(order) > MOST_ARRANGED:
            keeping = {*kept}
            order = [each for each in order if each == ref or each in keeping]
        if len(order) > MOST_ARRANGED:
            raise UserError("too_many_keepers", limit=MOST_ARRANGED)
        return await act(
            session,
            project_id,
            user,
            graph.ARRANGE,
            "排列入选",
            kinds.Order(order=tuple(map(str, order)), user_id=user_id, name=user.shown_name),
            kind=graph.ORDER,
            inputs=[(each.artifact_id, each.role) for each in order],
            after=newest.at if newest else None,
        )


def _with(order: list[IdeaRef], ref: IdeaRef, before: IdeaRef | None) -> list[IdeaRef]:
    """`order` with `ref` right before `before`."""
    if before == ref:
        return order
    others = [each for each in order if each != ref]
    if before is not None and before not in others:
        raise UserError("keeper_gone")
    at = len(others) if before is None else others.index(before)
    return [*others[:at], ref, *others[at:]]
