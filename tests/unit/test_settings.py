"""Settings decide which servers and which model are used, and refuse unsafe combinations."""

import json
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from scriptwriter.operations.startup import why
from scriptwriter.settings import DEMO_MODEL, ModelOption, Settings

PRODUCTION = {"SCRIPTWRITER_ENV": "production", "SCRIPTWRITER_URL": "https://write.example"}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Ignore all settings of the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    names = [field.validation_alias or name for name, field in Settings.model_fields.items()]
    for name in [*map(str, names), "REDIS_URL", "REFLEX_REDIS_URL"]:
        monkeypatch.delenv(name.upper(), raising=False)


def settings_with(monkeypatch: pytest.MonkeyPatch, **values: Any) -> Settings:
    """The settings of an environment with these variables."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings()  # pyright: ignore[reportCallIssue]


def test_without_settings_everything_is_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedded database, worker in the web process, demo model, development mode."""
    known = settings_with(monkeypatch)

    assert (known.outside_database, known.electric_url, known.worker_inside) == (None, None, True)
    assert (known.demo, known.model_options[0].name, known.development) == (True, DEMO_MODEL, True)


def test_an_empty_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a copied .env.example changes nothing."""
    known = settings_with(monkeypatch, DATABASE_URL="", OPENAI_API_KEY="", EMBEDDED_WORKER="", REDIS_URL="")

    assert known == settings_with(monkeypatch)


def test_the_parts_of_a_database_url_are_combined(monkeypatch: pytest.MonkeyPatch) -> None:
    """DB_HOST and its companions replace DATABASE_URL; a password may contain any character."""
    known = settings_with(
        monkeypatch, DB_HOST="db", DB_PORT="5433", DB_NAME="s", DB_USER="u", DB_PASSWORD="p@/:"
    )

    assert known.outside_database == "postgresql://u:p%40%2F%3A@db:5433/s"
    assert not known.worker_inside


def test_database_url_takes_precedence_over_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The complete URL wins."""
    known = settings_with(monkeypatch, DATABASE_URL="postgresql://a/b", DB_HOST="db")

    assert known.outside_database == "postgresql://a/b"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_a_key_or_an_endpoint_disables_the_demo_model(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Either one means that a real model is used."""
    known = settings_with(monkeypatch, OPENAI_MODEL="a-model", **{name: "http://somewhere"})

    assert (known.demo, known.model_options) == (False, (ModelOption(name="a-model"),))


def test_an_outside_electric_needs_an_outside_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot see the embedded one, so no page would ever show a row."""
    with pytest.raises(ValidationError, match="cannot see the embedded Postgres"):
        settings_with(monkeypatch, ELECTRIC_URL="http://electric:3000")


def test_the_text_of_the_settings_contains_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a log of the settings nor the error for a refused value does."""
    secrets = {name: f"s3cret-{name}" for name in ("DB_PASSWORD", "ELECTRIC_SECRET", "OPENAI_API_KEY")}
    secrets["DATABASE_URL"] = "postgresql://u:s3cret@h/d"

    known = settings_with(monkeypatch, **secrets)

    assert "s3cret" not in repr(known)
    with pytest.raises(ValidationError) as refusal:
        settings_with(monkeypatch, WORKER_CONCURRENCY="s3cret")
    assert "s3cret" not in str(refusal.value)


def test_listed_models_are_offered_with_their_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is the default, and OPENAI_MODEL is ignored."""
    listed = '[{"name": "a", "input_price": 1, "output_price": 2}, {"name": "b", "api_key": "s3cret-b"}]'

    known = settings_with(monkeypatch, MODELS=listed, OPENAI_MODEL="ignored")

    assert [each.name for each in known.model_options] == ["a", "b"]
    first, second = known.model_options
    assert [known.model(name) for name in ("", "a", "b", "gone")] == [first, first, second, None]
    assert not known.demo
    assert "s3cret-b" in known.secrets and "s3cret-b" not in repr(known)


@pytest.mark.parametrize("around", [" {} ", "{}\n", "\t{}\r\n"])
def test_spaces_around_what_was_pasted_do_not_count(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    """Of the model's key, address and name."""
    pasted = {"OPENAI_API_KEY": "sk-a", "OPENAI_BASE_URL": "http://h/v1", "OPENAI_MODEL": "m"}
    listed = [
        {"name": around.format("a"), "base_url": around.format("http://h"), "api_key": around.format("k")}
    ]

    known = settings_with(monkeypatch, **{name: around.format(value) for name, value in pasted.items()})
    option = settings_with(monkeypatch, MODELS=json.dumps(listed)).models[0]

    assert known.openai_api_key and known.openai_api_key.get_secret_value() == "sk-a"
    assert (known.openai_base_url, known.openai_model) == ("http://h/v1", "m")
    assert option.api_key and option.api_key.get_secret_value() == "k"
    assert (option.name, option.base_url) == ("a", "http://h")


@pytest.mark.parametrize(
    "values",
    [
        {"OPENAI_API_KEY": "sk-密钥"},
        {"OPENAI_API_KEY": "sk-a\nsk-b"},
        {"OPENAI_BASE_URL": "http://h:99999/v1"},
        {"OPENAI_BASE_URL": "h/v1"},
        {"MODELS": '[{"name": "a", "base_url": "http://h:99999/v1"}]'},
        {"MODELS": '[{"name": "a", "api_key": "密钥"}]'},
        {"MODEL_HEADERS": '{"X Y": "a"}'},
        {"MODEL_HEADERS": '{"X-Y": "a\\nb"}'},
        {"MODEL_MAX_TOKENS": "0"},
    ],
)
def test_what_no_request_can_carry_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    """Rather than at somebody's first run; the value is not in the message."""
    [(name, value)] = values.items()
    with pytest.raises(ValidationError) as refusal:
        settings_with(monkeypatch, **values)

    assert name in why(refusal.value)
    assert value not in str(refusal.value)


def test_headers_and_the_limit_of_tokens_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all models, and of one; the value of a header may be a secret."""
    known = settings_with(
        monkeypatch,
        MODEL_HEADERS='{"X-Key": "s3cret"}',
        MODEL_MAX_TOKENS="4000",
        MODELS='[{"name": "a", "headers": {"X-Team": "b"}, "max_tokens": 8000}]',
    )

    assert (known.model_headers, known.model_max_tokens) == ({"X-Key": "s3cret"}, 4000)
    assert (known.models[0].headers, known.models[0].max_tokens) == ({"X-Team": "b"}, 8000)
    assert "s3cret" not in repr(known) and "s3cret" in known.secrets


@pytest.mark.parametrize(
    "listed", ["[{}]", '[{"name": "a", "input_price": 1}]', '[{"name": "a", "price": 1}]', "nonsense"]
)
def test_an_invalid_model_is_refused_at_startup(monkeypatch: pytest.MonkeyPatch, listed: str) -> None:
    """Not only when somebody starts a run."""
    with pytest.raises((ValidationError, SettingsError)):
        settings_with(monkeypatch, MODELS=listed)


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
def test_a_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str
) -> None:
    """A process that must not serve without it says so in one sentence."""
    assert named in settings_with(monkeypatch, **values).missing


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"ELECTRIC_URL": "http://e", "DATABASE_URL": "postgresql://h/d"},
        {"SCRIPTWRITER_ENV": "production", "SCRIPTWRITER_URL": "http://h"},
        {"OIDC_ISSUER": "https://i", "OIDC_CLIENT_ID": "us", "OIDC_CLIENT_SECRET": "s"},
    ],
)
def test_a_complete_configuration_misses_nothing(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    """Development needs no secrets, and unused features need none either."""
    assert settings_with(monkeypatch, **values).missing == ""


def test_proxies_are_named_as_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single addresses are accepted, too; anything else is refused at startup."""
    known = settings_with(monkeypatch, TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.1 fd00::/8").trusted_proxies

    assert [str(network) for network in known] == ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]
    with pytest.raises(ValidationError):
        settings_with(monkeypatch, TRUSTED_PROXIES="everybody")
