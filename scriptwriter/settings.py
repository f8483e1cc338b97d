"""All settings: name in the environment, default and validation of each."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEMO_MODEL = "演示模式"


class ModelOption(BaseModel):
    """A model that people may choose. Unset fields default to OPENAI_*.

    `input_price` and `output_price` are for 1,000 tokens, in PRICE_CURRENCY. Set both or neither. `headers`
    are sent besides MODEL_HEADERS; `max_tokens` goes before MODEL_MAX_TOKENS.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=200)
    base_url: str | None = None
    api_key: SecretStr | None = None
    input_price: float | None = Field(default=None, ge=0)
    output_price: float | None = Field(default=None, ge=0)
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    max_tokens: int | None = Field(default=None, ge=1)

    @field_validator("name", "base_url", "api_key", mode="before")
    @classmethod
    def _trimmed(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @field_validator("base_url")
    @classmethod
    def _is_a_web_address(cls, value: str | None) -> str | None:
        if value is not None:
            _demand_address(value, ("http", "https"))
        return value

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        return _demand_key(value)

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: dict[str, str]) -> dict[str, str]:
        return _demand_headers(value)

    @model_validator(mode="after")
    def _both_prices_or_neither(self) -> Self:
        if (self.input_price is None) != (self.output_price is None):
            raise ValueError("set input_price and output_price, or neither")
        return self


