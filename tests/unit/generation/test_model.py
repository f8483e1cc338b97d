"""Requests to a model, tested against an HTTP server that answers correctly or not."""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import aclosing, closing

import httpx2
import pytest

from scriptwriter.domain.errors import GenerationError
from scriptwriter.worker.model_client import Call, Thinking, Words, answer
from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.model_faults import fault_of
from tests.support.model_server import (
    DONE,
    USAGE,
    Answer,
    Gate,
    ModelServer,
    broken_off,
    delta,
    event,
    ideas_text,
    only,
    refused,
    spoken,
    whole,
)

KEY = "sk-very-secret-key"
TEXT = ideas_text([1, 2])


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def at(server: ModelServer, silence: float = 20.0) -> Endpoint:
    return Endpoint("test-model", server.url, KEY, silence=silence)


async def ask(endpoint: Endpoint) -> tuple[str, Call, bool]:
    """The whole reply, the record of the call, and whether the model sent reasoning first."""
    call = Call(endpoint.model)
    text, thought = "", False
    async with aclosing(answer(endpoint, "写两个创意", call)) as pieces:
        async for piece in pieces:
            match piece:
                case Words(more):
                    text += more
                case Thinking():
                    thought = True
    return text, call, thought


async def fail(endpoint: Endpoint) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        await ask(endpoint)
    assert KEY not in f"{caught.value!r} {caught.value} {caught.value.text('zh')} {caught.value.__cause__!r}"
    return caught.value


async def test_a_reply_is_streamed_with_usage_model_and_parameters(server: ModelServer):
    """One request with structured output; the whole text and the record of the call."""
    server.answers(spoken(TEXT))

    text, call, thought = await ask(at(server))

    assert (text, thought) == (TEXT, False)
    assert (call.usage, call.model_name, call.finish_reason) == (USAGE, "test-model", "stop")
    assert call.parameters == {"stream": True, "response_format": "json_schema"}
    (exchange,) = server.exchanges
    assert exchange.headers["request"].endswith("/v1/chat/completions HTTP/1.1")
    assert exchange.headers["authorization"] == f"Bearer {KEY}"
    assert exchange.prompt == "写两个创意"
    assert exchange.body["stream_options"] == {"include_usage": True}
    assert exchange.body["response_format"]["json_schema"]["strict"] is True


async def test_words_arrive_while_the_model_is_still_writing(server: ModelServer):
    """The first words do not wait for the last ones."""
    more = Gate()
    server.answers(Answer([delta(content="早"), more, delta(content="晚"), delta("stop"), DONE]))

    async with aclosing(answer(at(server), "?", Call("test-model"))) as pieces:
        first = await anext(pieces)
        more.open()
        second = await anext(pieces)

    assert [first, second] == [Words("早"), Words("晚")]


async def test_closing_the_reply_closes_the_connection(server: ModelServer):
    """So the model stops writing, and stops costing."""
    server.answers(broken_off("一", Gate()))

    async with aclosing(answer(at(server), "?", Call("test-model"))) as pieces:
        await anext(pieces)

    assert await asyncio.to_thread(server.exchanges[0].left.wait, 10)


@pytest.mark.parametrize(
    ("refuses", "requests", "left"),
    [
        (("response_format",), 3, "text"),
        (("stream_options",), 2, "json_schema"),
        (("response_format", "stream_options"), 4, "text"),
    ],
)
async def test_an_endpoint_without_structured_output_gets_a_simpler_request(
    server: ModelServer, refuses: tuple[str, ...], requests: int, left: str
):
    """The request is repeated without the refused field, and later requests omit it from the start."""
    server.answers(only(*refuses, then=spoken(TEXT)))

    text, call, _ = await ask(at(server))
    again, _, _ = await ask(at(server))

    assert text == again == TEXT
    assert call.parameters["response_format"] == left
    assert len(server.exchanges) == requests + 1


async def test_json_mode_is_used_where_schemas_are_refused(server: ModelServer):
    """The step between a schema and plain text is json_object."""
    refusal = refused(400, "This response_format type is unavailable now", code="invalid_request_error")
    server.answers(refusal, spoken(TEXT))

    _, call, _ = await ask(at(server))

    assert call.parameters["response_format"] == "json_object"
    assert server.exchanges[1].body["response_format"] == {"type": "json_object"}


async def test_an_endpoint_that_ignores_stream_is_read_as_well(server: ModelServer):
    """Its answer is one JSON body instead of events."""
    server.answers(whole(TEXT))

    text, call, _ = await ask(at(server))

    assert (text, call.usage, call.finish_reason) == (TEXT, USAGE, "stop")


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_is_thinking_and_not_text(server: ModelServer, field: str):
    """The reasoning of a model is not part of its reply."""
    thought = delta(**{field: "先想想", "content": None})
    server.answers(Answer([thought, thought, *spoken(TEXT).steps]))

    text, _, thinking = await ask(at(server))

    assert thinking
    assert text == TEXT


