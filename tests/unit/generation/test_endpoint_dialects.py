"""The ways in which endpoints answer beside the form of OpenAI, each with a reply in our own words."""

# ruff: noqa: E501

import json
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from scriptwriter.domain.errors import GenerationError
from scriptwriter.worker.model_client import Call, Words, answer
from scriptwriter.worker.model_endpoint import Endpoint
from tests.support.model_server import (
    DONE,
    USAGE,
    Answer,
    Exchange,
    ModelServer,
    delta,
    event,
    ideas_text,
    refused,
    spoken,
)

TEXT = ideas_text([1, 2])
HALF = len(TEXT) // 2
PROMPT = "请写一个关于余额不足、欠费和敏感内容的故事，主角的 api key 无效，预算 rate limit 也到了。"
STOP = delta("stop")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def sent(*values: Any) -> list[bytes]:
    """Each value as the data of one event."""
    return [
        f"data: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}\n\n".encode()
        for value in values
    ]


def parts(*paths: str, text: str = TEXT) -> list[dict[str, Any]]:
    """The text in two parts, at the place of these keys ("0": the first item of a list)."""
    made = []
    for piece in (text[:HALF], text[HALF:]):
        value: Any = piece
        for key in reversed(paths):
            value = [value] if key == "0" else {key: value}
        made.append(value)
    return made


def answered(body: Any, status: int = 200) -> Answer:
    return Answer(
        [json.dumps(body, ensure_ascii=False, indent=2).encode()],
        status,
        {"content-type": "application/json"},
    )


GOOD = [delta(content=TEXT[:HALF]), delta(content=TEXT[HALF:]), STOP]
LINES = [each.decode().removeprefix("data: ").strip() for each in GOOD]