class Settings(BaseSettings):
    """The settings of this process, from the environment and `.env`.

    An empty value counts as unset. Raises pydantic's ValidationError for an invalid value.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = Field(
        "development", validation_alias="SCRIPTWRITER_ENV"
    )
    data_dir: Path = Field(Path(".data"), validation_alias="SCRIPTWRITER_DATA_DIR")

    database_url: SecretStr | None = None
    db_host: str | None = None
    db_port: int = 5432
    db_name: str = "script_writer"
    db_user: str = "postgres"
    db_password: SecretStr = SecretStr("")

    electric_url: str | None = None
    electric_secret: SecretStr | None = None
    electric_live: Literal["sse", "long-poll"] = "sse"

    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    openai_model: str = "gpt-4o-mini"
    models: tuple[ModelOption, ...] = ()
    price_currency: str = Field("¥", max_length=8)
    model_headers: dict[str, str] | None = Field(None, repr=False)
    model_max_tokens: int | None = Field(None, ge=1)
    model_silence_seconds: float = Field(60.0, gt=0)
    model_retry_seconds: float = Field(5.0, gt=0)
    demo_characters_per_second: float = Field(28.0, gt=0)

    redis_url: SecretStr | None = Field(None, validation_alias=AliasChoices("REDIS_URL", "REFLEX_REDIS_URL"))
    embedded_worker: bool | None = None
    worker_concurrency: int = Field(20, ge=1)

    starts_per_minute: int = Field(10, ge=1)
    running_per_person: int = Field(3, ge=1)

    public_url: str | None = Field(None, validation_alias="SCRIPTWRITER_URL")

    metrics_token: SecretStr | None = None
    metrics_port: int | None = Field(None, ge=1, le=65535)

    registration: Literal["open", "closed"] = "open"
    registrations_per_hour: int = Field(10, ge=1)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = "SSO"
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()

    @field_validator("database_url")
    @classmethod
    def _libpq_reads_it(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            address = value.get_secret_value().strip()
            scheme = address.partition("://")[0] if "://" in address.partition("=")[0] else ""
            if scheme not in ("", "postgres", "postgresql"):
                raise ValueError(
                    "it begins with postgresql://, or is a key=value string such as host=… dbname=…"
                )
            try:
                conninfo_to_dict(address)
            except psycopg.Error:
                # psycopg's message may contain the password.
                raise ValueError(
                    "it is neither a postgresql:// URL nor a key=value string of libpq"
                ) from None
        return value

    @field_validator("electric_url", "public_url", "openai_base_url", "oidc_issuer")
    @classmethod
    def _is_a_web_address(cls, value: str | None) -> str | None:
        if value is not None:
            _demand_address(value, ("http", "https"))
        return value

    @field_validator("openai_api_key", "openai_base_url", "openai_model", mode="before")
    @classmethod
    def _trimmed(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @field_validator("openai_api_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        return _demand_key(value)

    @field_validator("model_headers")
    @classmethod
    def _are_headers(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        return None if value is None else _demand_headers(value)

    @field_validator("redis_url")
    @classmethod
    def _is_an_address_of_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _demand_address(value.get_secret_value(), ("redis", "rediss", "unix"))
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _an_outside_electric_watches_an_outside_database(self) -> Self:
        if self.electric_url and not self.outside_database:
            raise ValueError(
                "ELECTRIC_URL is set, but no database: an outside Electric cannot see the embedded Postgres. "
                "Set DATABASE_URL (or DB_HOST) too, or neither."
            )
        return self

    @property
    def outside_database(self) -> str | None:
        """The libpq URL of the database, or None to use the embedded Postgres."""
        if self.database_url:
            return self.database_url.get_secret_value()
        if not self.db_host:
            return None
        password = self.db_password.get_secret_value()
        user = quote(self.db_user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return f"postgresql://{user}@{self.db_host}:{self.db_port}/{quote(self.db_name, safe='')}"

    @property
    def secrets(self) -> frozenset[str]:
        """Values that must not appear in logs: secret settings, and passwords in URLs."""
        values = [value for _, value in self if isinstance(value, SecretStr)]
        values += [each.api_key for each in self.models if each.api_key]
        found = {value.get_secret_value() for value in values}
        headers = [self.model_headers or {}, *(each.headers for each in self.models)]
        found |= {value.removeprefix("Bearer ") for each in headers for value in each.values()}
        addresses = [self.openai_base_url, self.electric_url, *(each.base_url for each in self.models)]
        for address in [*found, *(address or "" for address in addresses)]:
            password = _password_in(address)
            if password:
                found |= {password, unquote(password)}
        return frozenset(found - {""})

    @property
    def postgres_folder(self) -> Path:
        """The data folder of the embedded Postgres."""
        return self.data_dir.resolve() / "postgres"

    @property
    def demo(self) -> bool:
        """Whether the demo model is used, because no key, endpoint or model is set."""
        return not (self.openai_api_key or self.openai_base_url or self.models)

    @property
    def model_options(self) -> tuple[ModelOption, ...]:
        """The offered models, the default first; never empty."""
        return self.models or (ModelOption(name=DEMO_MODEL if self.demo else self.openai_model),)

    def model(self, name: str = "") -> ModelOption | None:
        """The offered model with this name ("" for the default); None if there is none."""
        return next((each for each in self.model_options if name in ("", each.name)), None)

    @property
    def development(self) -> bool:
        """Whether this is development, where the test user exists."""
        return self.environment == "development"

    @property
    def secure(self) -> bool:
        """Whether browsers use https only."""
        return (self.public_url or "").startswith("https://")

    @property
    def missing(self) -> str:
        """A sentence on the missing setting without which a process must not serve; "" if there is none."""
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            return "OIDC_ISSUER is set, but not both of OIDC_CLIENT_ID and OIDC_CLIENT_SECRET: set all three."
        if self.development:
            return ""
        if not self.public_url:
            return "SCRIPTWRITER_URL is not set: in production only the address that people open may be used."
        if self.electric_url and not self.electric_secret:
            return "ELECTRIC_URL is set, but not ELECTRIC_SECRET: without it anybody reads every project."
        return ""

    @property
    def worker_inside(self) -> bool:
        """Whether the web process also runs the worker. By default it does only with an embedded database."""
        return self.outside_database is None if self.embedded_worker is None else self.embedded_worker


def _demand_address(value: str, schemes: tuple[str, ...]) -> None:
    """Raises ValueError unless `value` is a URL of one of these schemes, with a host and a possible port."""
    try:
        parts = urlsplit(value)
        named = bool(parts.hostname or parts.scheme == "unix") and parts.port != 0
        named = named and parts.scheme in schemes and not any(each.isspace() for each in value)
    except ValueError:
        named = False
    if not named:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes[:2])
        raise ValueError(f"it is not an address that begins with {wanted} and names a host")


def fits_in_header(value: str) -> bool:
    """Whether a header of a request can contain the value: printable ASCII only."""
    return value.isascii() and value.isprintable()


def _demand_key(value: SecretStr | None) -> SecretStr | None:
    """The key without spaces around it. Raises ValueError if a header cannot contain it."""
    if value is None:
        return None
    key = value.get_secret_value().strip()
    if not fits_in_header(key):
        raise ValueError("a key has letters, digits and signs of ASCII only, and no line ends")
    return SecretStr(key) if key else None


def _demand_headers(value: dict[str, str]) -> dict[str, str]:
    """Raises ValueError unless these can be headers of a request."""
    for name, content in value.items():
        named = bool(name) and name.isascii() and name.replace("-", "").replace("_", "").isalnum()
        if not (named and fits_in_header(content)):
            raise ValueError("names have letters, digits and - only, and values have printable ASCII only")
    return value


def _password_in(address: str) -> str | None:
    """The password inside of a URL or of a key=value string of libpq's."""
    try:
        if "://" in address:
            return urlsplit(address).password
        return str(conninfo_to_dict(address).get("password") or "") if "=" in address else None
    except (ValueError, psycopg.Error):
        return None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()  # pyright: ignore[reportCallIssue]: pydantic-settings fills the fields
