"""Programs that use the HTTP API with a person's token, in this process or over the network."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.api.http_app import create
from scriptwriter.services.accounts import api_tokens, sessions

HOME = "http://localhost:3000"
JSON = {"content-type": "application/json"}


async def bearer(user_id: str) -> dict[str, str]:
    """The Authorization header with a new token of the person."""
    return {"authorization": f"Bearer {await api_tokens.create(user_id, '程序')}"}


async def cookie(user_id: str) -> dict[str, str]:
    """The Cookie header with a new session of the person."""
    return {"cookie": f"{COOKIE}={await sessions.open_session(user_id)}"}


def client(headers: Mapping[str, str] | None = None, api: FastAPI | None = None) -> httpx.AsyncClient:
    """A client that calls the API in this process, without a server."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api or create()), base_url=HOME, headers=dict(headers or {})
    )


@asynccontextmanager
async def program_of(user_id: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a token of the person, whose language is English."""
    async with client({**await bearer(user_id), "accept-language": "en"}) as http:
        yield http


@asynccontextmanager
async def served(app: Any = None) -> AsyncIterator[str]:
    """The URL of a real server of the API that runs while the block does."""
    config = uvicorn.Config(
        app or create(), lifespan="off", log_config=None, port=0, timeout_graceful_shutdown=1
    )
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not serving.done(), "the server did not start"
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: the test runner handles signals itself."""
        yield


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the error code of an answer, after checking that its body has the error format."""
    body = answer.json()
    assert {*body} - {"errors"} == {"message", "code"}, body
    assert body["message"] and answer.headers["content-type"] == "application/json"
    return answer.status_code, body["code"]


def blamed(answer: httpx.Response) -> list[str]:
    """The names of the fields that a 400 answer reports as invalid, sorted."""
    assert problem(answer) == (400, "invalid_request"), answer.text
    errors = answer.json()["errors"]
    assert all(reasons and all(reasons) for reasons in errors.values())
    return sorted(errors)
