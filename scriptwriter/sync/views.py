"""Owns what can be followed, of a project or for a person: tables, which columns, how their rows join."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from scriptwriter.sync import project_flow
from scriptwriter.sync.close_ideas import Close
from scriptwriter.sync.lineage_join import Lineage, folded, lineage
from scriptwriter.sync.project_flow import ProjectFlow
from scriptwriter.sync.shape_rows import Row

Syncing = Literal["live", "resyncing"]
Rows = Mapping[str, Iterable[Row]]
"""The rows of a view that have arrived, by table."""
Columns = Mapping[str, tuple[str, ...]]


class Value(Protocol):
    """What followers are given."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def syncing(self) -> Syncing: ...


class Followed(Value, Protocol):
    """What is told of a project whichever way it is followed: its name and state, and who may read it."""

    @property
    def project_id(self) -> str: ...
    @property
    def roles(self) -> Mapping[str, str]: ...
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def state(self) -> str: ...


T = TypeVar("T", bound=Value)

_OF_PERSON = {
    "project_news": "user_id = $1",
    "project_invitations": "invitee_id = $1 AND status = 'open'",
}


@dataclass(frozen=True, slots=True)
class View(Generic[T]):
    """One way to follow a project, or what is there for a person: `tables`, and how their rows make a value.

    `columns` are of the tables of which not all is followed; `dated` are those whose rows tell when they were
    written (updated_at), for the measure of the delay; `of_project` is false of what is a person's.
    """

    name: str
    tables: tuple[str, ...]
    join: Callable[[str, Rows, Syncing, Close], T]
    columns: Columns = field(default_factory=dict)
    dated: tuple[str, ...] = ()
    of_project: bool = True


@dataclass(frozen=True, slots=True)
class ProjectLineage:
    """A project's lineage, with each person's act and what it made as one node."""

    project_id: str
    lineage: Lineage
    syncing: Syncing
    roles: Mapping[str, str]
    name: str
    description: str
    state: str


@dataclass(frozen=True, slots=True)
class ProjectMembers:
    """Who belongs to a project, and when each of its open invitations changed last."""

    project_id: str
    invitations: Mapping[str, object]
    syncing: Syncing
    roles: Mapping[str, str]
    name: str
    description: str
    state: str


@dataclass(frozen=True, slots=True)
class ListNews:
    """What changed in a person's list of projects: of each project the transaction that was the last to.

    And when each of their open invitations changed last.
    """

    changed: Mapping[str, int]
    invitations: Mapping[str, object]
    syncing: Syncing


def clause(table: str, *, of_project: bool = True) -> str:
    """Which rows of `table` are a project's, or a person's: the where clause, $1 being the id."""
    if not of_project:
        return _OF_PERSON[table]
    return "id = $1" if table == "projects" else "project_id = $1"


def _flow(project_id: str, rows: Rows, syncing: Syncing, close: Close) -> ProjectFlow:
    return project_flow.join(
        project_id,
        rows["transforms"],
        rows["transform_outputs"],
        {row["id"]: row for row in rows["artifacts"]},
        rows["projects_users"],
        rows["presence"],
        projects=rows["projects"],
        syncing=syncing,
        close=close,
    )


def _lineage(project_id: str, rows: Rows, syncing: Syncing, _: Close) -> ProjectLineage:
    return ProjectLineage(
        project_id,
        folded(
            lineage(
                rows["artifacts"],
                rows["transforms"],
                rows["transform_inputs"],
                rows["transform_outputs"],
                rows["human_transforms"],
            )
        ),
        syncing,
        {row["user_id"]: row["role"] for row in rows["projects_users"]},
        *project_flow.project_of(rows["projects"]),
    )


def _members(project_id: str, rows: Rows, syncing: Syncing, _: Close) -> ProjectMembers:
    return ProjectMembers(
        project_id,
        _open_invitations(rows),
        syncing,
        {row["user_id"]: row["role"] for row in rows["projects_users"]},
        *project_flow.project_of(rows["projects"]),
    )


def _news(_of: str, rows: Rows, syncing: Syncing, _: Close) -> ListNews:
    changed = {row["project_id"]: row["changed_in"] for row in rows["project_news"]}
    return ListNews(changed, _open_invitations(rows), syncing)


def _open_invitations(rows: Rows) -> Mapping[str, object]:
    return {row["id"]: row["changed_at"] for row in rows["project_invitations"] if row["status"] == "open"}


FLOW = View(
    "flow",
    ("transforms", "transform_outputs", "artifacts", "projects_users", "projects", "presence"),
    _flow,
    # An open tab is renewed without a word to anybody.
    {"presence": ("tab", "project_id", "user_id", "name", "editing")},
    dated=("transforms", "artifacts"),
)
LINEAGE = View(
    "lineage",
    (
        "artifacts",
        "transforms",
        "transform_inputs",
        "transform_outputs",
        "human_transforms",
        "projects_users",
        "projects",
    ),
    _lineage,
    # What is being written is not followed word by word.
    {
        "artifacts": ("id", "project_id", "type", "data", "created_at", "streaming_status"),
        "transforms": ("id", "project_id", "type", "execution_context", "created_at", "streaming_status"),
        "human_transforms": ("transform_id", "project_id", "action_type"),
    },
)
MEMBERS = View("members", ("projects_users", "projects", "project_invitations"), _members)
NEWS = View("news", ("project_news", "project_invitations"), _news, of_project=False)
