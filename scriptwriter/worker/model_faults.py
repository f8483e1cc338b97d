"""Turns what goes wrong with a model's endpoint into GenerationErrors: one classifier for all of it.

A complaint is classified by its codes, types and messages, at any HTTP status, in the body of a refusal, in a
body with status 200 and in a stream; the status decides where the words do not. Only fields that hold
messages are read, and in these no words of the prompt, which some endpoints repeat.

The errors carry no text from the endpoint, because an endpoint may echo the API key.
"""

import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import httpx2
import openai

from scriptwriter.domain.errors import GenerationError
from scriptwriter.worker.reply_events import objects

TRANSIENT = frozenset({"rate_limited", "model_unavailable", "cannot_connect", "reply_cut", "reply_empty"})
"""The faults after which an automatic retry may succeed."""

_TOO_LONG = (
    r"request too large|exceed\w{0,3} .{0,20}token limit|context.?(?:length|window|size)|maximum context"
    r"|too many (?:input )?tokens"
    r"|(?:prompt|input|request) (?:is |was )?too (?:long|large)|max_model_len|string_above_max"
    r"|reduce the length"
    r"|exceeds? the (?:model's )?(?:maximum )?(?:context|sequence|input)|input.{0,20}length"
    r"|上下文.{0,10}(?:长度|超)"
    r"|超.{0,6}(?:长度|上下文)|(?:输入|prompt).{0,6}(?:超长|过长|太长)|token.{0,6}超"
)
_DAILY = r"per[ _-]?day|daily|[tr]pd\b|(?:今日|每日|当日|每天).{0,10}(?:额度|限额|次数|上限|用完)"
_QUOTA = (
    r"insufficient[ _-]?(?:account[ _-]?)?(?:user[ _-]?)?(?:balance|quota|credit|fund|amount)"
    r"|exceeded_current_quota|arrear|overdue|credit balance|(?:out of|no|more|enough|remaining) credits?\b"
    r"|credits? (?:\w{1,9} )?(?:exhausted|depleted|ran out|used up)|not enough (?:balance|credit|quota)"
    r"|account.{0,20}(?:good standing|suspended)|billing[ _](?:hard[ _])?(?:limit|not)|budget.{0,20}exceed"
    r"|exceed.{0,20}budget|payment[ _]required|usage[ _]limit|free.?tier.?only|spend(?:ing)?[ _]limit"
    r"|余额|欠费|充值|额度.{0,10}(?:用完|用尽|耗尽|不足|超|为零)|免费.{0,10}(?:额度|用完)"
    r"|套餐.{0,10}(?:到期|用完|过期|不足)"
)
_FILTER = (
    r"content[ _-]?(?:filter|policy|exists? risk|security|moderation)|content management policy"
    r"|data_?inspection"
    r"|inappropriate|responsible.?ai|sensitive[ _-]?(?:content|information|word|data|topic|text)"
    r"|moderation|safety"
    r"|flagged|prohibited|unsafe|harmful|risk control|敏感|违规|不安全|安全(?:策略|审核|限制)|风控"
    r"|审核.{0,4}(?:不|未)"
    r"|内容.{0,8}(?:风险|合规)|不合规"
)
_KEY = (
    r"invalid_api_key|authenticat|unauthori[sz]ed|login fail|鉴权|身份验证|未授权|没有权限"
    r"|permission[ _]denied|access[ _]?denied"
    r"|(?:api[ _-]?key|apikey).{0,40}(?:invalid|incorrect|not valid|expired|missing|wrong|required"
    r"|disabled|not found"
    r"|revoked|not provided)"
    r"|(?:invalid|incorrect|wrong|expired|missing|bad|unknown|no|provide|illegal).{0,20}(?:api[ _-]?key"
    r"|apikey"
    r"|access.?token|credential|access.?key)|invalid token|token (?:is )?(?:invalid|expired)"
    r"|(?:密钥|令牌|key).{0,12}(?:无效|错误|不正确|失效|过期|不存在|为空)|(?:无效|错误"
    r"|过期)的?.{0,6}(?:密钥|令牌|api)"
)
_NO_MODEL = (
    r"model[ _-]?not[ _-]?(?:found|exist|open)|no such model|unknown[ _]model"
    r"|invalid[ _]?model(?! (?:response|output))"
    r"|(?:invalid|wrong) model name|not a valid model|invalidendpointormodel|no models? loaded"
    r"|model.{0,80}(?:not exist|doesn't exist|not found|not (?:supported|open|valid|loaded|accessible)"
    r"|unknown"
    r"|decommissioned|deprecated|retired|discontinued|no longer"
    r"|(?:not|isn't) available(?!.{0,40}(?:moment|now|again|tempor)))|access to.{0,20}model"
    r"|no (?:available )?(?:channel|endpoints?|provider|deployment).{0,30}(?:model|found|for)"
    r"|deployment.{0,60}(?:not exist|not found)|模型.{0,40}(?:不存在|未找到|找不到|未开通|不支持|已下线"
    r"|无效|错误)"
    r"|(?:不存在|无效|未知|不支持).{0,6}模型|无可用渠道|没有.{0,6}模型"
)
_BUSY_RATE = (
    r"rate.?limit|too[ _]?many[ _]?requests|throttl|requests? per|tokens? per|\b[rt]pm\b|\bqps\b"
    r"|concurren|request limit"
    r"|slow down|resource.?(?:has been )?exhausted|速率|频率|频繁|限流|并发|限速|请求.{0,4}(?:过多|太多"
    r"|过快)"
)
_WEAK_QUOTA = r"quota|billing|balance|payment|额度|配额"
_REFUSED = (
    r"invalid[ _]?(?:request|param|argument|type|schema|value)|bad[ _]?request|unsupported|not support"
    r"|unrecogni[sz]ed"
    r"|unexpected (?:keyword|field|argument)|unknown (?:field|param|argument)|validation|not permitted"
    r"|参数|不支持|不合法"
)
_BUSY = r"overload|busy|unavailable|try again|tempor|timed? ?out|capacity|繁忙|过载|稍后|重试|超时"

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(words, re.IGNORECASE))
    for code, words in (
        ("prompt_too_long", _TOO_LONG),
        ("daily", _DAILY),
        ("quota_exhausted", _QUOTA),
        ("content_filtered", _FILTER),
        ("key_rejected", _KEY),
        ("model_not_found", _NO_MODEL),
        ("rate_limited", _BUSY_RATE),
        ("quota_exhausted", _WEAK_QUOTA),
        ("request_refused", _REFUSED),
        ("model_unavailable", _BUSY),
    )
)
"""What a complaint is about, by its words; the first rule that applies counts."""
_BY_STATUS = {401: "key_rejected", 403: "key_rejected", 402: "quota_exhausted", 413: "prompt_too_long"} | {
    404: "model_misconfigured",
    429: "rate_limited",
}
_CERTAIN = frozenset(
    {
        "prompt_too_long",
        "quota_exhausted",
        "content_filtered",
        "key_rejected",
        "model_not_found",
        "rate_limited",
    }
)
"""What words say with more certainty than the status."""
_VENDORS = {
    1002: "rate limit",
    1004: "authentication",
    1008: "insufficient balance",
    1026: "敏感",
    1027: "敏感",
} | {
    1039: "rate limit",
    2013: "invalid param",
    2049: "invalid api key",
}
"""What the numbers of MiniMax's `base_resp` say."""

