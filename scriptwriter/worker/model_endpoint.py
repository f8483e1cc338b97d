"""The endpoint of a model, by the settings, and the openai client for it."""

import ssl
from dataclasses import dataclass, field
from functools import lru_cache

import httpx2
import openai

from scriptwriter.services.runs.records import offered
from scriptwriter.settings import DEMO_MODEL, settings
from scriptwriter.worker.demo_model import DemoModel

_OPENAI_URL = "https://api.openai.com/v1"
_DEMO_URL = "http://demo.invalid/v1"


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint; times in seconds.

    `silence` is the longest wait for the first byte, and between two. With a `transport`, requests do not
    leave this process.
    """

    model: str
    base_url: str = _OPENAI_URL
    api_key: str = field(default="none", repr=False)
    silence: float = 60.0
    connect: float = 10.0
    transport: httpx2.AsyncBaseTransport | None = field(default=None, repr=False, compare=False)

    def client(self) -> openai.AsyncOpenAI:
        """A client that does not retry by itself; the caller closes it."""
        timeout = openai.Timeout(self.silence, connect=self.connect)
        if self.transport is not None:
            http = openai.DefaultAsyncHttpxClient(transport=self.transport, timeout=timeout)
        else:
            http = openai.DefaultAsyncHttpxClient(verify=_certificates(), timeout=timeout)
        return openai.AsyncOpenAI(
            api_key=self.api_key, base_url=self.base_url, max_retries=0, timeout=timeout, http_client=http
        )


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
    )


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    # Reading the certificates blocks the event loop, which also serves the pages, for some 20 ms.
    return httpx2.create_ssl_context()
