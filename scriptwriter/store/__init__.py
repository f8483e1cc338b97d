"""Postgres: engine and `transaction()`, SQLModel tables, schema versions."""