_MESSAGE_KEYS = frozenset(
    [
        "message",
        "msg",
        "errormsg",
        "errmsg",
        "errormessage",
        "statusmsg",
        "retmsg",
        "detail",
        "details",
        "description",
        "errordescription",
        "title",
        "reason",
        "raw",
        "error",
        "reasons",
    ]
)
_CODE_KEYS = frozenset(
    ["code", "type", "status", "errorcode", "errcode", "statuscode", "param", "loc", "quotaid"]
)
_CONTAINERS = frozenset(
    [
        "error",
        "errors",
        "innererror",
        "detail",
        "details",
        "baseresp",
        "metadata",
        "response",
        "header",
        "cause",
        "data",
        "violations",
        "choice",
        "choices",
        "headers",
    ]
)
_MOST_WORDS = 4000
_MOST_PARTS = 200

_SPAN = re.compile(
    r"(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d{0,9})?)s)?(?:(\d{1,9}(?:\.\d{0,9})?)ms)?"
)
_IN_WORDS = re.compile(
    r"(?:again|retry|wait|reset)\w{0,3} ?(?:in|after|for)? ?(\d[\dhms.]{0,19}) ?(millisec|sec|min|hour)?"
    r"|(\d{1,4}) ?秒后",
    re.IGNORECASE,
)
_UNITS = {"millisec": "ms", "min": "m", "hour": "h"}

