"""A program that follows a shape through the API with single requests of the Electric protocol."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from scriptwriter.sync import hub
from tests.support.programs import served
from tests.support.rooms import Room
from tests.support.shape_servers import SECRET
from tests.support.waiting import LIMIT

SHAPE = "/api/electric/v1/shape"


def asking(room: Room, shape: str = "artifacts", offset: str = "-1", **more: str) -> dict[str, str]:
    """The parameters of a request for a shape of the room's project."""
    return {"project_id": room.project_id, "shape": shape, "offset": offset, **more}


async def caught_up(http: httpx.AsyncClient, room: Room, shape: str = "artifacts") -> dict[str, str]:
    """The parameters of the first live request, after reading everything that exists."""
    asked = asking(room, shape)
    while True:
        part = await http.get(SHAPE, params=asked)
        assert part.status_code == 200, part.text
        asked = asking(room, shape, part.headers["electric-offset"], handle=part.headers["electric-handle"])
        if "electric-up-to-date" in part.headers:
            return {**asked, "live": "true"}


@asynccontextmanager
async def known(url: str, secret: str | None = SECRET) -> AsyncIterator[None]:
    """Connect the API to the Electric at `url` while the block runs."""
    async with hub.connect(hub.Hub(url, secret)):
        yield


@asynccontextmanager
async def network_client(headers: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server of the API."""
    async with (
        served() as home,
        httpx.AsyncClient(base_url=home, headers=headers, timeout=LIMIT, verify=False) as http,
    ):
        yield http


class Stream:
    """An open event stream: the lines that it received, and how it ended."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ended = asyncio.Event()
        self.opened = asyncio.Event()
        self.failure: Exception | None = None

    @property
    def text(self) -> str:
        """All lines received so far."""
        return "\n".join(self.lines)


@asynccontextmanager
async def streaming(http: httpx.AsyncClient, live: dict[str, str]) -> AsyncIterator[Stream]:
    """An event stream that is open when the block begins, and is read in the background."""
    stream = Stream()

    async def read() -> None:
        try:
            async with http.stream("GET", SHAPE, params={**live, "live_sse": "true"}) as answer:
                assert answer.status_code == 200
                stream.opened.set()
                async for line in answer.aiter_lines():
                    stream.lines.append(line)
        except httpx.HTTPError as error:
            stream.failure = error
        finally:
            stream.ended.set()

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(LIMIT):
            await stream.opened.wait()
        yield stream
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
