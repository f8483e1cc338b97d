"""Owns how a stream connects: its client, timeouts, and a secret that stays out of logs. Knows no state."""

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
"""How a connection ends that the other side closed, as it may do between any two requests."""

_HIDDEN = "hidden"


def shape_client() -> httpx.AsyncClient:
    """A client without a limit of connections, and without a proxy on the way to Electric.

    Best one for each stream: httpx' pool looks at all its connections for every request, which for hundreds
    of streams on one client comes to more work than all their events.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(verify=_certificates(), limits=limits, trust_env=False)


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # takes 20 ms, so not once for each stream


def without(secret: str | None, body: bytes) -> bytes:
    """A body that may repeat our URL, as error pages do, fit to be shown."""
    if not secret:
        return body
    for form in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]):
        body = body.replace(form.encode(), _HIDDEN.encode())
    return body


def keep_secrets_out_of_the_log() -> None:
    """httpx logs each whole URL at INFO, and Electric takes its secret nowhere but in the URL."""
    logging.getLogger("httpx").addFilter(_hide)


def _hide(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(_hidden(arg) if isinstance(arg, httpx.URL) else arg for arg in record.args)
    return True


def _hidden(url: httpx.URL) -> httpx.URL:
    return url.copy_set_param(protocol.SECRET, _HIDDEN) if protocol.SECRET in url.params else url
