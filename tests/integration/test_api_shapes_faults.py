"""What a program reads while Electric is away, refuses, breaks off or is slow: never the secret."""

import asyncio
import gzip
import json
import logging
from collections.abc import Iterator, Mapping
from io import StringIO

import httpx
import pytest
import structlog
from starlette.middleware.cors import CORSMiddleware

from scriptwriter.api.http_app import create
from scriptwriter.operations.observability import configure_logs
from scriptwriter.sync import hub
from tests.support.programs import HOME, bearer, client, problem, program_of
from tests.support.raw_http_server import raw_http_server
from tests.support.rooms import Room
from tests.support.shape_follower import SHAPE, asking, known, network_client
from tests.support.waiting import LIMIT
from tests.support.web import free_port

SECRET = "s3cret/of Electric&c"
QUOTED = "s3cret%2Fof%20Electric%26c", "s3cret/of%20Electric%26c", "s3cret%2Fof+Electric%26c"
OFFSETS = {"electric-handle": "1-1", "electric-offset": "0_0", "electric-schema": "{}"}


def answer(status: int, body: bytes, headers: Mapping[str, str] = OFFSETS) -> bytes:
    """A whole HTTP response."""
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def asked(room: Room, response: bytes, **headers: str) -> httpx.Response:
    """The answer that a member receives when Electric sends these bytes."""

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(response)

    async with (
        raw_http_server(respond) as electric,
        known(electric.url, SECRET),
        program_of(room.owner) as http,
    ):
        return await http.get(SHAPE, params=asking(room), headers=headers)