READABLE: dict[str, Answer] = {
    "null before good events": Answer([b"data: null\n\n", *GOOD, DONE]),
    "a comment as data": Answer([b"data: : PROCESSING\n\n", *GOOD, DONE]),
    "a broken event among good ones": Answer([GOOD[0], b"data: {\n\n", *GOOD[1:], DONE]),
    "a broken event without an empty line": Answer([GOOD[0], b'data: {"choices": [{"del\n', *GOOD[1:], DONE]),
    "a byte order mark": Answer([b"\xef\xbb\xbf", *GOOD, DONE]),
    "JSON by lines": Answer(["\n".join(LINES).encode()]),
    "JSON by lines, one broken": Answer(["\n".join([LINES[0], '{"choices":[{', *LINES[1:]]).encode()]),
    "arrays as data": Answer([*sent(*(f"[{line}]" for line in LINES)), DONE]),
    "one array": Answer([f"[{','.join(LINES)}]".encode()]),
    "one array by lines": Answer([("[" + ",\n".join(LINES) + "]").encode()]),
    "CR alone": Answer([b"".join([*GOOD, DONE]).replace(b"\n", b"\r")]),
    "CR and LF in two pieces": Answer([*[piece for each in GOOD for piece in (each.rstrip() + b"\r", b"\n\r", b"\n")], DONE]),
    "data twice": Answer([b"data: " + each for each in [*GOOD, DONE]]),
    "an event over two lines": Answer([*[each.replace(b'"choices"', b'\ndata: "choices"') for each in GOOD], DONE]),
    "names and numbers of events": Answer([b"event: message\nid: 1\nretry: 5\n" + each for each in [*GOOD, DONE]]),
    "an error that is none": Answer([*sent(*(json.loads(line) | {"error": None, "code": 0, "msg": "success"} for line in LINES)), DONE]),
    "keep-alive objects": Answer([*sent({"status": "processing", "message": "queued"}, {"type": "ping"}, {}), *GOOD, DONE]),
    "one indented object": answered({"choices": [{"index": 0, "message": {"content": TEXT}, "finish_reason": "stop"}], "usage": USAGE}),
    "a wrapper": answered({"code": 0, "msg": "ok", "data": {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}}),
    "text of completions": Answer([*sent(*({"choices": [each]} for each in parts("text"))), STOP, DONE]),
    "content as a list of strings": Answer([*sent(*({"choices": [{"delta": each}]} for each in parts("content", "0"))), STOP, DONE]),
    "content as an object": Answer([*sent({"choices": [{"delta": {"content": json.loads(TEXT)}}]}), STOP, DONE]),
    "content as an object with a text": Answer([*sent(*({"choices": [{"delta": each}]} for each in parts("content", "text"))), STOP, DONE]),
    "tool calls": Answer([*sent(*({"choices": [{"delta": each}]} for each in parts("tool_calls", "0", "function", "arguments"))), delta("tool_calls"), DONE]),
    "a function call": Answer([*sent(*({"choices": [{"delta": each}]} for each in parts("function_call", "arguments"))), delta("function_call"), DONE]),
    "all text so far": Answer([*(delta(content=TEXT[:end]) for end in (1, 2, 9, HALF, HALF, len(TEXT))), STOP, DONE]),
    "all text again at the end": Answer([*GOOD[:2], event(choices=[{"index": 0, "delta": {}, "message": {"content": TEXT}, "finish_reason": "stop"}]), DONE]),
    "Ollama": Answer([b"".join(json.dumps(each).encode() + b"\n" for each in [*parts("message", "content"), {"message": {"content": ""}, "done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 22}])]),
    "Gemini": Answer([*sent(*({"candidates": [each]} for each in parts("content", "parts", "0", "text"))), *sent({"candidates": [{"finishReason": "STOP"}]})]),
    "Anthropic": Answer([*sent(*({"type": "content_block_delta", **each} for each in parts("delta", "text")), {"type": "message_delta", "delta": {"stop_reason": "end_turn"}})]),
    "Responses": Answer([*sent(*({"type": "response.output_text.delta", **each} for each in parts("delta")), {"type": "response.completed", "response": {"output": []}}), DONE]),
    "the ideas themselves": answered(json.loads(TEXT)),
    "parsed content": answered({"choices": [{"message": {"content": None, "parsed": json.loads(TEXT)}, "finish_reason": "stop"}]}),
    "choices by number": Answer([*sent(*({"choices": {"0": {"delta": {"content": piece}}}} for piece in (TEXT[:HALF], TEXT[HALF:]))), DONE]),
    "llama.cpp's own": Answer([*sent(*({"stop": False} | each for each in parts("content")), {"content": "", "stop": True})]),
    "DashScope": answered({"output": {"text": TEXT, "finish_reason": "stop"}, "usage": {"input_tokens": 1, "output_tokens": 2}}),
    "another choice in between": Answer([GOOD[0], event(choices=[{"index": 1, "delta": {"content": "别的"}}]), *GOOD[1:], DONE]),
    "an unknown reason": Answer([*GOOD[:2], delta("whatever"), DONE]),
    "end_turn": Answer([*GOOD[:2], delta("end_turn"), DONE]),
    "an empty reason and an end": Answer([*GOOD[:2], delta(""), DONE]),
    "a trickle of empty deltas": Answer([delta(content=""), GOOD[0], delta(content=None), delta(), *GOOD[1:], DONE]),
}  # fmt: skip


async def ask(endpoint: Endpoint, count: int | None = None) -> tuple[str, Call]:
    call = Call(endpoint.model)
    text = ""
    async with aclosing(answer(endpoint, PROMPT, call, count)) as pieces:
        async for piece in pieces:
            text += piece.text if isinstance(piece, Words) else ""
    return text, call


async def fail(endpoint: Endpoint) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        await ask(endpoint)
    return caught.value


def at(server: ModelServer, **more: Any) -> Endpoint:
    return Endpoint("test-model", server.url, "sk-key", **more)


@pytest.mark.parametrize("name", READABLE)
async def test_a_reply_in_every_dialect_is_read(server: ModelServer, name: str) -> None:
    """Every word once, and no fault."""
    server.answers(READABLE[name])

    text, _ = await ask(at(server))

    assert json.loads(text) == json.loads(TEXT)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
async def test_a_reply_in_the_reasoning_alone_is_read(server: ModelServer, name: str) -> None:
    """As an open thought, in which the reader looks for the last answer."""
    server.answers(Answer([delta(**{name: TEXT[:HALF]}), delta(**{name: TEXT[HALF:]}), STOP, DONE]))

    text, _ = await ask(at(server))

    assert text == "<think>" + TEXT


@pytest.mark.parametrize("finish", ["length", "content_filter", None])
async def test_reasoning_that_was_cut_is_no_reply(server: ModelServer, finish: str | None) -> None:
    """It may hold a draft."""
    server.answers(Answer([delta(reasoning_content=TEXT), *([delta(finish), DONE] if finish else [])]))

    error = await fail(at(server))

    assert (
        error.code
        == {"length": "length_limit", "content_filter": "content_filtered", None: "reply_cut"}[finish]
    )


COUNTS: dict[str, list[dict[str, Any]]] = {
    "in the choice": [{"choices": [{"index": 0, "delta": {}, "usage": USAGE}]}],
    "of Groq": [{"choices": [], "x_groq": {"usage": USAGE | {"queue_time": 0.01}}}],
    "as floats": [{"choices": [], "usage": {name: float(count) for name, count in USAGE.items()}}],
    "as texts": [{"choices": [], "usage": {name: str(count) for name, count in USAGE.items()}}],
    "with zeros at the end": [{"choices": [], "usage": USAGE}, {"choices": [], "usage": dict.fromkeys(USAGE, 0)}],
    "with each part": [{"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 3}}, {"choices": [], "usage": USAGE}],
    "without a sum": [{"choices": [], "usage": {"input_tokens": 11, "output_tokens": 22}}],
    "of Gemini": [{"usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 22, "totalTokenCount": 33}}],
    "of Ollama": [{"done": True, "prompt_eval_count": 11, "eval_count": 22, "eval_duration": 5}],
    "of llama.cpp": [{"choices": [], "timings": {"prompt_n": 11, "predicted_n": 22, "predicted_ms": 5}}],
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
async def test_tokens_are_counted_wherever_they_are(server: ModelServer, name: str) -> None:
    """Under the names of OpenAI."""
    server.answers(Answer([*GOOD, *sent(*COUNTS[name]), DONE]))

    _, call = await ask(at(server))

    assert call.usage == USAGE


IN_200: dict[str, tuple[Any, str]] = {
    "balance": ({"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"}}, "quota_exhausted"),
    "balance, by an object": ({"object": "error", "message": "Insufficient balance, please top up", "code": 40001}, "quota_exhausted"),
    "arrears": ({"error": {"code": "1113", "message": "您的账户已欠费，请充值后重试。"}}, "quota_exhausted"),
    "base_resp": ({"base_resp": {"status_code": 1008, "status_msg": "no"}}, "quota_exhausted"),
    "base_resp, busy": ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, "rate_limited"),
    "base_resp, sensitive": ({"base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}, "content_filtered"),
    "key, by a code": ({"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"}, "key_rejected"),
    "key, by numbers": ({"error_code": 110, "error_msg": "Access token invalid or no longer valid"}, "key_rejected"),
    "success false": ({"success": False, "code": 401, "msg": "令牌已过期或验证不正确"}, "key_rejected"),
    "detail": ({"detail": "Invalid model name passed in model=x"}, "model_not_found"),
    "model, Chinese": ({"error": {"code": "1211", "message": "模型不存在，请检查模型代码。"}}, "model_not_found"),
    "sensitive, Chinese": ({"error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}}, "content_filtered"),
    "filter by inspection": ({"code": "DataInspectionFailed", "message": "Output data may contain inappropriate content."}, "content_filtered"),
    "context": ({"error": {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}, "prompt_too_long"),
    "context window": ({"error": {"message": "litellm.ContextWindowExceededError: Context window exceeded", "code": 400}}, "prompt_too_long"),
    "of Tencent": ({"Response": {"Error": {"Code": "FailedOperation", "Message": "资源包余额不足"}}}, "quota_exhausted"),
    "in the choice": ({"choices": [{"index": 0, "delta": {}, "error": {"code": 429, "message": "Provider returned error"}}]}, "rate_limited"),
    "raw": ({"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "{\"error\":{\"message\":\"Content Exists Risk\"}}"}}}, "content_filtered"),
    "errors": ({"errors": [{"message": "Daily free allocation used", "code": 4006}]}, "quota_exhausted"),
    "message in a message": ({"error": {"message": "{\"error\":{\"message\":\"Insufficient Balance\"}}"}}, "quota_exhausted"),
    "speed, Chinese": ({"error": {"code": "1302", "message": "您的账户已达到速率限制，请您控制请求频率"}}, "rate_limited"),
    "overloaded": ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "model_unavailable"),
    "unknown": ({"error": {"message": "boom"}}, "model_unavailable"),
    "only a message": ({"message": "Insufficient Balance"}, "quota_exhausted"),
    "header of Spark": ({"header": {"code": 11200, "message": "AppIdNoAuthError: 未授权"}}, "key_rejected"),
}  # fmt: skip


@pytest.mark.parametrize("how", ["a body", "an event", "after words"])
@pytest.mark.parametrize("name", IN_200)
async def test_an_error_within_a_200_has_its_code(server: ModelServer, name: str, how: str) -> None:
    """As the whole body, as the first event, or in the middle of a reply."""
    complaint, code = IN_200[name]
    body = (
        answered(complaint)
        if how == "a body"
        else Answer([*([GOOD[0]] if how == "after words" else []), *sent(complaint)])
    )
    server.answers(body)

    error = await fail(at(server))

    assert (error.code, error.transient) == (code, code in ("rate_limited", "model_unavailable"))
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'event: error\ndata: {"message": "Insufficient Balance"}\n\n', "quota_exhausted"),
        (b"event: error\ndata: Rate limit reached, slow down\n\n", "rate_limited"),
        (b"data: [ERROR] insufficient balance\n\n", "quota_exhausted"),
        (b"Invalid API key", "key_rejected"),
        (b"<html><title>rate limit</title></html>", "reply_unreadable"),
    ],
)
async def test_an_error_in_words_has_its_code(server: ModelServer, body: bytes, code: str) -> None:
    """Text in place of JSON; a page says nothing."""
    server.answers(Answer([body]))

    assert (await fail(at(server))).code == code


ECHO = {"error": {"message": f"Invalid request: {PROMPT}", "type": "x"}}
REFUSALS: list[tuple[Answer, str]] = [
    (refused(400, "Content Exists Risk"), "content_filtered"),
    (refused(500, "insufficient balance"), "quota_exhausted"),
    (refused(500, "Incorrect API key provided"), "key_rejected"),
    (refused(503, "当前分组 default 下对于模型 x 无可用渠道"), "model_not_found"),
    (refused(400, "Invalid model name passed in model=x. Call `/v1/models` to view available models"), "model_not_found"),
    (refused(400, "Model Not Exist"), "model_not_found"),
    (refused(403, "Sorry, your account balance is insufficient", code=30001), "quota_exhausted"),
    (refused(429, "Request too large for x on tokens per min (TPM): Limit 30000, Requested 40000"), "prompt_too_long"),
    (refused(429, "Rate limit reached for requests per min. Add a payment method to increase your rate limit"), "rate_limited"),
    (refused(429, "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock more"), "quota_exhausted"),
    (refused(400, "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"), "prompt_too_long"),
    (refused(400, "Server is busy, please try again later"), "model_unavailable"),
    (refused(403, "Too many requests"), "rate_limited"),
    (refused(529, "Overloaded"), "model_unavailable"),
    (refused(500, "x", type="invalid_request_error"), "request_refused"),
    (refused(500, "The model is not available at the moment"), "model_unavailable"),
    (refused(400, "Invalid request: Your request exceeded model token limit: 8192"), "prompt_too_long"),
    (answered(ECHO, 400), "request_refused"),
    (answered({"error": {"message": "bad", "input": PROMPT}, "request": {"prompt": PROMPT}}, 400), "request_refused"),
    (answered({"detail": [{"loc": ["body", "x"], "msg": "Extra inputs are not permitted", "input": PROMPT}]}, 422), "request_refused"),
    (answered(ECHO, 500), "request_refused"),
    (answered({"error": {"message": f"upstream: {PROMPT}"}}, 502), "model_unavailable"),
    (Answer([b"<html>404 Not Found</html>"], 404, {"content-type": "text/html"}), "model_misconfigured"),
    (Answer([b"404 page not found"], 404, {"content-type": "text/plain"}), "model_misconfigured"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "code"), REFUSALS, ids=str)
async def test_a_refusal_is_read_by_its_words(server: ModelServer, reply: Answer, code: str) -> None:
    """At any status, and never by what it repeats of the prompt."""
    server.answers(reply)

    error = await fail(at(server))

    assert (error.code, error.transient) == (code, code in ("rate_limited", "model_unavailable"))


DETAILS = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "32s"}]
PAUSES: list[tuple[dict[str, str], dict[str, Any], float]] = [
    ({"retry-after-ms": "1500", "retry-after": "2"}, {}, 1.5),
    ({"retry-after": "20s"}, {}, 20),
    ({"x-ratelimit-reset": "1m2s"}, {}, 62),
    ({"x-ratelimit-reset-requests": "120ms", "x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "0"}, {}, 360),
    ({"x-ratelimit-reset-requests": "2m59.56s", "x-ratelimit-reset-tokens": "7.66s"}, {}, 7.66),
    ({}, {"status": "RESOURCE_EXHAUSTED", "details": DETAILS}, 32),
    ({}, {"retry_after": 12}, 12),
    ({}, {"message": "Rate limit reached. Please try again in 1m2.5s."}, 62.5),
    ({}, {"message": "Rate limit reached. Please retry after 10 seconds."}, 10),
    ({}, {"message": "rate limit: try again in 250ms"}, 0.25),
    ({}, {"message": "请求过于频繁，请 30 秒后重试"}, 30),
    ({}, {"metadata": {"headers": {"X-RateLimit-Reset": "1", "Retry-After": "9"}}}, 9),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "more", "seconds"), PAUSES)
async def test_the_pause_that_an_endpoint_asks_for_is_kept(
    server: ModelServer, headers: dict[str, str], more: dict[str, Any], seconds: float
) -> None:
    """In headers, in the body, or in its words."""
    body = json.dumps({"error": {"message": "Rate limit"} | more}, ensure_ascii=False)
    server.answers(Answer([body.encode()], 429, headers))

    error = await fail(at(server))

    assert (error.code, error.retry_after) == ("rate_limited", pytest.approx(seconds))


ENDINGS = {
    **dict.fromkeys(["sensitive", "SAFETY", "content_filtered", "PROHIBITED_CONTENT", "refusal"], "content_filtered"),
    **dict.fromkeys(["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length"], "length_limit"),
    **dict.fromkeys(["network_error", "insufficient_system_resource", "abort", "error"], "reply_cut"),
}  # fmt: skip


@pytest.mark.parametrize("reason", ENDINGS)
async def test_the_reason_of_an_end_is_known_by_its_words(server: ModelServer, reason: str) -> None:
    """Whoever invented them."""
    server.answers(Answer([GOOD[0], delta(reason), DONE]))

    assert (await fail(at(server))).code == ENDINGS[reason]


@pytest.mark.parametrize("ending", [True, False])
async def test_an_empty_reason_does_not_hide_a_broken_connection(server: ModelServer, ending: bool) -> None:
    """Some endpoints send one with each part."""
    server.answers(
        Answer(
            [event(choices=[{"index": 0, "delta": {"content": TEXT[:HALF]}, "finish_reason": ""}])],
            ending=ending,
        )
    )

    assert (await fail(at(server))).code == "reply_cut"


@pytest.mark.parametrize(
    ("refusal", "left"),
    [
        (refused(500, "failed to load model vocabulary required for format"), "json_object"),
        (answered({"error": {"message": "response_format is not supported"}}), "json_object"),
        (Answer([b'data: {"error": {"message": "json_schema is not supported by this model"}}\n\n']), "json_object"),
        (refused(400, "'response_format' of type 'json_schema' is not supported with this model."), "json_object"),
        (refused(400, "Invalid schema: 'minItems' is not permitted."), "json_schema"),
        (answered({"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}]}, 422), "json_object"),
        (refused(404, "No endpoints found that support response_format"), "json_object"),
    ],
)  # fmt: skip
async def test_a_refusal_of_the_format_leads_to_a_simpler_one(
    server: ModelServer, refusal: Answer, left: str
) -> None:
    """Whatever its status, and also within a 200."""
    server.answers(refusal, spoken(TEXT))

    text, call = await ask(at(server), count=2)

    assert (text, call.parameters["response_format"]) == (TEXT, left)
    items = [bounds_of(exchange) for exchange in server.exchanges]
    assert items == [(2, 2), (None, None)]


def bounds_of(exchange: Exchange) -> tuple[Any, Any]:
    """The least and the most ideas that a request asks for."""
    schema = exchange.body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    ideas = schema.get("properties", {}).get("ideas", {})
    return ideas.get("minItems"), ideas.get("maxItems")


async def test_the_limit_of_tokens_is_sent_under_the_name_that_is_taken(server: ModelServer) -> None:
    """`max_completion_tokens` where `max_tokens` is refused."""
    server.answers(
        refused(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        spoken(TEXT),
    )

    _, call = await ask(at(server, max_tokens=4000, headers={"X-Team": "writers"}))

    assert [exchange.body.get("max_tokens") for exchange in server.exchanges] == [4000, None]
    assert server.exchanges[1].body["max_completion_tokens"] == 4000
    assert server.exchanges[1].headers["x-team"] == "writers"
    assert call.parameters["max_completion_tokens"] == 4000


async def test_an_endpoint_that_streams_nothing_is_asked_for_a_whole_reply(server: ModelServer) -> None:
    """Its reply comes at once."""
    whole = answered({"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]})
    server.answers(refused(400, "This model does not support streaming"), whole)

    text, call = await ask(at(server))

    assert (text, call.parameters["stream"]) == (TEXT, False)


@pytest.mark.parametrize(
    "proxies",
    [
        {"ALL_PROXY": "socks://127.0.0.1:1/"},
        {"ALL_PROXY": "socks5://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"},
        {"HTTP_PROXY": "nonsense://x", "http_proxy": "nonsense://x"},
    ],
)
async def test_a_proxy_of_the_machine_is_not_used_for_itself(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, proxies: dict[str, str]
) -> None:
    """Whatever kind of proxy it is."""
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
    server.answers(spoken(TEXT))

    text, _ = await ask(at(server))

    assert text == TEXT


async def test_the_proxy_of_a_scheme_goes_before_the_one_for_all(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desktop sets both, and the one for all is a SOCKS proxy."""
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1/")
    monkeypatch.setenv("http_proxy", server.url.rsplit("/", 2)[0])
    server.answers(spoken(TEXT))

    text, _ = await ask(Endpoint("test-model", "http://model.invalid/v1"))

    assert text == TEXT
    assert "http://model.invalid/v1/chat/completions" in server.exchanges[0].headers["request"]


@pytest.mark.parametrize(
    ("endpoint", "environment", "setting"),
    [
        (Endpoint("m", "http://model.invalid/v1"), {"ALL_PROXY": "socks://127.0.0.1:1/"}, "ALL_PROXY"),
        (Endpoint("m", "https://model.invalid/v1"), {"https_proxy": "nonsense://x"}, "HTTPS_PROXY"),
        (Endpoint("m", "http://127.0.0.1:9/v1", "sk-密钥"), {}, "OPENAI_API_KEY"),
        (Endpoint("m", "http://127.0.0.1:9/v1", "sk-a\nb"), {}, "OPENAI_API_KEY"),
        (Endpoint("m", "http://127.0.0.1:99999/v1", "sk-a", setting="MODELS"), {}, "MODELS"),
    ],
)
async def test_a_client_that_cannot_be_made_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint, environment: dict[str, str], setting: str
) -> None:
    """It is a fault of the configuration, which no retry mends."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    error = await fail(endpoint)

    assert (error.code, error.params["setting"], error.transient) == ("model_misconfigured", setting, False)
    assert setting in error.text("zh")


@pytest.mark.parametrize(
    "end", ["/chat/completions", "/", " ", "/chat/completions/ ", "/chat/completions?api-version=1"]
)
async def test_an_address_is_understood_with_what_people_paste(server: ModelServer, end: str) -> None:
    """The path of the request, a slash, a space, a query."""
    server.answers(spoken(TEXT))
    endpoint = Endpoint("test-model", server.url + end, "sk-key\n")

    text, _ = await ask(endpoint)

    assert text == TEXT
    path = server.exchanges[0].headers["request"].split()[1]
    assert path.endswith("/v1/chat/completions" + ("?api-version=1" if "?" in end else ""))
    assert server.exchanges[0].headers["authorization"] == "Bearer sk-key"


@pytest.mark.parametrize(
    "nothing",
    [
        refused(404, "Not Found"),
        Answer([b"404 page not found"], 404, {"content-type": "text/plain"}),
        Answer([b"<html>a page</html>"], 200, {"content-type": "text/html"}),
        refused(405, "Method Not Allowed"),
    ],
)
async def test_an_address_without_a_path_is_tried_with_v1(server: ModelServer, nothing: Answer) -> None:
    """Ollama and others serve under it; the next request begins there."""
    server.answers(nothing, spoken(TEXT))
    bare = server.url.split("/")
    endpoint = Endpoint("test-model " + bare[3], "/".join(bare[:3]))

    text, _ = await ask(endpoint)
    again, _ = await ask(endpoint)

    assert text == again == TEXT
    assert [each.headers["request"].split()[1] for each in server.exchanges] == [
        "/chat/completions",
        *["/v1/chat/completions"] * 2,
    ]


@pytest.mark.parametrize(
    "trickle",
    [delta(content=""), delta(content=" \n"), delta(), event(choices=[]), b": ping\n\n"],
    ids=["empty", "whitespace", "no delta", "no choice", "comments"],
)
async def test_an_endless_trickle_without_a_text_is_given_up(server: ModelServer, trickle: bytes) -> None:
    """Signs of life alone are no reply."""
    server.answers(Answer([delta(content="好"), *[trickle, 0.05] * 400]))

    assert (await fail(at(server, silence=0.2))).code == "model_silent"
