"""The tables as SQLModel classes. They mirror schema/schema.sql; a test compares the two."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _now() -> Any:
    return Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]: SQLModel takes instances too
        nullable=True,
        sa_column_kwargs={"server_default": func.current_timestamp()},
    )


def _key(table: str, *, cascade: bool = True, **options: Any) -> Any:
    return Field(
        sa_column=Column(
            Text,
            ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None),
            nullable=False,
            **options,
        )
    )


def _text(default: str | None = None, *, nullable: bool = True) -> Any:
    return Field(
        default=default,
        sa_column=Column(
            Text, nullable=nullable, server_default=None if default is None else text(f"'{default}'")
        ),
    )


def _percent(default: str) -> Any:
    return Field(
        default=float(default), sa_column=Column(Numeric(5, 2, asdecimal=False), server_default=text(default))
    )


def _id() -> Any:
    return Field(sa_column=Column(Text, primary_key=True))


def _one_of(column: str, *values: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})")


class _Table(SQLModel):
    __tablename__: ClassVar[Any]
    __table_args__: ClassVar[Any] = ()


class User(_Table, table=True):
    """A user account; `name_skeleton` is the same for usernames that look alike."""

    __tablename__ = "users"
    __table_args__ = (Index("idx_users_name_skeleton", "name_skeleton"),)
    id: str = _id()
    username: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    display_name: str | None = _text()
    created_at: datetime = _now()
    updated_at: datetime = _now()
    status: str = _text("active")
    name_skeleton: str | None = _text()

    @property
    def shown_name(self) -> str:
        """The name that other members see."""
        return self.display_name or self.username


class Project(_Table, table=True):
    """A project with its graph of artifacts and transforms."""

    __tablename__ = "projects"
    id: str = _id()
    name: str = _text(nullable=False)
    description: str | None = _text()
    project_type: str = _text("script")
    status: str = _text("active")
    created_at: datetime = _now()
    updated_at: datetime = _now()
    deleted_from: str | None = _text()


class Membership(_Table, table=True):
    """A user's role in a project."""

    __tablename__ = "projects_users"
    __table_args__ = (
        UniqueConstraint("project_id", "user_id"),
        _one_of("role", "owner", "collaborator", "viewer"),
        Index("idx_projects_users_user_id", "user_id"),
        Index("idx_projects_users_project_id", "project_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    project_id: str = _key("projects")
    user_id: str = _key("users")
    role: str = _text("owner")
    joined_at: datetime = _now()


class Invitation(_Table, table=True):
    """An owner's invitation to become a member, and its answer."""

    __tablename__ = "project_invitations"
    __table_args__ = (
        _one_of("role", "owner", "collaborator", "viewer"),
        _one_of("status", "open", "accepted", "declined", "withdrawn"),
        Index("idx_project_invitations_project", "project_id"),
        Index("idx_project_invitations_invitee", "invitee_id"),
        Index("idx_project_invitations_inviter", "inviter_id"),
        Index(
            "one_open_invitation",
            "project_id",
            "invitee_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )
    id: str = _id()
    project_id: str = _key("projects")
    invitee_id: str = _key("users")
    inviter_id: str = _key("users")
    role: str = _text(nullable=False)
    status: str = _text("open", nullable=False)
    created_at: datetime = _now()
    changed_at: datetime = _now()


class NameLookup(_Table, table=True):
    """A username that a person looked up to invite somebody."""

    __tablename__ = "name_lookups"
    __table_args__ = (Index("idx_name_lookups_user", "user_id", "looked_at"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = _key("users")
    looked_at: datetime = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    )


class ProjectNews(_Table, table=True):
    """A row for each membership. Triggers change it when the member's list of projects is to be read again.

    `changed_in` is the id of the transaction that changed the project or the membership last.
    """

    __tablename__ = "project_news"
    __table_args__ = (
        Index("idx_project_news_user", "user_id"),
        Index("idx_project_news_project", "project_id"),
    )
    membership_id: int = Field(
        sa_column=Column(
            Integer,
            ForeignKey("projects_users.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        )
    )
    user_id: str = _text(nullable=False)
    project_id: str = _text(nullable=False)
    changed_in: int = Field(sa_column=Column(BigInteger, nullable=False))


class AuthProvider(_Table, table=True):
    """A way to sign in as a user: a password, or an account with an OpenID Connect provider."""

    __tablename__ = "auth_providers"
    __table_args__ = (UniqueConstraint("provider_type", "provider_user_id"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = _key("users", cascade=False)
    provider_type: str = _text(nullable=False)
    provider_user_id: str | None = _text()
    provider_data: str | None = _text()
    created_at: datetime = _now()


class UserSession(_Table, table=True):
    """A session of a browser; `id` is a hash of the session token."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        Index("idx_user_sessions_user", "user_id"),
        Index("idx_user_sessions_expires", "expires_at"),
    )
    id: str = _id()
    user_id: str = _key("users", cascade=False)
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    created_at: datetime = _now()
    user_agent: str | None = _text()
    last_seen_at: datetime = _now()


class SignInFailure(_Table, table=True):
    """A refused sign-in; `account` is a hash of the username that was entered."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (
        Index("idx_sign_in_failures_account", "account", "failed_at"),
        Index("idx_sign_in_failures_address", "address", "failed_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    account: str = _text(nullable=False)
    address: str = _text(nullable=False)
    failed_at: datetime = _now()


class Registration(_Table, table=True):
    """The registration of an account with a password, and the network address of its sender."""

    __tablename__ = "registrations"
    __table_args__ = (Index("idx_registrations_address", "address", "registered_at"),)
    id: int | None = Field(default=None, primary_key=True)
    address: str = _text(nullable=False)
    registered_at: datetime = _now()


class ApiToken(_Table, table=True):
    """An API token of a user; `id` is a hash of the token."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index("idx_api_tokens_user", "user_id"),)
    id: str = _id()
    user_id: str = _key("users")
    name: str = _text(nullable=False)
    created_at: datetime = _now()
    last_used_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    last_used_address: str | None = _text()
    last_used_agent: str | None = _text()


class Presence(_Table, table=True):
    """A tab that has a project open; `editing` is the ref of the idea that is being edited in it."""

    __tablename__ = "presence"
    __table_args__ = (Index("idx_presence_project", "project_id"), Index("idx_presence_seen", "seen_at"))
    tab: str = Field(sa_column=Column(Text, primary_key=True))
    project_id: str = _key("projects")
    user_id: str = _key("users")
    name: str = _text(nullable=False)
    editing: str | None = _text()
    seen_at: datetime = _now()


class Artifact(_Table, table=True):
    """An artifact: a brief, ideas, or a user's act on an idea. `data` is JSON, whose format `type` names."""

    __tablename__ = "artifacts"
    __table_args__ = (
        _one_of("streaming_status", "streaming", "completed", "failed", "cancelled"),
        Index("idx_artifacts_project_type", "project_id", "type"),
        Index("idx_artifacts_project_created", "project_id", "created_at"),
        Index(
            "idx_artifacts_streaming",
            "streaming_status",
            postgresql_where=text("streaming_status != 'completed'"),
        ),
    )
    id: str = _id()
    project_id: str = _key("projects")
    type: str = _text(nullable=False)
    type_version: str = _text("v1", nullable=False)
    data: str = _text(nullable=False)
    # SQLAlchemy reserves the attribute name `metadata`.
    metadata_json: str | None = Field(default=None, sa_column=Column("metadata", Text))
    created_at: datetime = _now()
    updated_at: datetime = _now()
    streaming_status: str = _text("completed")
    streaming_progress: float = _percent("100.00")
    finished_ideas: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    titles: str = _text("", nullable=False)
    partial_data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))


class Transform(_Table, table=True):
    """A step that makes artifacts from artifacts: a run of a model (`llm`) or an act of a user (`human`)."""

    __tablename__ = "transforms"
    __table_args__ = (
        _one_of("streaming_status", "pending", "running", "completed", "failed", "cancelled"),
        Index("idx_transforms_project_created", "project_id", "created_at"),
        Index(
            "idx_transforms_streaming",
            "streaming_status",
            postgresql_where=text("streaming_status IN ('running', 'pending')"),
        ),
        Index(
            "idx_transforms_asked_by",
            "asked_by",
            postgresql_where=text("streaming_status IN ('running', 'pending')"),
        ),
        Index(
            "one_active_llm_transform_per_project",
            "project_id",
            unique=True,
            postgresql_where=text("type = 'llm' AND streaming_status IN ('pending', 'running')"),
        ),
    )
    id: str = _id()
    project_id: str = _key("projects")
    type: str = _text(nullable=False)
    type_version: str = _text("v1", nullable=False)
    status: str = _text("running")
    execution_context: str | None = _text()
    created_at: datetime = _now()
    updated_at: datetime = _now()
    streaming_status: str = _text("pending")
    progress_percentage: float = _percent("0.00")
    error_message: str | None = _text()
    retry_count: int = Field(default=0, nullable=True, sa_column_kwargs={"server_default": text("0")})
    max_retries: int = Field(default=2, nullable=True, sa_column_kwargs={"server_default": text("2")})
    asked_by: str | None = Field(
        default=None, sa_column=Column(Text, ForeignKey("users.id", ondelete="SET NULL"))
    )


class RunStart(_Table, table=True):
    """A start of a run or of a retry by a user. The row stays when the project is deleted."""

    __tablename__ = "run_starts"
    __table_args__ = (Index("idx_run_starts_user", "user_id", "started_at"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = _key("users")
    transform_id: str = _text(nullable=False)
    started_at: datetime = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )


class SentForm(_Table, table=True):
    """A form of a brief that has started a run; `ticket` is the id that the browser gave the form."""

    __tablename__ = "sent_forms"
    __table_args__ = (Index("idx_sent_forms_sent", "sent_at"),)
    user_id: str = _key("users", primary_key=True)
    ticket: str = _id()
    project_id: str = _text(nullable=False)
    sent_at: datetime = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )


class WorkerProcess(_Table, table=True):
    """A worker process. It counts as dead when its last heartbeat is too old."""

    __tablename__ = "worker_processes"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    last_heartbeat: datetime = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.current_timestamp()),
    )


class TransformInput(_Table, table=True):
    """An edge of the graph from an artifact to a transform."""

    __tablename__ = "transform_inputs"
    __table_args__ = (
        UniqueConstraint("transform_id", "artifact_id", "input_role"),
        Index("idx_transform_inputs_project", "project_id"),
        Index("idx_transform_inputs_artifact", "artifact_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    project_id: str = _key("projects")
    transform_id: str = _key("transforms")
    artifact_id: str = _key("artifacts", cascade=False)
    input_role: str | None = _text()


class TransformOutput(_Table, table=True):
    """An edge of the graph from a transform to an artifact."""

    __tablename__ = "transform_outputs"
    __table_args__ = (
        UniqueConstraint("transform_id", "artifact_id", "output_role"),
        Index("idx_transform_outputs_project", "project_id"),
        Index("idx_transform_outputs_artifact", "artifact_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    project_id: str = _key("projects")
    transform_id: str = _key("transforms")
    artifact_id: str = _key("artifacts", cascade=False)
    output_role: str | None = _text()


class LlmPrompt(_Table, table=True):
    """The prompt of one attempt, exactly as it was sent to the model."""

    __tablename__ = "llm_prompts"
    __table_args__ = (
        Index("idx_llm_prompts_project", "project_id"),
        Index("idx_llm_prompts_transform", "transform_id"),
    )
    id: str = _id()
    project_id: str = _key("projects")
    transform_id: str = _key("transforms")
    prompt_text: str = _text(nullable=False)
    prompt_role: str = _text("primary")


class LlmTransform(_Table, table=True):
    """The model of a run, its parameters, its raw reply, and the tokens used."""

    __tablename__ = "llm_transforms"
    __table_args__ = (Index("idx_llm_transforms_project", "project_id"),)
    transform_id: str = _key("transforms", primary_key=True)
    project_id: str = _key("projects")
    model_name: str = _text(nullable=False)
    model_parameters: str | None = _text()
    raw_response: str | None = _text()
    token_usage: str | None = _text()


class HumanTransform(_Table, table=True):
    """The action of a user in a `human` transform."""

    __tablename__ = "human_transforms"
    __table_args__ = (Index("idx_human_transforms_project", "project_id"),)
    transform_id: str = _key("transforms", primary_key=True)
    project_id: str = _key("projects")
    action_type: str = _text(nullable=False)
    interface_context: str | None = _text()
    change_description: str | None = _text()


class SchemaVersion(_Table, table=True):
    """A version of the schema that was applied to this database."""

    __tablename__ = "schema_version"
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    applied_at: datetime = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.current_timestamp()),
    )