async def test_content_in_parts_is_joined(server: ModelServer):
    """Some endpoints send content as a list of typed parts."""
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "好"}]
    server.answers(Answer([delta(content=parts), delta("stop"), DONE]))

    text, _, thought = await ask(at(server))

    assert (text, thought) == ("好", True)


async def test_comments_other_line_ends_and_missing_empty_lines_are_read(server: ModelServer):
    """Variants of server-sent events that endpoints use."""
    lines = (
        b": ping\r\n\r\n" + delta(content="一").rstrip() + b"\n" + delta(content="二").replace(b"\n", b"\r\n")
    )
    server.answers(Answer([lines[:9], lines[9:40], lines[40:], delta("stop"), b"data:[DONE]"]))

    text, _, _ = await ask(at(server))

    assert text == "一二"


async def test_a_character_may_be_split_anywhere(server: ModelServer):
    """The bytes of a character, and the halves of a surrogate pair, may arrive in different pieces."""
    stream = delta(content="水\u2028火") + delta(content="\U0001f600")
    for half in ("\\ud83d", "\\ude00\\u0000"):
        stream += b'data: {"choices": [{"delta": {"content": "%s"}}]}\n\n' % half.encode()
    steps = [bytes([byte]) for byte in stream]
    server.answers(Answer([*steps, delta("stop"), DONE]))

    text, _, _ = await ask(at(server))

    assert text == "水\u2028火😀😀"


async def test_invalid_utf_8_affects_only_the_wrong_character(server: ModelServer):
    """A wrong byte does not end the reply."""
    bad = delta(content="好?坏").replace(b"?", b"\xff\xfe")
    server.answers(Answer([bad, delta("stop"), DONE]))

    text, _, _ = await ask(at(server))

    assert (text[0], text[-1], "\ufffd" in text) == ("好", "坏", True)


async def test_a_megabyte_of_text_arrives(server: ModelServer):
    """Long replies are forwarded, also in a single event. The parser decides when to stop."""
    server.answers(
        Answer([delta(content="水" * 500_000), delta(content="火" * 500_000), delta("stop"), DONE])
    )

    text, _, _ = await ask(at(server))

    assert len(text) == 1_000_000


async def test_a_stream_may_end_without_done(server: ModelServer):
    """Many endpoints send a finish reason and close, some without ending the body."""
    server.answers(Answer([delta(content="好"), delta("stop")], ending=False))

    text, _, _ = await ask(at(server))

    assert text == "好"


@pytest.mark.parametrize(
    ("reply", "code", "transient"),
    [
        (refused(401, f"Incorrect API key provided: {KEY}", code="invalid_api_key"), "key_rejected", False),
        (refused(403, "Country not supported"), "key_rejected", False),
        (refused(400, "API key not valid. Please pass a valid API key."), "key_rejected", False),
        (refused(404, "The model does not exist", code="model_not_found"), "model_not_found", False),
        (refused(400, "Model `x` does not exist"), "model_not_found", False),
        (refused(429, "Rate limit reached"), "rate_limited", True),
        (refused(429, "You exceeded your quota", code="insufficient_quota"), "quota_exhausted", False),
        (refused(402, "Insufficient Balance"), "quota_exhausted", False),
        (refused(500, "oops"), "model_unavailable", True),
        (refused(502, "bad gateway"), "model_unavailable", True),
        (refused(503, "overloaded"), "model_unavailable", True),
        (refused(400, "Output data may contain inappropriate content"), "content_filtered", False),
        (refused(400, "too long", code="context_length_exceeded"), "prompt_too_long", False),
        (refused(400, "nothing works here"), "request_refused", False),
        (refused(405, "no"), "request_refused", False),
        (Answer([b"<html>wrong"], 502, {"content-type": "text/html"}), "model_unavailable", True),
        (Answer([b"<html>a page</html>"], 200, {"content-type": "text/html"}), "reply_unreadable", False),
        (Answer([b"data: {nonsense\n\n", DONE]), "reply_unreadable", False),
        (Answer([b"data: [1, 2]\n\n", DONE]), "reply_unreadable", False),
        (Answer([b'{"choices": [']), "reply_unreadable", False),
        (Answer([event(error={"message": "boom", "code": 503})]), "model_unavailable", True),
        (Answer([event(error={"message": "Rate limit reached", "type": "x"})]), "rate_limited", True),
        (Answer([event(error={"message": "ThrottlingException", "code": "429"})]), "rate_limited", True),
        (Answer([event(error="boom")]), "model_unavailable", True),
        (Answer([]), "reply_cut", True),
        (Answer([DONE]), "reply_empty", True),
        (spoken(""), "reply_empty", True),
        (broken_off(TEXT[:50]), "reply_cut", True),
        (broken_off(TEXT[:50], ending=False), "reply_cut", True),
        (spoken(TEXT[:50], finish="length"), "length_limit", False),
        (spoken(TEXT[:50], finish="content_filter"), "content_filtered", False),
        (spoken("", finish="content_filter"), "content_filtered", False),
        (Answer([delta(refusal="I can't"), delta("stop"), DONE]), "content_filtered", False),
        (whole(TEXT[:50], finish="length"), "length_limit", False),
    ],
)  # fmt: skip
async def test_every_error_of_an_endpoint_has_its_code(
    server: ModelServer, reply: Answer, code: str, transient: bool
):
    """The code decides which text a person reads, and whether the run is retried automatically."""
    server.answers(reply)

    error = await fail(at(server))

    assert (error.code, error.transient) == (code, transient)
    assert error.text("zh")
    assert error.text("en")
    json.dumps(error.params)


