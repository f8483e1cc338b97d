"""The shape server as a process: its socket, its start and its end. Run `-m …shape_server --help`."""

import argparse
import asyncio
import json
import os
import socket
import sys
import threading
import time
from contextlib import suppress

import uvicorn

from .shape_app import ShapeApp
from .shape_registry import ShapeRegistry


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Port 0 takes a free one."""
    # Without a named protocol asyncio keeps Nagle's algorithm on: an answer in two writes takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(512)
    return listening


async def serve(dsn: str, secret: str, host: str = "127.0.0.1", port: int = 3030) -> None:
    """Serve the shapes of the database at `dsn` until a signal arrives.

    Clients must send `secret`. While Postgres is away, requests get a 503.
    """
    registry = ShapeRegistry(dsn)
    await run(registry, ShapeApp(registry, secret), listen(host, port), asyncio.Event())


async def run(registry: ShapeRegistry, app: ShapeApp, listening: socket.socket, stop: asyncio.Event) -> None:
    """Answer requests on a listening socket until `stop` is set or a signal arrives."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_level="critical",
        server_header=False,
        # Longer than clients keep an idle connection, so that the client closes it.
        timeout_keep_alive=75,
        # Else the server would wait for the end of open streams and polls.
        timeout_graceful_shutdown=0,
        ws="none",
    )
    server = uvicorn.Server(config)
    tasks = [asyncio.create_task(registry.run()), asyncio.create_task(_stop_when(stop, server))]
    try:
        await server.serve(sockets=[listening])
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _stop_when(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


def _follow_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # This also ends when the parent was killed: the kernel closes its end of the pipe.
    sys.stdin.buffer.read()
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)
    time.sleep(1)
    os._exit(0)


async def _main() -> None:
    parser = argparse.ArgumentParser(description="Serve Electric's shape protocol by re-reading Postgres.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--follow-stdin", action="store_true", help="stop when stdin is closed")
    parser.add_argument("--allow-deletion", action="store_true", help="answer DELETE /v1/shape")
    parser.add_argument("--sse-in-parts", action="store_true", help="send each event in three HTTP chunks")
    options = parser.parse_args()
    # Not from the arguments, which every account of the machine can read.
    dsn, secret = os.environ["SHAPE_SERVER_DSN"], os.environ["SHAPE_SERVER_SECRET"]
    listening, stop = listen("127.0.0.1", options.port), asyncio.Event()
    if options.follow_stdin:
        following = threading.Thread(
            target=_follow_stdin, args=(asyncio.get_running_loop(), stop), daemon=True
        )
        following.start()
    print(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}"}), flush=True)
    registry = ShapeRegistry(dsn)
    app = ShapeApp(registry, secret, allow_deletion=options.allow_deletion, sse_in_parts=options.sse_in_parts)
    await run(registry, app, listening, stop)


if __name__ == "__main__":
    asyncio.run(_main())
