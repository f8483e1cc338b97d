"""Export and import of a project: reads and writes the rows of its graph."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import select, text
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import Language, UserError
from scriptwriter.operations import process_pool
from scriptwriter.services.projects.access import require
from scriptwriter.services.projects.catalog import create_in
from scriptwriter.services.transfer import export_writing, import_reading
from scriptwriter.store.database import psycopg_connection, transaction
from scriptwriter.store.tables import (
    Artifact,
    HumanTransform,
    LlmPrompt,
    LlmTransform,
    Transform,
    TransformInput,
    TransformOutput,
)

_ONE_STATE = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_IMPORTS = 0x5C21C
"""First key of the advisory locks that allow one import per person."""
_ALONE = text("SELECT pg_try_advisory_xact_lock(:imports, hashtext(:person))")
_ROWS_AT_ONCE = 500
"""Rows that are fetched in one step of the event loop."""
_CHUNK = 1 << 18


async def export(project_id: str, user_id: str) -> tuple[str, bytes]:
    """Name and file of a project, for a member. Running runs are exported as if they were stopped now.

    Raises UserError: `project_not_found`, and those of process_pool.run.
    """
    async with transaction() as session:
        await (await session.connection()).execute(_ONE_STATE)
        project, _, _ = await require(session, project_id, user_id)
        tables = export_writing.Tables(
            artifacts=await _rows(session, project_id, Artifact, export_writing.ARTIFACT, "created_at", "id"),
            transforms=await _rows(
                session, project_id, Transform, export_writing.TRANSFORM, "created_at", "id"
            ),
            llm=await _rows(session, project_id, LlmTransform, export_writing.LLM),
            human=await _rows(session, project_id, HumanTransform, export_writing.HUMAN),
            inputs=await _rows(session, project_id, TransformInput, export_writing.INPUT, "id"),
            outputs=await _rows(session, project_id, TransformOutput, export_writing.OUTPUT, "id"),
            prompts=await _rows(session, project_id, LlmPrompt, export_writing.PROMPT),
        )
    written = await process_pool.run(
        user_id, export_writing.write, project.name, project.description or "", tables
    )
    return project.name, written


async def import_project(content: bytes, user_id: str, language: Language = "zh") -> str:
    """Create a project of `user_id` with the graph of a file, in one transaction; returns its id.

    Persons in the file stay names, marked as imported in `language`.
    Raises UserError: `file_too_large` (limit), `signed_out`, `busy_with_yours` during another import of this
    person, and those of process_pool.run; UnreadableFile with the place in the file.
    """
    project_id = str(uuid4())
    read = await process_pool.run(user_id, import_reading.read, content, project_id, language)
    async with transaction() as session:
        alone = await (await session.connection()).execute(_ALONE, {"imports": _IMPORTS, "person": user_id})
        if not alone.scalar_one():
            raise UserError("busy_with_yours")
        await create_in(session, user_id, read.name, read.description, id=project_id)
        await session.flush()
        driver = await psycopg_connection(session)
        async with driver.cursor() as cursor:
            for table in read.tables:
                # Table and column names come from this program, never from the file.
                statement = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN (ENCODING 'UTF8')"
                async with cursor.copy(statement.encode()) as copy:
                    for start in range(0, len(table.rows), _CHUNK):
                        await copy.write(table.rows[start : start + _CHUNK])
    return project_id


async def _rows(
    session: AsyncSession, project_id: str, table: Any, columns: Sequence[str], *order: str
) -> list[tuple[Any, ...]]:
    query = (
        select(*(getattr(table, column) for column in columns))
        .where(col(table.project_id) == project_id)
        .order_by(*(getattr(table, column) for column in order))
    )
    found = await (await session.connection()).stream(query)
    return [tuple(row) async for part in found.partitions(_ROWS_AT_ONCE) for row in part]