_NOT_CONNECTED = (httpx2.ConnectTimeout, httpx2.ConnectError, httpx2.PoolTimeout)


class Misconfigured(Exception):
    """The settings do not allow a request at all; `setting` is the one to change."""

    def __init__(self, setting: str) -> None:
        self.setting = setting
        super().__init__(setting)


@dataclass(slots=True)
class Complaint:
    """What an endpoint says of an error: its words, in small parts of its body, and how long to wait.

    `status` is the HTTP status of the response, or the one that the body names in a response with 200.
    """

    status: int | None = None
    codes: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    retry_after: float | None = None

    def says(self, pattern: re.Pattern[str], prompt: str = "") -> bool:
        """Whether it holds the words, and not only within what it repeats of the prompt."""
        if any(pattern.search(code) for code in self.codes):
            return True
        return any(
            not _repeated(text, found, prompt) for text in self.messages for found in pattern.finditer(text)
        )


def complaint_of(body: Any, status: int | None = None, headers: Mapping[str, str] | None = None) -> Complaint:
    """The complaint in the body of a response: its JSON, or its text."""
    complaint = Complaint(status)
    if isinstance(body, str):
        body = objects(body.strip().removeprefix("data:").strip()) or body
    if isinstance(body, str):
        # The text of a page says nothing that its status does not.
        if "<html" not in body[:500].lower() and "<!doctype" not in body[:500].lower():
            complaint.messages.append(body[:_MOST_WORDS])
    else:
        _gather(body, complaint)
    if status is not None:
        complaint.status = complaint.status if status >= 500 and complaint.status in _BY_STATUS else status
    asked = _asked(headers or {}, limited=status == 429)
    complaint.retry_after = asked if asked is not None else complaint.retry_after
    for text in complaint.messages:
        if complaint.retry_after is None and (found := _IN_WORDS.search(text)):
            number = (found[1] or found[3]).strip(".")
            plain = number.replace(".", "").isdigit()
            complaint.retry_after = _seconds(
                number + (_UNITS.get((found[2] or "").lower(), "s") if plain else "")
            )
    return complaint


def _gather(body: Any, complaint: Complaint) -> None:
    """Add the messages, codes, status and pause in a body, and in the objects in it that hold such."""
    waiting: list[Any] = [body]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting += value[:20]
        elif isinstance(value, str):
            _add_message(value, complaint, waiting)
        if not isinstance(value, dict):
            continue
        for name, each in value.items():
            key = "".join(filter(str.isalnum, name.lower()))
            if key == "headers" and isinstance(each, dict):
                pause = _asked(
                    {str(each_name).lower(): str(each[each_name]) for each_name in each}, limited=True
                )
                complaint.retry_after = complaint.retry_after if pause is None else pause
            elif key.startswith(("retrydelay", "retryafter")):
                pause = _seconds(f"{each}ms" if key.endswith("ms") else str(each))
                complaint.retry_after = complaint.retry_after if pause is None else pause
            elif key in _CODE_KEYS and isinstance(each, str | int | list):
                _add_code(each, complaint)
            elif key in _MESSAGE_KEYS and isinstance(each, str):
                _add_message(each, complaint, waiting)
            elif key in _CONTAINERS and isinstance(each, dict | list):
                waiting.append(each)


def _add_code(value: Any, complaint: Complaint) -> None:
    for code in value if isinstance(value, list) else [value]:
        text = str(code)[:100]
        complaint.codes.append(_VENDORS.get(code, text) if isinstance(code, int) else text)
        if text.isascii() and text.isdigit() and 400 <= int(text) < 600:
            complaint.status = int(text)


