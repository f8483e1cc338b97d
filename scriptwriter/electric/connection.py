"""The HTTP client of a stream, its timeouts, and how the secret is kept out of logs and errors."""

import json
import logging
import ssl
from functools import cache
from urllib.parse import quote, quote_plus

import httpx

from . import protocol

SNAPSHOT_TIMEOUT = httpx.Timeout(10.0, read=90.0)
LONG_POLL_TIMEOUT = httpx.Timeout(10.0, read=protocol.LONG_POLL_SECONDS + 15)
STREAM_TIMEOUT = httpx.Timeout(10.0, read=2 * protocol.KEEP_ALIVE_SECONDS + 3)
STREAM_OPENS_WITHIN = 10.0

CUT = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError)
"""The errors of httpx when the server has closed the connection, as it may do between any two requests."""

_HIDDEN = "hidden"


def shape_client() -> httpx.AsyncClient:
    """Create an HTTP client that limits no connections and uses no proxy from the environment.

    Give each stream a client of its own. For every request httpx searches all connections of the client,
    which for hundreds of streams takes more time than handling their events.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(verify=_certificates(), limits=limits, trust_env=False)


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # takes 20 ms: once for all streams


def without(secret: str | None, body: bytes) -> bytes:
    """The body without the secret. An error page may repeat the URL, and the secret in it."""
    if not secret:
        return body
    for form in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]):
        body = body.replace(form.encode(), _HIDDEN.encode())
    return body


def keep_secrets_out_of_the_log() -> None:
    """Filter httpx' log: it has each URL at INFO, and Electric accepts its secret in the URL only."""
    logging.getLogger("httpx").addFilter(_hide)


def _hide(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(_hidden(arg) if isinstance(arg, httpx.URL) else arg for arg in record.args)
    return True


def _hidden(url: httpx.URL) -> httpx.URL:
    return url.copy_set_param(protocol.SECRET, _HIDDEN) if protocol.SECRET in url.params else url
