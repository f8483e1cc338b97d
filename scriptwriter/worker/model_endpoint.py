"""The endpoint of a model, by the settings, and the openai client for it."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import openai

from scriptwriter.services.runs.records import offered
from scriptwriter.settings import DEMO_MODEL, fits_in_header, settings
from scriptwriter.worker.demo_model import DemoModel
from scriptwriter.worker.model_faults import Misconfigured

_OPENAI_URL = "https://api.openai.com/v1"
_DEMO_URL = "http://demo.invalid/v1"
_PATH = "/chat/completions"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint; times in seconds.

    `base_url` may end with /chat/completions, and have a query, which each request gets. `headers` are sent
    with each request; `max_tokens` limits a reply. `silence` is the longest wait for the first byte, and
    between two. `setting` is the name of the setting with the address. With a `transport`, requests do not
    leave this process.
    """

    model: str
    base_url: str = _OPENAI_URL
    api_key: str = field(default="none", repr=False)
    silence: float = 60.0
    connect: float = 10.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    max_tokens: int | None = None
    setting: str = "OPENAI_BASE_URL"
    transport: httpx2.AsyncBaseTransport | None = field(default=None, repr=False, compare=False)

    @property
    def bare(self) -> bool:
        """Whether the address has no path, so that /v1 may be missing."""
        return not urlsplit(self.base_url.strip()).path.removesuffix(_PATH).strip("/")

    def client(self, path: str = "") -> openai.AsyncOpenAI:
        """A client that does not retry by itself, with `path` behind the address; the caller closes it.

        Raises Misconfigured where the settings do not allow one.
        """
        address, _, query = self.base_url.strip().partition("?")
        address = address.rstrip("/").removesuffix(_PATH).rstrip("/") + path
        key = self.api_key.strip()
        if not fits_in_header(key):
            raise Misconfigured("OPENAI_API_KEY")
        _check(address, self.setting)
        timeout = openai.Timeout(self.silence, connect=self.connect)
        if self.transport is not None:
            http = openai.DefaultAsyncHttpxClient(transport=self.transport, timeout=timeout)
        else:
            http = _http_client(address, timeout)
        return openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=address,
            default_headers=dict(self.headers),
            default_query=dict(parse_qsl(query)),
            max_retries=0,
            timeout=timeout,
            http_client=http,
        )


def _check(address: str, setting: str) -> None:
    """Raises Misconfigured where the port of an address is none."""
    try:
        known = urlsplit(address).port != 0
    except ValueError:
        known = False
    if not known:
        raise Misconfigured(setting)


def _http_client(address: str, timeout: openai.Timeout) -> openai.DefaultAsyncHttpxClient:
    """A client with the proxy of this machine for the address, and none for this machine itself."""
    name, proxy = _proxy(address)
    try:
        verify = _certificates()
    except (OSError, ValueError):
        raise Misconfigured("SSL_CERT_FILE") from None
    try:
        return openai.DefaultAsyncHttpxClient(verify=verify, timeout=timeout, proxy=proxy, trust_env=False)
    except (ImportError, ValueError, httpx2.InvalidURL):
        # The address of a proxy may hold a password, so it is not named.
        raise Misconfigured(name) from None


def _proxy(address: str) -> tuple[str, str | None]:
    """The variable with the proxy for an address, and the proxy; None for no proxy."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "", None
    proxies = getproxies()
    if host in _LOOPBACK or proxy_bypass(host):
        return "", None
    name = parts.scheme if proxies.get(parts.scheme) else "all"
    proxy = proxies.get(name, "").strip()
    return f"{name.upper()}_PROXY", (proxy if "://" in proxy else f"http://{proxy}") if proxy else None


def configured(model: str = "") -> Endpoint:
    """The endpoint of a model that the settings offer ("": the default one), or the demo model.

    Raises GenerationError as `offered` does.
    """
    known = settings()
    if known.demo:
        pace = known.demo_characters_per_second
        return Endpoint(DEMO_MODEL, _DEMO_URL, transport=DemoModel(pace))
    chosen = offered(model)
    key = chosen.api_key or known.openai_api_key
    return Endpoint(
        chosen.name,
        chosen.base_url or known.openai_base_url or _OPENAI_URL,
        key.get_secret_value() if key else "none",
        silence=known.model_silence_seconds,
        headers=(known.model_headers or {}) | chosen.headers,
        max_tokens=chosen.max_tokens or known.model_max_tokens,
        setting="MODELS" if chosen.base_url else "OPENAI_BASE_URL",
    )


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    # Reading the certificates blocks the event loop, which also serves the pages, for some 20 ms.
    return httpx2.create_ssl_context()
