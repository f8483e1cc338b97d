"""Owns who is in a project, by the rows of its open tabs. Pure; knows no clock: a silent tab has no row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.sync.shape_rows import Row


@dataclass(frozen=True, slots=True)
class Present:
    """A member who has the project open, in however many tabs; `editing` is the idea whose text is open."""

    user_id: str
    name: str
    editing: IdeaRef | None = None


def present(rows: Iterable[Row], roles: Mapping[str, str]) -> tuple[Present, ...]:
    """Each member once, by name; who is not (or no longer) a member is not there."""
    found: dict[str, Present] = {}
    for row in sorted(rows, key=lambda row: row["tab"]):
        user_id = row["user_id"]
        if user_id in roles:
            editing = _idea(row["editing"])
            known = found.get(user_id)
            if known is None or (known.editing is None and editing is not None):
                found[user_id] = Present(user_id, row["name"], editing)
    return tuple(sorted(found.values(), key=lambda person: (person.name, person.user_id)))


def _idea(text: str | None) -> IdeaRef | None:
    try:
        return IdeaRef.parse(text) if text else None
    except UserError:
        return None
