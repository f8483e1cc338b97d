"""What is committed, read on a connection of its own."""

import json
from typing import Any

import psycopg
from psycopg.rows import dict_row


def rows(url: str, query: str, *parameters: Any) -> list[dict[str, Any]]:
    """What a query gives."""
    with psycopg.connect(url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()


def transform_of(url: str) -> dict[str, Any]:
    """The only generation, with its `context` read."""
    [row] = rows(url, "SELECT * FROM transforms WHERE type = 'llm'")
    return row | {"context": json.loads(row["execution_context"])}


def artifact_of(url: str) -> dict[str, Any]:
    """Its ideas artifact, with its `ideas` read from data."""
    [row] = rows(url, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")
    return row | {"ideas": json.loads(row["data"])["ideas"]}
