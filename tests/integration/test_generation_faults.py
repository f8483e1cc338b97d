"""Faults of a model, simulated by a real HTTP server: error text, retries, and the ideas that are kept."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

import pytest
import trustme

from scriptwriter.services.runs import retrying, starting
from scriptwriter.worker.model_endpoint import Endpoint
from tests.support.generations import run_to_the_end, titles
from tests.support.model_server import (
    DONE,
    Answer,
    Answering,
    Gate,
    ModelServer,
    broken_off,
    delta,
    event,
    ideas_text,
    only,
    refused,
    spoken,
    story,
    whole,
)
from tests.support.rooms import BRIEF, Room
from tests.support.rows import artifact_of, rows, transform_of

KEY = "sk-secret"
ALL = [story(number) for number in (1, 2, 3)]
AUTOMATIC, NEVER = 3, 1
"""How many requests a fault leads to: the first and two automatic retries, or only the first."""


@dataclass(frozen=True)
class Fault:
    """A reply of the model, and the expected error code, text, number of requests and finished ideas."""

    reply: Answering
    code: str
    text: str
    requests: int
    finished: int = 0
    silence: float = 20.0


TWO = ideas_text([1, 2])
HALF_OF_THREE = ideas_text([1, 2, 3])[:-12]
QUIET = Answer([Gate()])

FAULTS = {
    "401": Fault(refused(401, f"wrong key {KEY}"), "key_rejected", "密钥无效，仅管理员可修改", NEVER),
    "403": Fault(refused(403, "country"), "key_rejected", "密钥无效，仅管理员可修改", NEVER),
    "404": Fault(
        refused(404, "no such model"), "model_not_found", "找不到模型 test-model，请联系管理员", NEVER
    ),
    "429": Fault(refused(429, "slow down"), "rate_limited", "模型繁忙，请稍后重试", AUTOMATIC),
    "429 with Retry-After": Fault(
        refused(429, "slow down", {"retry-after": "7"}), "rate_limited", "模型繁忙，请稍后重试", AUTOMATIC
    ),
    "quota": Fault(
        refused(429, "You exceeded", code="insufficient_quota"),
        "quota_exhausted",
        "额度已用完，请联系管理员",
        NEVER,
    ),
    "402": Fault(refused(402, "Insufficient"), "quota_exhausted", "额度已用完，请联系管理员", NEVER),
    "500": Fault(
        refused(500, "oops"), "model_unavailable", "模型服务暂时不可用（500），请稍后重试", AUTOMATIC
    ),
    "502": Fault(
        Answer([b"<html>"], 502), "model_unavailable", "模型服务暂时不可用（502），请稍后重试", AUTOMATIC
    ),
    "503": Fault(
        refused(503, "busy"), "model_unavailable", "模型服务暂时不可用（503），请稍后重试", AUTOMATIC
    ),
    "prompt too long": Fault(
        refused(400, "x", code="context_length_exceeded"),
        "prompt_too_long",
        "创作要求太长，模型放不下，请精简后再试",
        NEVER,
    ),
    "refused": Fault(
        refused(400, "no"), "request_refused", "模型服务不接受这次请求（400），请联系管理员", 3 + NEVER
    ),
    "an error in the stream": Fault(
        broken_off(TWO[:-2], event(error={"message": "boom", "code": 503})),
        "model_unavailable",
        "模型服务暂时不可用（503），请稍后重试",
        AUTOMATIC,
        finished=2,
    ),
    "silence before the first byte": Fault(
        lambda _: Answer([Gate()]), "model_silent", "模型 0 秒无响应，已保留 0 个", NEVER, silence=0.4
    ),
    "silence in the middle": Fault(
        lambda _: broken_off(TWO[:-2], Gate()),
        "model_silent",
        "模型 1 秒无响应，已保留 2 个",
        NEVER,
        finished=2,
        silence=1,
    ),
    "cut in a sentence": Fault(
        broken_off(TWO[:-12]), "reply_cut", "与模型的连接中断，已保留 1 个，请重试", AUTOMATIC, finished=1
    ),
    "cut between two": Fault(
        broken_off(TWO[:-2], ending=False),
        "reply_cut",
        "与模型的连接中断，已保留 2 个，请重试",
        AUTOMATIC,
        finished=2,
    ),
    "empty": Fault(spoken(""), "reply_empty", "模型没有返回内容，请重试", AUTOMATIC),
    "nothing but an end": Fault(Answer([DONE]), "reply_empty", "模型没有返回内容，请重试", AUTOMATIC),
    "no JSON": Fault(spoken("我想想。"), "reply_unreadable", "返回格式有误，无法解析", NEVER),
    "a page": Fault(Answer([b"<html>hi</html>"]), "reply_unreadable", "返回格式有误，无法解析", NEVER),
    "invalid events": Fault(
        Answer([b"data: {nonsense\n\n", DONE]), "reply_unreadable", "返回格式有误，无法解析", NEVER
    ),
    "bytes": Fault(Answer([b"\xff\xfe\x00nonsense"]), "reply_unreadable", "返回格式有误，无法解析", NEVER),
    "length": Fault(
        spoken(HALF_OF_THREE, finish="length"),
        "length_limit",
        "长度达到上限，第 3 个不完整",
        NEVER,
        finished=2,
    ),
    "a stop in a sentence": Fault(
        spoken(HALF_OF_THREE), "reply_cut", "与模型的连接中断，已保留 2 个，请重试", AUTOMATIC, finished=2
    ),
    "reasoning for ever": Fault(
        lambda _: Answer([delta(reasoning_content="想"), 0.05] * 400),
        "model_silent",
        "模型 2 秒无响应，已保留 0 个",
        NEVER,
        silence=0.2,
    ),
    "reasoning without a limit": Fault(
        Answer([delta(reasoning_content="想" * 10_000)] * 100),
        "reply_too_long",
        "返回内容过长，已停止接收，已保留 0 个",
        NEVER,
    ),
    "whitespace in an idea for ever": Fault(
        lambda _: broken_off(HALF_OF_THREE, *[delta(content=" \n"), 0.05] * 400),
        "model_silent",
        "模型 1 秒无响应，已保留 2 个",
        NEVER,
        finished=2,
        silence=0.2,
    ),
    "balance in a 200": Fault(
        Answer([event(error={"message": "Insufficient Balance"})]),
        "quota_exhausted",
        "额度已用完，请联系管理员",
        NEVER,
    ),
    "an address without an endpoint": Fault(
        Answer([b"<html>"], 404),
        "model_misconfigured",
        "模型服务的设置 OPENAI_BASE_URL 有误，请联系管理员",
        NEVER,
    ),
    "content filter": Fault(
        spoken(HALF_OF_THREE, finish="content_filter"),
        "content_filtered",
        "第 3 个被安全策略拦截，其余不受影响",
        NEVER,
        finished=2,
    ),
    "refusal": Fault(
        Answer([delta(refusal="I can't"), delta("stop"), DONE]),
        "content_filtered",
        "第 1 个被安全策略拦截，其余不受影响",
        NEVER,
    ),
    "fewer": Fault(spoken(TWO), "too_few_ideas", "完成 2/3，1 个未完成", NEVER, finished=2),
    "duplicates": Fault(
        spoken(ideas_text([1, 1, 2, 2, 1])), "too_few_ideas", "完成 2/3，1 个未完成", NEVER, finished=2
    ),
    "a megabyte": Fault(
        spoken('[{"title": "长", "body": "' + "水" * 400_000, size=9999),
        "reply_too_long",
        "返回内容过长，已停止接收，已保留 0 个",
        NEVER,
    ),
}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
async def transform_id(room: Room) -> str:
    """A run of three ideas that has just been started."""
    return await starting.start(room.project_id, BRIEF, room.owner)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_fails_the_run_with_its_text_after_its_retries(
    connected: str, transform_id: str, server: ModelServer, fault: Fault
):
    """Artifact and transform are failed, finished ideas stay, and no row contains the key."""
    server.answers(fault.reply)

    waits = await run_to_the_end(
        connected, transform_id, Endpoint("test-model", server.url, KEY, silence=fault.silence)
    )

    artifact, transform = artifact_of(connected), transform_of(connected)
    assert (artifact["streaming_status"], transform["streaming_status"]) == ("failed", "failed")
    assert transform["context"]["error"]["code"] == fault.code
    assert transform["error_message"] == fault.text
    assert [idea for idea in artifact["ideas"] if "status" not in idea] == ALL[: fault.finished]
    assert len(server.exchanges) == fault.requests
    assert [(wait["code"], wait["number"], wait["of"]) for wait in waits] == (
        [(fault.code, 1, 2), (fault.code, 2, 2)] if fault.requests == AUTOMATIC else []
    )
    assert KEY not in str(rows(connected, "SELECT * FROM transforms, llm_transforms"))


@asynccontextmanager
async def unreachable(how: str) -> AsyncIterator[str]:
    """The base URL of an endpoint that cannot be reached, for the given reason."""
    if how == "refused":
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    elif how == "unknown name":
        yield "http://no-such-host.invalid/v1"
    else:
        certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(certificate)
        async with await asyncio.start_server(
            lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=certificate
        ) as listening:
            yield f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("how", "code", "text", "retries"),
    [
        ("refused", "cannot_connect", "无法连接模型服务，已保留 0 个，请稍后重试", 2),
        ("unknown name", "cannot_connect", "无法连接模型服务，已保留 0 个，请稍后重试", 2),
        ("unknown certificate", "connection_untrusted", "模型服务的安全证书无效，请联系管理员", 0),
    ],
)
async def test_an_unreachable_endpoint_fails_the_run_with_its_text(
    connected: str, transform_id: str, how: str, code: str, text: str, retries: int
):
    """The connection is refused, the host name is unknown, or the certificate is not trusted."""
    async with unreachable(how) as url:
        waits = await run_to_the_end(connected, transform_id, Endpoint("test-model", url, KEY))

    transform = transform_of(connected)
    assert (transform["streaming_status"], transform["error_message"]) == ("failed", text)
    assert transform["context"]["error"]["code"] == code
    assert len(waits) == retries


@pytest.mark.parametrize(
    "reply",
    {
        "one body": whole(ideas_text([1, 2, 3])),
        "no structured output": only(
            "response_format", "stream_options", then=spoken(f"好的：\n```json\n{ideas_text([1, 2, 3])}\n```")
        ),
        "reasoning": Answer([delta(reasoning_content="先想想"), *spoken(ideas_text([1, 2, 3])).steps]),
        "thoughts in the text": spoken(f"<think>{ideas_text([7])}</think>{ideas_text([1, 2, 3])}"),
        "more than asked": spoken(ideas_text([1, 2, 3, 4, 5])),
        "a duplicate among more": spoken(ideas_text([1, 1, 2, 2, 3])),
        "a wrong byte": Answer(
            [delta(content="好?\n").replace(b"?", b"\xff"), *spoken(ideas_text([1, 2, 3])).steps]
        ),
        "cut after the last": broken_off(ideas_text([1, 2, 3])[:-2], ending=False),
        "length after the last": spoken(ideas_text([1, 2, 3])[:-2], finish="length"),
    }.items(),
    ids=lambda each: each[0],
)  # fmt: skip
async def test_an_unusual_reply_that_holds_all_ideas_is_a_success(
    connected: str, transform_id: str, server: ModelServer, reply: tuple[str, Answering]
):
    """Text around the ideas and errors after the last one are ignored."""
    server.answers(reply[1])

    await run_to_the_end(connected, transform_id, Endpoint("test-model", server.url, KEY, silence=20))

    assert artifact_of(connected)["ideas"] == ALL
    assert transform_of(connected)["streaming_status"] == "completed"


async def test_fill_in_asks_only_for_the_missing_idea(
    connected: str, room: Room, transform_id: str, server: ModelServer
):
    """补齐: the prompt holds the finished ideas, and one that the model repeats is dropped."""
    endpoint = Endpoint("test-model", server.url, KEY, silence=20)
    server.answers(spoken(ideas_text([1, 2])), spoken(ideas_text([2, 3])))
    await run_to_the_end(connected, transform_id, endpoint)

    await retrying.retry(room.project_id, transform_id, room.collaborator)
    await run_to_the_end(connected, transform_id, endpoint)

    assert titles(connected) == [idea["title"] for idea in ALL]
    assert transform_of(connected)["streaming_status"] == "completed"
    first, second = server.exchanges
    assert "写出 3 个" in first.prompt
    assert "写出 1 个" in second.prompt
    assert all(idea["body"] in second.prompt for idea in ALL[:2])
