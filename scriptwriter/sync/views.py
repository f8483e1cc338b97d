"""The views that can be followed: which shapes each reads, and the join that makes its value."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from scriptwriter.sync import project_flow
from scriptwriter.sync.close_ideas import CloseIdeas
from scriptwriter.sync.lineage_join import Lineage, folded, lineage
from scriptwriter.sync.project_flow import ProjectFlow
from scriptwriter.sync.shape_rows import Row

Syncing = Literal["live", "resyncing"]
Rows = Mapping[str, Iterable[Row]]
"""The rows of a view's shapes, by table."""
Columns = Mapping[str, tuple[str, ...]]


class Value(Protocol):
    """The value of a view; `syncing` is "resyncing" while its rows may be old."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def syncing(self) -> Syncing: ...


class Followed(Value, Protocol):
    """The fields that the value of every view of a project has: the project, and its members' roles."""

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
_COLUMNS: Columns = {
    # Without `seen_at`: an open tab renews its row every few seconds, which is no change to anybody.
    "presence": ("tab", "project_id", "user_id", "name", "editing"),
}
"""The columns of a shape that does not have all columns of its table."""


@dataclass(frozen=True, slots=True)
class ShapeDefinition:
    """A shape: the rows of `table` where `where` holds for `subject_id` as its $1; None is all columns."""

    table: str
    where: str
    subject_id: str
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class View(Generic[T]):
    """The rows of `tables` of one project or person, joined into one value.

    `reads` names the columns that `join` reads, for tables that also change in others: a change of those
    makes no new value. `dated` are the tables whose `updated_at` is read to measure the delay of a change.
    `of_project` is false where the rows are a person's.
    """

    name: str
    tables: tuple[str, ...]
    join: Callable[[str, Rows, Syncing, CloseIdeas], T]
    reads: Columns = field(default_factory=dict)
    dated: tuple[str, ...] = ()
    of_project: bool = True

    def definitions(self, subject_id: str) -> dict[str, ShapeDefinition]:
        """The shapes of this view by table; `subject_id` is the id of the project or person."""
        return {
            table: ShapeDefinition(
                table, clause(table, of_project=self.of_project), subject_id, _COLUMNS.get(table)
            )
            for table in self.tables
        }


class ColumnReader:
    """Reads some columns of a shape's rows, and keeps the last values to detect changes."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._known: dict[str, tuple[Row, Row]] = {}
        self._rows: tuple[Row, ...] = ()

    def read(self, rows: Mapping[str, Row]) -> tuple[Row, ...]:
        """The rows with these columns only; the same tuple as before while none of them has changed."""
        known, changed = {}, len(rows) != len(self._known)
        for key, row in rows.items():
            before = self._known.get(key)
            if before is None or before[0] is not row:
                part = {column: row[column] for column in self._columns}
                same = before is not None and before[1] == part
                changed = changed or not same
                before = (row, before[1] if before is not None and same else part)
            known[key] = before
        self._known = known
        if changed:
            self._rows = tuple(part for _, part in known.values())
        return self._rows


@dataclass(frozen=True, slots=True)
class ProjectLineage:
    """The value of LINEAGE: the folded lineage of a project."""

    project_id: str
    lineage: Lineage
    syncing: Syncing
    roles: Mapping[str, str]
    name: str
    description: str
    state: str


@dataclass(frozen=True, slots=True)
class ProjectMembers:
    """The value of MEMBERS: the project, and `changed_at` of each of its open invitations by id."""

    project_id: str
    invitations: Mapping[str, object]
    syncing: Syncing
    roles: Mapping[str, str]
    name: str
    description: str
    state: str


@dataclass(frozen=True, slots=True)
class ListNews:
    """The value of NEWS, for one person.

    `changed` has, by project id, the number of the last transaction that changed a value of the list;
    `invitations` has `changed_at` of each open invitation to the person, by its id.
    """

    changed: Mapping[str, int]
    invitations: Mapping[str, object]
    syncing: Syncing


def clause(table: str, *, of_project: bool = True) -> str:
    """The where clause for the rows of a project, or of a person; $1 is the id."""
    if not of_project:
        return _OF_PERSON[table]
    return "id = $1" if table == "projects" else "project_id = $1"


def _flow(project_id: str, rows: Rows, syncing: Syncing, close: CloseIdeas) -> ProjectFlow:
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


def _lineage(project_id: str, rows: Rows, syncing: Syncing, _: CloseIdeas) -> ProjectLineage:
    return ProjectLineage(
        project_id,
        folded(
            lineage(
                rows["artifacts"],
                rows["transforms"],
                rows["transform_inputs"],
                rows["transform_outputs"],
            )
        ),
        syncing,
        {row["user_id"]: row["role"] for row in rows["projects_users"]},
        *project_flow.project_of(rows["projects"]),
    )


def _members(project_id: str, rows: Rows, syncing: Syncing, _: CloseIdeas) -> ProjectMembers:
    return ProjectMembers(
        project_id,
        _open_invitations(rows),
        syncing,
        {row["user_id"]: row["role"] for row in rows["projects_users"]},
        *project_flow.project_of(rows["projects"]),
    )


def _news(_subject_id: str, rows: Rows, syncing: Syncing, _: CloseIdeas) -> ListNews:
    changed = {row["project_id"]: row["changed_in"] for row in rows["project_news"]}
    return ListNews(changed, _open_invitations(rows), syncing)


def _open_invitations(rows: Rows) -> Mapping[str, object]:
    return {row["id"]: row["changed_at"] for row in rows["project_invitations"] if row["status"] == "open"}


FLOW = View(
    "flow",
    ("transforms", "transform_outputs", "artifacts", "projects_users", "projects", "presence"),
    _flow,
    dated=("transforms", "artifacts"),
)
LINEAGE = View(
    "lineage",
    ("artifacts", "transforms", "transform_inputs", "transform_outputs", "projects_users", "projects"),
    _lineage,
    # Without `partial_data`, because the growing text of a draft changes no step of the lineage.
    {
        "artifacts": ("id", "project_id", "type", "data", "created_at", "streaming_status"),
        "transforms": ("id", "project_id", "type", "execution_context", "created_at", "streaming_status"),
    },
)
MEMBERS = View("members", ("projects_users", "projects", "project_invitations"), _members)
NEWS = View("news", ("project_news", "project_invitations"), _news, of_project=False)
