"""Converts values of a graph between database and file: ids and persons."""

from collections.abc import Callable
from typing import TypeVar

from scriptwriter.domain import kinds
from scriptwriter.domain.base_values import Value
from scriptwriter.domain.errors import UnreadableFile
from scriptwriter.domain.kinds import Brief, Order, Unreadable, Verdict, Version
from scriptwriter.domain.run_context import ActContext, RunContext

V = TypeVar("V", bound=Value)


def read(kind: str, text: str, place: str) -> Value:
    """The value of a JSON text at `place`. Raises UnreadableFile with the place within it."""
    value = kinds.read(kind, text)
    if isinstance(value, Unreadable):
        raise UnreadableFile(value.reason, joined(place, value.place))
    return value


def joined(place: str, inside: str) -> str:
    """The place `inside` appended to the place that contains it."""
    if not inside or inside.startswith("["):
        return place + inside
    return f"{place}, {inside}" if inside.startswith(("line ", "byte ")) else f"{place}.{inside}"


def person_in(value: Value) -> tuple[str | None, str]:
    """Id and name of the person in a value; None and "" if there is none."""
    if isinstance(value, RunContext | ActContext):
        return value.user_id, value.started_by or ""
    return (value.user_id, value.name) if isinstance(value, Verdict | Order) else (None, "")


def translated(value: V, ids: Callable[[str], str], name: Callable[[str | None, str], str]) -> V:
    """A copy of the value with `ids(id)` for each artifact id, and `name(user id, name)` for each person.

    Persons lose their ids, and contexts the fields for the worker. `ids` raises for an unknown artifact.
    """
    return value.model_copy(update=_changes(value, ids, name))


def _changes(
    value: Value, ids: Callable[[str], str], name: Callable[[str | None, str], str]
) -> dict[str, object]:
    def ref(text: str) -> str:
        artifact_id, _, index = text.rpartition("#")
        return f"{ids(artifact_id)}#{index}"

    match value:
        case Brief():
            return {
                "sources": tuple(each.model_copy(update={"ref": ref(each.ref)}) for each in value.sources)
            }
        case Version():
            return {"artifact_id": ids(value.artifact_id), "base": value.base and ids(value.base)}
        case Verdict():
            person = name(value.user_id, value.name)
            return {"artifact_id": ids(value.artifact_id), "user_id": None, "name": person}
        case Order():
            person = name(value.user_id, value.name)
            return {"order": tuple(map(ref, value.order)), "user_id": None, "name": person}
        case RunContext():
            return {
                "params": translated(value.params, ids, name),
                "user_id": None,
                "started_by": name(value.user_id, value.started_by or "") or None,
                "stopped_by": name(None, value.stopped_by or "") or None,
                **dict.fromkeys(_OF_THE_WORKER),
            }
        case ActContext():
            return {"user_id": None, "started_by": name(value.user_id, value.started_by or "") or None}
    return {}


_OF_THE_WORKER = (
    "attempt_started_at",
    "job",
    "process",
    "finished_before",
    "deaths",
    "waiting",
    "interrupted",
    "asked",
)
