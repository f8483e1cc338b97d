"""How a row of a shape is read: its JSON, its moment."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scriptwriter.domain import graph, kinds
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.domain.run_context import ActContext, RunContext

Row = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def context_of(row: Row) -> RunContext | ActContext | Unreadable:
    """What is known of a run or an act: a row of transforms."""
    declared = RunContext if row["type"] == graph.LLM else ActContext
    return kinds.read_as(declared, row["execution_context"])


def begun_by(row: Row) -> str:
    """The name of the person who began it; "" where it is not known."""
    context = context_of(row)
    return "" if isinstance(context, Unreadable) else context.started_by or ""


def written(row: Row) -> datetime:
    """When the row was changed last."""
    return row["updated_at"] or _EPOCH


def created(row: Row) -> datetime:
    """When the row was made."""
    return row["created_at"] or _EPOCH
