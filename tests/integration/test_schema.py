"""The SQLModel classes, schema.sql and a real database have the same schema."""

import json
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from scriptwriter.domain.errors import SchemaError
from scriptwriter.store import tables as models
from scriptwriter.store.database import apply_schema

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default, numeric_precision, numeric_scale
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = ANY (%(tables)s) ORDER BY 1, 2
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, contype::text, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE contype IN ('p', 'u', 'f', 'c') AND conrelid::regclass::text = ANY (%(tables)s) ORDER BY 1, 2, 3
"""
INDEXES = """
SELECT tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename = ANY (%(tables)s) AND indexname NOT LIKE '%%\\_pkey'
    AND indexname NOT LIKE '%%\\_key' ORDER BY 1, 2
"""
TRIGGERS = """
SELECT pg_get_triggerdef(pg_trigger.oid), pg_get_functiondef(tgfoid)
FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE 'procrastinate%' ORDER BY 1
"""
FUNCTION = "SELECT prosrc FROM pg_proc WHERE proname = 'tell_project_news'"
FIRST_SCHEMA = Path(__file__).parents[1] / "recordings" / "schema" / "0001.sql"
DESIGNED = {
    "users", "projects", "projects_users", "auth_providers", "user_sessions", "artifacts", "transforms",
    "transform_inputs", "transform_outputs", "llm_prompts", "llm_transforms", "human_transforms",
}  # fmt: skip


def catalog(url: str) -> dict[str, list[tuple]]:
    """Columns, constraints and indexes of the models' tables in a database."""
    tables = {"tables": sorted(SQLModel.metadata.tables)}
    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(query.encode(), tables).fetchall()
            for name, query in (("columns", COLUMNS), ("constraints", CONSTRAINTS), ("indexes", INDEXES))
        }


def test_the_models_mirror_the_schema(database_url: str, empty_database: str) -> None:
    """A database made from the models and one made from schema.sql have the same catalog."""
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://", 1))
    SQLModel.metadata.create_all(engine)
    engine.dispose()

    from_schema, from_models = catalog(database_url), catalog(empty_database)

    assert set(SQLModel.metadata.tables) >= DESIGNED
    assert len(from_schema["columns"]) >= 80
    assert from_models == from_schema


def test_applying_the_schema_again_changes_nothing(database_url: str) -> None:
    """Rows, catalog and version stay as they are."""
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO users (id, username) VALUES ('u', 'u')")
    before = catalog(database_url)

    version = apply_schema(database_url)

    assert catalog(database_url) == before
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(version,)]


def test_schema_sql_is_idempotent(database_url: str) -> None:
    """It can be executed on a database that already has the schema."""
    from scriptwriter.store.database import SCHEMA_FOLDER

    before = catalog(database_url)

    with psycopg.connect(database_url) as connection:
        connection.execute((SCHEMA_FOLDER / "schema.sql").read_bytes())

    assert catalog(database_url) == before


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    """A program never writes to a schema that it does not know."""
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO schema_version (version) VALUES (9999)")

    with pytest.raises(SchemaError, match=r"schema version 9999.*newer program"):
        apply_schema(database_url)


def test_a_numbered_file_upgrades_an_existing_database_once(database_url: str, tmp_path) -> None:
    """It is applied to a database of an earlier version, and its number is recorded."""
    (tmp_path / "schema.sql").write_text("SELECT 1 / 0 AS must_not_run_on_an_existing_database")
    number = apply_schema(database_url) + 1
    (tmp_path / f"{number:04}_note.sql").write_text("ALTER TABLE projects ADD COLUMN note TEXT")

    versions = [apply_schema(database_url, tmp_path), apply_schema(database_url, tmp_path)]

    assert versions == [number, number]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT max(version) FROM schema_version").fetchone() == (number,)
        assert connection.execute("SELECT note FROM projects").fetchall() == []


def test_all_upgrades_together_lead_to_schema_sql(database_url: str, empty_database: str) -> None:
    """They start with the first version. Existing rows stay."""
    with psycopg.connect(empty_database) as connection:
        connection.execute(FIRST_SCHEMA.read_bytes())
        connection.execute("INSERT INTO schema_version (version) VALUES (1)")
        connection.execute("INSERT INTO users (id, username) VALUES ('u', 'u')")

    apply_schema(empty_database)

    assert catalog(empty_database) == catalog(database_url)
    with psycopg.connect(empty_database) as connection, psycopg.connect(database_url) as fresh:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)
        for query, at_least in ((TRIGGERS, 9), (FUNCTION, 1)):
            here = connection.execute(query.encode()).fetchall()
            assert len(here) >= at_least
            assert here == fresh.execute(query.encode()).fetchall()


def test_the_upgrade_adds_project_news_for_existing_memberships(empty_database: str) -> None:
    """The list of projects is then live for existing members, too."""
    with psycopg.connect(empty_database) as connection:
        connection.execute(FIRST_SCHEMA.read_bytes())
        connection.execute("INSERT INTO schema_version (version) VALUES (1)")
        connection.execute(
            "INSERT INTO users (id, username) VALUES ('u', 'u'), ('v', 'v');"
            "INSERT INTO projects (id, name) VALUES ('p', 'p');"
            "INSERT INTO projects_users (project_id, user_id) VALUES ('p', 'u'), ('p', 'v')"
        )

    apply_schema(empty_database)

    with psycopg.connect(empty_database) as connection:
        rows = connection.execute("SELECT user_id, project_id FROM project_news ORDER BY user_id").fetchall()
    assert rows == [("u", "p"), ("v", "p")]


