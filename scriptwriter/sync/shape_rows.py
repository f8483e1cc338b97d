"""Typed access to the columns of a row of a shape that every join reads: context and times."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scriptwriter.domain import graph, kinds
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.domain.run_context import ActContext, RunContext

Row = Mapping[str, Any]
"""The values of a row by column, as `electric.RowReader` gives them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def context_of(row: Row) -> RunContext | ActContext | Unreadable:
    """The `execution_context` of a row of transforms."""
    declared = RunContext if row["type"] == graph.LLM else ActContext
    return kinds.read_as(declared, row["execution_context"])


def started_by(row: Row) -> str:
    """The name of the person who started a transform; "" if it is unknown."""
    context = context_of(row)
    return "" if isinstance(context, Unreadable) else context.started_by or ""


def updated_at(row: Row) -> datetime:
    """The row's `updated_at`, with 1970 in place of NULL."""
    return row["updated_at"] or _EPOCH


def created_at(row: Row) -> datetime:
    """The row's `created_at`, with 1970 in place of NULL."""
    return row["created_at"] or _EPOCH


def by_age(row: Row) -> tuple[datetime, str]:
    """A sort key: the oldest row first, and always the same order for rows of one moment."""
    return created_at(row), row["id"]
