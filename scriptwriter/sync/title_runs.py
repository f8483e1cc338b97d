"""Where another title for an idea is sought: by runs that show no ideas of their own. Pure."""

from collections.abc import Iterable
from contextlib import suppress

from scriptwriter.domain import graph
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.sync.batch_join import brief_of
from scriptwriter.sync.shape_rows import Row, created

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
