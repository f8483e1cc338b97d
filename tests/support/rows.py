"""Read committed rows through a separate connection."""

import json
from typing import Any

import psycopg
from psycopg.rows import dict_row


def rows(url: str, query: str, *parameters: Any) -> list[dict[str, Any]]:
    """The rows that `query` returns."""
    with psycopg.connect(url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()


def transform_of(url: str) -> dict[str, Any]:
    """The only model transform, with its execution context parsed as `context`."""
    [row] = rows(url, "SELECT * FROM transforms WHERE type = 'llm'")
    return row | {"context": json.loads(row["execution_context"])}


def artifact_of(url: str) -> dict[str, Any]:
    """The only ideas artifact, with the list parsed from `data` as `ideas`."""
    [row] = rows(url, "SELECT * FROM artifacts WHERE type = 'brainstorm_ideas'")
    return row | {"ideas": json.loads(row["data"])["ideas"]}
