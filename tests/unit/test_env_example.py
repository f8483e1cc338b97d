""".env.example and docker-compose.yml contain every setting."""

from pathlib import Path

import yaml
from pydantic import AliasChoices

from scriptwriter.settings import Settings

ROOT = Path(__file__).parents[2]


def names() -> set[str]:
    """The name of every setting in the environment."""
    found = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        found.add(str(alias.choices[0] if isinstance(alias, AliasChoices) else alias or name).upper())
    return found


def example() -> dict[str, str]:
    """The variables that .env.example sets."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_names_every_setting_and_no_other() -> None:
    """Except WEB_PORT, which only docker compose uses."""
    assert set(example()) == names() | {"WEB_PORT"}


def test_the_example_gives_the_defaults() -> None:
    """Copying it to .env changes nothing."""
    import os

    kept = {name: os.environ.pop(name) for name in names() if name in os.environ}
    try:
        defaults = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]
        copied = Settings(_env_file=ROOT / ".env.example")  # pyright: ignore[reportCallIssue]
    finally:
        os.environ.update(kept)

    assert copied == defaults


def test_compose_starts_each_service_after_the_services_that_it_needs() -> None:
    """Also health checks, volumes, a pinned Electric with a secret, and ports on loopback only."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services = compose["services"]

    assert set(services) == {"postgres", "schema", "electric", "redis", "web", "worker"}
    assert all("healthcheck" in service for name, service in services.items() if name != "schema")
    assert services["electric"]["image"] == "electricsql/electric:1.7.12"
    assert "ELECTRIC_SECRET" in services["electric"]["environment"]
    assert all(port.startswith("127.0.0.1:") for port in services["electric"]["ports"])
    assert "ports" not in services["postgres"] and "ports" not in services["redis"]
    settings = " ".join(services["postgres"]["command"])
    assert "wal_level=logical" in settings and "max_slot_wal_keep_size=" in settings
    assert set(compose["volumes"]) == {"postgres-data", "electric-data"}
    assert set(services["web"]["environment"]) <= names()
    for dependent in ("electric", "web", "worker"):
        assert services[dependent]["depends_on"]["schema"]["condition"] == "service_completed_successfully"