def _add_message(text: str, complaint: Complaint, waiting: list[Any]) -> None:
    inner = objects(text) if text.lstrip().startswith(("{", "[")) else None
    if inner:
        waiting.append(inner)
    else:
        complaint.messages.append(text[:_MOST_WORDS])


def _repeated(text: str, found: re.Match[str], prompt: str) -> bool:
    """Whether what was found belongs to a part of the prompt that the endpoint repeats."""
    if not prompt:
        return False
    start, end = found.span()
    for before, after in ((6, 0), (0, 6), (3, 3)):
        around = text[max(start - before, 0) : end + after]
        if len(around) >= end - start + 4 and around in prompt:
            return True
    return False


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
    if isinstance(error, Misconfigured):
        return fault("model_misconfigured", setting=error.setting)
    if isinstance(error, openai.APIStatusError):
        return fault_of_complaint(complaint_of_refusal(error), model)
    cause: BaseException | None = error
    seen: list[BaseException] = []
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
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


def complaint_of_refusal(error: openai.APIStatusError) -> Complaint:
    """The complaint of a response with an HTTP status of an error."""
    text = error.response.content.decode("utf-8", "replace").lstrip("\ufeff")
    return complaint_of(text, error.status_code, error.response.headers)


def fault_of_complaint(
    complaint: Complaint, model: str, prompt: str = "", setting: str = "OPENAI_BASE_URL"
) -> GenerationError:
    """The fault that a complaint is about. `setting` is the one of the endpoint's address."""
    status, pause = complaint.status, complaint.retry_after
    code = next((code for code, words in _RULES if complaint.says(words, prompt)), "")
    if code == "daily":
        soon = pause is not None and pause <= 300
        code = "rate_limited" if soon else "quota_exhausted"
    if status == 413 or code not in _CERTAIN:
        code = _BY_STATUS.get(status or 0) or code
    if not code and status is not None:
        code = "model_unavailable" if status in (408, 409, 425) or status >= 500 else "request_refused"
    match code or "model_unavailable":
        case "model_not_found":
            return fault("model_not_found", model=model)
        case "model_misconfigured":
            return fault("model_misconfigured", setting=setting)
        case "request_refused" | "model_unavailable" as named:
            return fault(named, status=status or "error", retry_after=pause)
        case named:
            return fault(named, retry_after=pause)


def _asked(headers: Mapping[str, str], *, limited: bool) -> float | None:
    """Seconds to wait, by the headers of a response; None where it does not say."""
    found = _seconds(headers.get("retry-after-ms", "") + "ms") if headers.get("retry-after-ms") else None
    for name in ("retry-after", "x-ratelimit-reset-after", "ratelimit-reset", "x-ratelimit-reset"):
        if found is None and (limited or name == "retry-after"):
            found = _seconds(headers.get(name, ""))
    if found is not None or not limited:
        return found
    resets = {
        name: seconds
        for name, value in headers.items()
        if "ratelimit" in name and "reset" in name and (seconds := _seconds(value)) is not None
    }
    spent = [
        seconds for name, seconds in resets.items() if headers.get(name.replace("reset", "remaining")) == "0"
    ]
    return max(spent) if spent else min(resets.values(), default=None)


def _seconds(value: str) -> float | None:
    """Seconds of a pause: a number, a moment, a date (RFC 9110, 10.2.3), or a span as 1m2.5s."""
    value = value.strip()[:60]
    seconds: float | None = None
    with suppress(ValueError):
        seconds = float(value)
        if seconds > 1e11:
            seconds /= 1000
        if seconds > 1e9:
            seconds -= time()
    if seconds is None and value and (span := _SPAN.fullmatch(value)):
        hours, minutes, rest, thousandths = (float(each or 0) for each in span.groups())
        seconds = hours * 3600 + minutes * 60 + rest + thousandths / 1000
    if seconds is None and value:
        with suppress(ValueError):
            seconds = (_moment(value) - datetime.now(UTC)).total_seconds()
    return None if seconds is None or not seconds < float("inf") else max(seconds, 0.0)


def _moment(value: str) -> datetime:
    with suppress(ValueError):
        return parsedate_to_datetime(value).astimezone(UTC)
    return datetime.fromisoformat(value).astimezone(UTC)
