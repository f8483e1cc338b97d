"""Where another title for an idea is sought: by runs that show no ideas of their own. Pure."""

from collections.abc import Iterable
from contextlib import suppress

from scriptwriter import graph
from scriptwriter.errors import UserError
from scriptwriter.ideas import IdeaRef
from scriptwriter.sync.batches import brief_of
from scriptwriter.sync.rows import Row, created

_OVER = ("completed", "cancelled")


def seeks_title(run: Row) -> bool:
    """Whether a run looks for another title, and so writes no batch."""
    brief = brief_of(run)
    return brief is not None and brief.task == "title"


def titling(runs: Iterable[Row]) -> dict[IdeaRef, graph.TransformStatus]:
    """The state of the newest run for each idea's title, unless it has ended well or was stopped."""
    found: dict[IdeaRef, graph.TransformStatus] = {}
    for run in sorted(runs, key=lambda row: (created(row), row["id"])):
        brief = brief_of(run)
        if brief is not None and brief.task == "title":
            with suppress(UserError):
                found |= {IdeaRef.parse(source.ref): run["streaming_status"] for source in brief.sources}
    return {ref: status for ref, status in found.items() if status not in _OVER}