def test_triggers_set_updated_at_at_every_update(database_url: str) -> None:
    """The UPDATE itself need not set it."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO users (id, username, updated_at) VALUES ('u', 'u', '2001-01-01');"
            "INSERT INTO projects (id, name, updated_at) VALUES ('p', 'p', '2001-01-01');"
            "INSERT INTO artifacts (id, project_id, type, data, updated_at)"
            " VALUES ('a', 'p', 'x', '{}', '2001-01-01');"
            "INSERT INTO transforms (id, project_id, type, updated_at) VALUES ('t', 'p', 'llm', '2001-01-01')"
        )
        for table in ("users", "projects", "artifacts", "transforms"):
            connection.execute(f"UPDATE {table} SET id = id".encode())

            year = connection.execute(f"SELECT extract(year FROM updated_at)::int FROM {table}".encode())

            assert (year.fetchone() or [0])[0] > 2001


def test_deleting_a_project_deletes_its_whole_graph(database_url: str) -> None:
    """Foreign keys cascade to every table."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO users (id, username) VALUES ('u', 'u');"
            "INSERT INTO projects (id, name) VALUES ('p', 'p');"
            "INSERT INTO projects_users (project_id, user_id) VALUES ('p', 'u');"
            "INSERT INTO artifacts (id, project_id, type, data) VALUES ('a', 'p', 'x', '{}');"
            "INSERT INTO transforms (id, project_id, type) VALUES ('t', 'p', 'llm');"
            "INSERT INTO transform_inputs (project_id, transform_id, artifact_id) VALUES ('p', 't', 'a');"
            "INSERT INTO transform_outputs (project_id, transform_id, artifact_id) VALUES ('p', 't', 'a');"
            "INSERT INTO llm_prompts (id, project_id, transform_id, prompt_text) VALUES ('l', 'p', 't', '');"
            "INSERT INTO llm_transforms (transform_id, project_id, model_name) VALUES ('t', 'p', 'm');"
            "INSERT INTO human_transforms (transform_id, project_id, action_type) VALUES ('t', 'p', 'x')"
        )

        connection.execute("DELETE FROM projects WHERE id = 'p'")

        for table in DESIGNED - {"users", "projects", "auth_providers", "user_sessions"}:
            assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table


def test_every_model_has_a_table_of_its_own() -> None:
    """No table has two models or none."""
    tables = [model.__tablename__ for model in vars(models).values() if hasattr(model, "__table__")]

    assert sorted(tables) == sorted(SQLModel.metadata.tables)


def test_the_upgrade_fills_counted_columns_from_json(empty_database: str) -> None:
    """Rows with unreadable JSON do not stop it, and updated_at stays."""
    ideas = [{"title": "甲", "body": "一"}, {"title": "乙", "body": "", "status": "writing"}]
    odd = [
        "",
        "not JSON",
        "[]",
        "null",
        '{"ideas": {}}',
        '{"ideas": [1, null]}',
        '{"ideas": [{"title": {}}]}',
    ]
    odd += ['{"ideas": "\\u0000"}', '{"ideas": 1e400}']
    with psycopg.connect(empty_database) as connection:
        connection.execute(FIRST_SCHEMA.read_bytes())
        connection.execute("INSERT INTO schema_version (version) VALUES (1)")
        connection.execute(
            "INSERT INTO users (id, username) VALUES ('u', 'u');"
            "INSERT INTO projects (id, name) VALUES ('p', 'p')"
        )
        for number, data in enumerate([json.dumps({"ideas": ideas}), *odd]):
            connection.execute(
                "INSERT INTO artifacts (id, project_id, type, data, updated_at)"
                " VALUES (%s, 'p', 'brainstorm_ideas', %s, '2026-01-01')",
                (f"a{number}", data),
            )
        for number, context in enumerate(['{"asked": [{"by": "u"}]}', '{"asked": {}}', "{"]):
            connection.execute("INSERT INTO projects (id, name) VALUES (%s, 'p')", (f"p{number}",))
            connection.execute(
                "INSERT INTO transforms (id, project_id, type, execution_context) VALUES (%s, %s, 'llm', %s)",
                (f"t{number}", f"p{number}", context),
            )

    apply_schema(empty_database)

    with psycopg.connect(empty_database) as connection:
        found = connection.execute("SELECT finished_ideas, titles FROM artifacts ORDER BY id").fetchall()
        touched = connection.execute("SELECT DISTINCT updated_at::date::text FROM artifacts").fetchall()
        asked = connection.execute("SELECT asked_by FROM transforms ORDER BY id").fetchall()
    assert found[0] == (1, "甲\n乙")
    assert len(found) == 1 + len(odd)
    assert touched == [("2026-01-01",)]
    assert asked == [("u",), (None,), (None,)]
