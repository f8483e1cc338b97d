"""Turns exceptions of openai and httpx2, and refusals of an endpoint, into GenerationErrors.

The errors carry no text from the endpoint, because an endpoint may echo the API key.
"""

import contextlib
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai

from scriptwriter.domain.errors import GenerationError

TRANSIENT = frozenset({"rate_limited", "model_unavailable", "cannot_connect", "reply_cut", "reply_empty"})
"""The faults after which an automatic retry may succeed."""

_QUOTA = re.compile(r"insufficient|arrearage|credit balance|余额|欠费|额度", re.IGNORECASE)
_FILTER = re.compile(
    r"content_filter|content_policy|content management policy|data_inspection|inappropriate|敏感|违规",
    re.IGNORECASE,
)
_KEY = re.compile(r"api[ _-]?key", re.IGNORECASE)
_TOO_LONG = re.compile(r"context_length|context length|maximum context|too many tokens", re.IGNORECASE)
_NO_MODEL = re.compile(r"model_not_found|model .{0,80}(?:not exist|not found|unknown)", re.IGNORECASE)

_NOT_CONNECTED = (httpx2.ConnectTimeout, httpx2.ConnectError, httpx2.PoolTimeout)


def fault(code: str, *, retry_after: float | None = None, **params: Any) -> GenerationError:
    """The GenerationError `code`, for a run without a finished idea; see `at`."""
    defaults = {"finished": 0, "number": 1}
    return GenerationError(code, transient=code in TRANSIENT, retry_after=retry_after, **(defaults | params))


def at(error: GenerationError, *, finished: int, count: int, missing: int, number: int) -> GenerationError:
    """`error` with where it happened: at idea `number` (from 1), with `finished` of `count` written."""
    progress = {"finished": finished, "count": count, "missing": missing, "number": number}
    return GenerationError(
        error.code,
        transient=error.transient,
        retry_after=error.retry_after,
        **(error.params | progress),
    )


def fault_of(error: Exception, *, model: str, silence: float) -> GenerationError:
    """The fault of an exception of the openai client, or of the connection under it.

    `silence` is the timeout, in seconds, for the text.
    """
    cause: BaseException | None = error
    seen: list[BaseException] = []
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, openai.APIStatusError):
        words = f"{error.code} {error.type} {error.message} {error.body}"
        return fault_of_status(error.status_code, words, error.response.headers, model)
    if any(isinstance(each, _NOT_CONNECTED) for each in seen):
        # The other subclasses of SSLError are about ordinary reading and writing.
        untrusted = any(type(each) in (ssl.SSLError, ssl.SSLCertVerificationError) for each in seen)
        return fault("connection_untrusted" if untrusted else "cannot_connect")
    if any(isinstance(each, httpx2.TimeoutException | openai.APITimeoutError) for each in seen):
        return fault("model_silent", seconds=round(silence))
    if any(isinstance(each, httpx2.NetworkError | httpx2.ProtocolError) for each in seen):
        return fault("reply_cut")
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError | httpx2.InvalidURL):
        return fault("cannot_connect")
    return fault("reply_unreadable")


def fault_of_status(status: int, words: str, headers: Mapping[str, str], model: str) -> GenerationError:
    """The fault of a refusal with the HTTP status `status`; `words` is all text of the response."""
    if status == 402 or (status in (400, 403, 429) and _QUOTA.search(words)):
        return fault("quota_exhausted")
    if status in (401, 403) or (status == 400 and _KEY.search(words)):
        return fault("content_filtered" if _FILTER.search(words) else "key_rejected")
    if status == 404 or (status == 400 and _NO_MODEL.search(words)):
        return fault("model_not_found", model=model)
    if status == 429:
        return fault("rate_limited", retry_after=_retry_after(headers))
    if status in (408, 409, 425) or status >= 500:
        return fault("model_unavailable", retry_after=_retry_after(headers), status=status)
    if status == 413 or _TOO_LONG.search(words):
        return fault("prompt_too_long")
    if _FILTER.search(words):
        return fault("content_filtered")
    return fault("request_refused", status=status)


def fault_in_stream(complaint: Any, model: str) -> GenerationError:
    """The fault of an error object in the middle of a stream."""
    fields = complaint if isinstance(complaint, dict) else {}
    code = str(fields.get("status") or fields.get("code") or "")
    status = int(code) if code.isascii() and code.isdigit() and 400 <= int(code) < 600 else None
    words = str(complaint)
    if status is None and _FILTER.search(words):
        return fault("content_filtered")
    if status is None and re.search(r"rate.?limit", words, re.IGNORECASE):
        status = 429
    return fault_of_status(status or 500, words, {}, model)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3: a number or a date), or None."""
    value = headers.get("retry-after", "").strip()
    seconds: float | None = None
    with contextlib.suppress(ValueError):
        seconds = float(value)
    if seconds is None and value:
        with contextlib.suppress(ValueError):
            moment = parsedate_to_datetime(value)
            seconds = (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return None if seconds is None or not seconds < float("inf") else max(seconds, 0.0)
