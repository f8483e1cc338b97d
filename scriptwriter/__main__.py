"""The commands of `python -m scriptwriter`: schema, worker, electric, check, remove-test-user."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

from scriptwriter.domain.errors import StartRefused
from scriptwriter.operations.observability import configure_logs
from scriptwriter.operations.startup import CANNOT_START, why
from scriptwriter.operations.version import version
from scriptwriter.settings import settings


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, 0 after success and 1 after a failure.

    Raises SystemExit after `--help` and `--version` (0), and for wrong arguments (2).
    """
    parser = argparse.ArgumentParser(prog="python -m scriptwriter", description="Scriptwriter's own commands")
    parser.add_argument("--version", action="version", version=f"scriptwriter {version()}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schema", help="bring the database to this version's schema, and exit")
    commands.add_parser("worker", help="generate ideas until stopped")
    commands.add_parser("check", help="succeed if a worker is alive (for health checks)")
    commands.add_parser("remove-test-user", help="delete the test user of development, before production")
    electric = commands.add_parser("electric", help="run the embedded shape server alone")
    electric.add_argument("--port", type=int, default=3030, help="port on 127.0.0.1 (default 3030)")
    chosen = parser.parse_args(arguments)
    try:
        run: dict[str, Callable[[], Awaitable[None]]] = {
            "schema": _schema,
            "worker": _worker,
            "check": _check,
            "remove-test-user": _remove_test_user,
            "electric": lambda: _electric(chosen.port),
        }
        configure_logs(json_lines=not settings().development, secrets=settings().secrets)
        asyncio.run(_until_stopped(run[chosen.command]()))
    except CANNOT_START as error:
        print(why(error), file=sys.stderr)
        return 1
    return 0


async def _until_stopped(work: Awaitable[None]) -> None:
    """Await `work`; SIGTERM and SIGINT cancel it, so that it ends cleanly."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise


async def _schema() -> None:
    from scriptwriter.operations.backing import database_server

    async with database_server(settings()):
        print("The schema is up to date.")


async def _worker() -> None:
    from scriptwriter.api.routes import metrics_routes
    from scriptwriter.lifespan import connected
    from scriptwriter.worker import queue_worker

    async with connected(), metrics_routes.served_beside():
        await queue_worker.work()


async def _check() -> None:
    from scriptwriter.lifespan import connected
    from scriptwriter.operations.health import worker_alive

    async with connected():
        if not await worker_alive():
            raise SystemExit("No worker has a current heartbeat.")


async def _remove_test_user() -> None:
    from scriptwriter.operations.backing import database_server
    from scriptwriter.services.accounts import test_user
    from scriptwriter.store import database

    async with database_server(settings()) as url:
        connection = database.connect(url)
        try:
            deleted = await test_user.remove()
        finally:
            await connection.close()
    print(f"This database has no test user any more; {deleted} projects of theirs were deleted.")


async def _electric(port: int) -> None:
    from scriptwriter.embedded.shapes import shape_server
    from scriptwriter.operations.backing import database_server

    secret = settings().electric_secret
    if secret is None:
        raise StartRefused("set ELECTRIC_SECRET: a client that has it can read every shape.")
    async with database_server(settings()) as url:
        await shape_server.serve(url, secret.get_secret_value(), "127.0.0.1", port)


if __name__ == "__main__":
    sys.exit(main())
