"""Which servers and which model serve is decided by settings alone."""

from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from scriptwriter.settings import DEMO_MODEL, ModelOption, Settings

PRODUCTION = {"SCRIPTWRITER_ENV": "production", "SCRIPTWRITER_URL": "https://write.example"}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """No setting of the machine that runs the tests counts."""
    monkeypatch.chdir(tmp_path)
    names = [field.validation_alias or name for name, field in Settings.model_fields.items()]
    for name in [*map(str, names), "REDIS_URL", "REFLEX_REDIS_URL"]:
        monkeypatch.delenv(name.upper(), raising=False)


def of(monkeypatch: pytest.MonkeyPatch, **values: Any) -> Settings:
    """The settings of an environment with these values."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings()  # pyright: ignore[reportCallIssue]


def test_a_fresh_machine_serves_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set: embedded database, worker inside, demo model, development."""
    known = of(monkeypatch)

    assert (known.outside_database, known.electric_url, known.worker_inside) == (None, None, True)
    assert (known.demo, known.model_options[0].name, known.development) == (True, DEMO_MODEL, True)


def test_an_empty_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copied .env.example changes nothing."""
    known = of(monkeypatch, DATABASE_URL="", OPENAI_API_KEY="", EMBEDDED_WORKER="", REDIS_URL="")

    assert known == of(monkeypatch)


def test_the_parts_of_a_database_make_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """DB_HOST and its companions serve as DATABASE_URL does; a password may hold anything."""
    known = of(monkeypatch, DB_HOST="db", DB_PORT="5433", DB_NAME="s", DB_USER="u", DB_PASSWORD="p@/:")

    assert known.outside_database == "postgresql://u:p%40%2F%3A@db:5433/s"
    assert not known.worker_inside


def test_a_database_url_comes_before_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One address wins, and it is the whole one."""
    known = of(monkeypatch, DATABASE_URL="postgresql://a/b", DB_HOST="db")

    assert known.outside_database == "postgresql://a/b"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_a_key_or_an_address_ends_the_demo(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Either says that a real model shall answer."""
    known = of(monkeypatch, OPENAI_MODEL="a-model", **{name: "http://somewhere"})

    assert (known.demo, known.model_options) == (False, (ModelOption(name="a-model"),))


def test_an_outside_electric_needs_an_outside_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not see the embedded one, so no screen would ever show a row."""
    with pytest.raises(ValidationError, match="cannot see the embedded Postgres"):
        of(monkeypatch, ELECTRIC_URL="http://electric:3000")


def test_no_secret_is_in_the_settings_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of the settings gives nothing away, nor does a refused value."""
    secrets = {name: f"s3cret-{name}" for name in ("DB_PASSWORD", "ELECTRIC_SECRET", "OPENAI_API_KEY")}
    secrets["DATABASE_URL"] = "postgresql://u:s3cret@h/d"

    known = of(monkeypatch, **secrets)

    assert "s3cret" not in repr(known)
    with pytest.raises(ValidationError) as refusal:
        of(monkeypatch, WORKER_CONCURRENCY="s3cret")
    assert "s3cret" not in str(refusal.value)


def test_listed_models_are_offered_with_their_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is the default, whatever OPENAI_MODEL says; there is no other."""
    listed = '[{"name": "a", "input_price": 1, "output_price": 2}, {"name": "b", "api_key": "s3cret-b"}]'

    known = of(monkeypatch, MODELS=listed, OPENAI_MODEL="ignored")

    assert [each.name for each in known.model_options] == ["a", "b"]
    first, second = known.model_options
    assert [known.model(name) for name in ("", "a", "b", "gone")] == [first, first, second, None]
    assert not known.demo
    assert "s3cret-b" in known.secrets and "s3cret-b" not in repr(known)


@pytest.mark.parametrize(
    "listed", ["[{}]", '[{"name": "a", "input_price": 1}]', '[{"name": "a", "price": 1}]', "nonsense"]
)
def test_a_model_that_cannot_be_used_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, listed: str
) -> None:
    """Rather than at somebody's first run."""
    with pytest.raises((ValidationError, SettingsError)):
        of(monkeypatch, MODELS=listed)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"SCRIPTWRITER_ENV": "production"}, "SCRIPTWRITER_URL"),
        (PRODUCTION | {"ELECTRIC_URL": "http://e", "DATABASE_URL": "postgresql://h/d"}, "ELECTRIC_SECRET"),
        ({"OIDC_ISSUER": "https://i"}, "OIDC_CLIENT_ID"),
        ({"OIDC_ISSUER": "https://i", "OIDC_CLIENT_ID": "us"}, "OIDC_CLIENT_SECRET"),
        (PRODUCTION | {"OIDC_ISSUER": "https://i", "OIDC_CLIENT_SECRET": "s"}, "OIDC_CLIENT_ID"),
    ],
)
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str
) -> None:
    """A process that must not serve like this says it in one sentence."""
    assert named in of(monkeypatch, **values).missing


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"ELECTRIC_URL": "http://e", "DATABASE_URL": "postgresql://h/d"},
        {"SCRIPTWRITER_ENV": "production", "SCRIPTWRITER_URL": "http://h"},
        {"OIDC_ISSUER": "https://i", "OIDC_CLIENT_ID": "us", "OIDC_CLIENT_SECRET": "s"},
    ],
)
def test_nothing_is_missing_where_nothing_is(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    """A developer needs no secret, and nobody the ones of what they do not use."""
    assert of(monkeypatch, **values).missing == ""


def test_proxies_are_named_as_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses too; anything else is refused at the start."""
    known = of(monkeypatch, TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.1 fd00::/8").trusted_proxies

    assert [str(network) for network in known] == ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]
    with pytest.raises(ValidationError):
        of(monkeypatch, TRUSTED_PROXIES="everybody")