@pytest.mark.parametrize(
    ("header", "low", "high"), [("7", 7, 7), ("Wed, 21 Oct 2065 07:28:00 GMT", 1e9, 2e9)]
)
async def test_retry_after_is_reported(server: ModelServer, header: str, low: float, high: float):
    """As seconds or as a date, as in RFC 9110."""
    server.answers(refused(429, "Rate limit", {"retry-after": header}))

    error = await fail(at(server))

    assert error.retry_after is not None
    assert low <= error.retry_after <= high


@pytest.mark.parametrize("header", [None, "soon", "nan", "-1", "inf"])
async def test_an_invalid_retry_after_is_ignored(server: ModelServer, header: str | None):
    """Without a usable number there is no wait."""
    server.answers(refused(429, "Rate limit", {"retry-after": header} if header else None))

    error = await fail(at(server))

    assert not error.retry_after


async def test_silence_before_the_first_byte_is_noticed(server: ModelServer):
    """The server accepts the request and sends nothing."""
    quiet = Answer([Gate()])
    server.answers(lambda _: quiet)

    error = await fail(at(server, silence=0.3))

    assert error.code == "model_silent"
    assert await asyncio.to_thread(server.exchanges[0].left.wait, 10)


async def test_silence_in_the_middle_is_noticed(server: ModelServer):
    """The server stops in mid-sentence and keeps the connection open."""
    server.answers(broken_off(TEXT[:50], Gate()))

    error = await fail(at(server, silence=0.5))

    assert error.code == "model_silent"


async def test_comments_without_words_count_as_silence(server: ModelServer):
    """Keep-alives do not keep a generation running for ever."""
    server.answers(Answer([delta(content="好"), *[b": ping\n\n", 0.05] * 400]))

    error = await fail(at(server, silence=0.2))

    assert error.code == "model_silent"


async def test_a_refused_connection_says_so():
    """No server listens on the port."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        error = await fail(Endpoint("test-model", f"http://127.0.0.1:{port}/v1", KEY))

    assert (error.code, error.transient) == ("cannot_connect", True)


async def test_an_unknown_host_says_so():
    """The name of the host cannot be resolved."""
    error = await fail(Endpoint("test-model", "http://no-such-host.invalid/v1", KEY))

    assert error.code == "cannot_connect"


async def test_an_invalid_base_url_says_so():
    """A base URL without a scheme."""
    error = await fail(Endpoint("test-model", "no-scheme/v1", KEY))

    assert error.code == "cannot_connect"


async def test_a_server_without_tls_on_an_https_address_is_not_trusted():
    """The TLS handshake fails, and the error says so."""

    def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]

        error = await fail(Endpoint("test-model", f"https://127.0.0.1:{port}/v1", KEY))

    assert (error.code, error.transient) == ("connection_untrusted", False)


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (httpx2.ReadTimeout("slow"), "model_silent"),
        (httpx2.ReadError("reset"), "reply_cut"),
        (httpx2.ConnectTimeout("slow"), "cannot_connect"),
    ],
)
def test_a_failed_read_over_tls_is_not_a_certificate_error(raised: Exception, code: str):
    """Every read over TLS leaves an SSLWantReadError as the context of the exception that ended it."""
    raised.__context__ = ssl.SSLWantReadError()

    assert fault_of(raised, model="test-model", silence=60).code == code