async def test_an_unreachable_electric_is_answered_with_503_and_retry_after(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the same while no Electric is configured yet. Electric's clients retry after 503."""
    async with program_of(room.owner) as http:
        async with known(f"http://127.0.0.1:{free_port()}", SECRET):
            unreachable = await http.get(SHAPE, params=asking(room))
        monkeypatch.setattr(hub, "_current", None)
        unknown = await http.get(SHAPE, params=asking(room))

    for answer in (unreachable, unknown):
        assert problem(answer) == (503, "sync_away")
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("status", [400, 409, 429, 503])
async def test_statuses_that_electrics_clients_handle_are_passed_on(room: Room, status: int) -> None:
    """The body and Retry-After are passed on, too."""
    body = json.dumps({"message": "in Electric's words"}).encode()

    received = await asked(room, answer(status, body, {**OFFSETS, "retry-after": "7"}))

    assert (received.status_code, received.content) == (status, body)
    assert received.headers["retry-after"] == "7" and received.headers["electric-handle"] == "1-1"
    assert received.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("status", [301, 401, 403, 404, 500, 502])
async def test_other_statuses_of_electric_become_503(room: Room, status: int) -> None:
    """A secret that Electric rejects, for example, is not an error of the program's token."""
    received = await asked(room, answer(status, b'{"message": "Unauthorized"}', {"location": "/elsewhere"}))

    assert problem(received) == (503, "sync_away")
    assert "location" not in received.headers and "Unauthorized" not in received.text


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_an_incomplete_response_head_of_electric_becomes_503(room: Room, reply: bytes) -> None:
    """The bytes that arrived before make no difference."""
    assert problem(await asked(room, reply)) == (503, "sync_away")


async def test_a_truncated_response_reaches_the_program_truncated(room: Room) -> None:
    """So the program's HTTP client notices it, and does not take the part for the whole."""

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n")
        writer.write(b"content-type: application/json\r\nelectric-handle: 1-1\r\n\r\n3\r\n[1,\r\n")

    async with (
        raw_http_server(respond) as electric,
        known(electric.url, SECRET),
        network_client(await bearer(room.owner)) as http,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(SHAPE, params=asking(room))


async def test_a_large_snapshot_is_streamed(room: Room) -> None:
    """Its first part is delivered before Electric sends the last."""
    first_was_read = asyncio.Event()

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\n"
        )
        writer.write(b"1\r\n[\r\n")
        await writer.drain()
        await first_was_read.wait()
        for _ in range(200):
            writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            await writer.drain()
        writer.write(b"1\r\n]\r\n0\r\n\r\n")

    async with (
        raw_http_server(respond) as electric,
        known(electric.url, SECRET),
        network_client(await bearer(room.owner)) as http,
        http.stream("GET", SHAPE, params=asking(room)) as received,
    ):
        pieces = received.aiter_raw()
        first = await anext(pieces)
        first_was_read.set()
        size = len(first)
        async with asyncio.timeout(LIMIT):
            async for piece in pieces:
                size += len(piece)

    assert first == b"[" and size == 200 * 65536 + 2


@pytest.mark.parametrize("accepts", ["gzip, deflate, br", "identity", None])
async def test_compressed_responses_are_passed_on_unchanged(room: Room, accepts: str | None) -> None:
    """Accept-Encoding is forwarded to Electric, and credentials are not."""
    compressed = gzip.compress(b"[]")

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(
            answer(200, compressed, {**OFFSETS, "content-encoding": "gzip", "vary": "accept-encoding"})
        )

    headers = {} if accepts is None else {"accept-encoding": accepts}
    async with (
        raw_http_server(respond) as electric,
        known(electric.url, SECRET),
        program_of(room.owner) as http,
    ):
        del http.headers["accept-encoding"]
        request = http.build_request("GET", SHAPE, params=asking(room), headers=headers)
        received = await http.send(request, stream=True)
        raw = b"".join([piece async for piece in received.aiter_raw()])

    assert raw == compressed and received.headers["content-encoding"] == "gzip"
    assert int(received.headers["content-length"]) == len(compressed)
    [request_head] = electric.requests
    assert f"accept-encoding: {accepts or 'identity'}\r\n" in request_head.lower()
    assert "authorization" not in request_head.lower() and "cookie" not in request_head.lower()


@pytest.fixture
def everything_logged() -> Iterator[StringIO]:
    """Each line that any logger writes, at DEBUG level, formatted as this process formats it."""
    stream = StringIO()
    handler = configure_logs(json_lines=True, stream=stream)
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(before)
    root.removeHandler(handler)
    logging.getLogger("scriptwriter").setLevel(logging.NOTSET)
    structlog.reset_defaults()


async def test_the_secret_is_in_no_answer_and_no_log(room: Room, everything_logged: StringIO) -> None:
    """Electric quotes the request URL in several encodings, and fails in several ways."""
    forms = (SECRET, *QUOTED)
    echo = json.dumps({"message": " ".join(forms), "errors": {"secret": [SECRET]}}).encode()

    answers = [
        await asked(room, answer(400, echo)),
        await asked(room, answer(500, echo)),
        await asked(room, b""),
    ]
    async with known(f"http://127.0.0.1:{free_port()}", SECRET), program_of(room.owner) as http:
        answers.append(await http.get(SHAPE, params=asking(room)))

    logged = everything_logged.getvalue()
    assert "electric_away" in logged and "httpx" in logged
    for text in (logged, *(str(each.headers) + each.text for each in answers)):
        assert not [form for form in forms if form in text]


async def test_a_page_on_an_allowed_origin_can_read_the_protocol_headers(room: Room) -> None:
    """Under the CORS rules that Reflex sets for its own page, which may be on another port."""
    api = create()
    api.add_middleware(
        CORSMiddleware,
        allow_credentials=True,
        allow_methods=["*"],
        allow_headers=["*"],
        allow_origins=[HOME],
    )

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, b"[]", {**OFFSETS, "access-control-allow-origin": "*"}))

    elsewhere = {"origin": "https://elsewhere.example"}
    async with (
        raw_http_server(respond) as electric,
        known(electric.url, SECRET),
        client(await bearer(room.owner), api) as http,
    ):
        ours = await http.get(SHAPE, params=asking(room), headers={"origin": HOME})
        other = await http.get(SHAPE, params=asking(room), headers=elsewhere)

    assert ours.headers["access-control-allow-origin"] == HOME
    exposed = ours.headers["access-control-expose-headers"]
    for name in ("electric-handle", "electric-offset", "electric-schema", "electric-cursor", "retry-after"):
        assert name in exposed
    assert {"origin", "authorization", "cookie", "accept-encoding"} == {
        each.strip().lower() for each in ours.headers["vary"].split(",")
    }
    assert "access-control-allow-origin" not in other.headers
