"""Owns how Reflex runs this app: ports, origins, state storage, JS runtime. Knows nothing of its pages."""

import asyncio
import atexit
import functools
import inspect
import logging
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import granian.server
import reflex as rx
from granian.constants import HTTPModes
from granian.http import HTTP1Settings
from reflex.utils import exec as reflex_exec
from reflex.utils import prerequisites, processes
from reflex_base.constants import PackageJson, StateManagerMode

from scriptwriter.embedded.postgres import launcher
from scriptwriter.operations.backing import NAME
from scriptwriter.operations.startup import CANNOT_START, PortInUse, claim_port, why
from scriptwriter.settings import settings

ONE_DAY = 24 * 60 * 60
HEAD_BUFFER = 64 * 1024
"""Bytes of an unfinished request head that the server keeps; the application accepts 40 KB of a whole one.
Granian's own limit of 400 KB would allow 400 MB on 1,024 connections."""

# The JS runtime is the wheel's `bun` beside this Python: Reflex takes it from PATH and downloads nothing.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
os.environ.setdefault("REFLEX_USE_SYSTEM_BUN", "true")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
# Beside the checkout's other products: the home folder may be read-only, and two checkouts share nothing.
os.environ.setdefault("REFLEX_DIR", str(Path(__file__).parent / ".reflex"))

# A silent line is noticed after both together; for Reflex's own 145 s a page would only look alive.
os.environ.setdefault("REFLEX_SOCKET_INTERVAL", "10s")
os.environ.setdefault("REFLEX_SOCKET_TIMEOUT", "15s")

# bun runs everything: the version of a Node that happens to be there matters to nobody, nor does it which
# registry answers first.
for _silent in ("reflex.utils.js_runtimes", "reflex.utils.registry"):
    logging.getLogger(_silent).setLevel(logging.ERROR)

# The time of the start would go into the bundle and give its files new names at each start: a page that is
# open would then ask for files that are gone, and several web processes could not share one build.
prerequisites.set_last_reflex_run_time = lambda: None

_listens = processes.is_process_on_port
# Reflex looks for a free port seconds before it listens there: two checkouts that start together would find
# the same one, and the second would crash.
processes.is_process_on_port = lambda port, *families: _listens(port, *families) or not claim_port(port)
# Reflex reads this file more than once.
_handle_port = inspect.unwrap(processes.handle_port)
# It says in two lines what fits into one sentence; the address that is used in the end is told by `lifespan`.
logging.getLogger(processes.__name__).setLevel(logging.CRITICAL)


@functools.wraps(_handle_port)
def _usable_port(service_name: str, port: int, auto_increment: bool) -> int:
    # Reflex asks for the ports before it compiles the page.
    try:
        chosen = _handle_port(service_name, port, auto_increment)
    except SystemExit:
        sys.exit(why(PortInUse(port, "backend" if service_name.startswith("backend") else "frontend")))
    if not service_name.startswith("frontend"):
        _refuse_unusable_database()
    return chosen


def _refuse_unusable_database() -> None:
    """End this start with one sentence where the database cannot serve."""
    from scriptwriter.lifespan import connected

    async def look() -> None:
        async with connected():
            pass

    try:
        if _settings.outside_database is None:
            # The embedded server goes on while the page is compiled.
            server = launcher.attach(_settings.postgres_folder, name=NAME)
            atexit.register(server.close)
        asyncio.run(look())
    except CANNOT_START as error:
        sys.exit(why(error))


processes.handle_port = _usable_port
# At the first start of a checkout Reflex says how to start what is starting already.
logging.getLogger("reflex.reflex").addFilter(lambda said: not said.getMessage().startswith("Initialized "))


class _Server(granian.server.Server):  # pyright: ignore[reportGeneralTypeIssues]: one of two classes
    """Granian with limits on each of its 1,024 connections: a head in ten seconds, of HEAD_BUFFER bytes.

    It speaks HTTP/1 only: to find out whether a connection speaks HTTP/2, which no browser does without TLS,
    Granian waits without a limit.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        limits = HTTP1Settings(header_read_timeout=10_000, max_buffer_size=HEAD_BUFFER)
        ours = {"http": HTTPModes.http1, "http1_settings": limits}
        # Reflex reads this file more than once: the class below may be of this kind already.
        super().__init__(*args, **ours | options)


granian.server.Server = _Server

try:
    _settings = settings()
except CANNOT_START as error:
    sys.exit(why(error))
_redis = _settings.redis_url


if _settings.development:
    # Reflex names its addresses before they answer; `lifespan` prints the one address when everything does.
    reflex_exec.notify_frontend = reflex_exec.notify_backend = lambda *_, **__: None

# Reflex asks Vite to listen on every interface; the page in development is for this machine only. The command
# is written into reflex.lock/ at each start, also in production.
setattr(PackageJson.Commands, "DEV", "react-router dev --host 127.0.0.1")  # noqa: B010


def _origins() -> list[str]:
    # Reflex writes the port it found free into the environment before its workers read this file.
    port = os.environ.get("REFLEX_FRONTEND_PORT") or "3000"
    own = [f"http://{host}:{port}" for host in ("localhost", "127.0.0.1")]
    public = [_settings.public_url.rstrip("/")] if _settings.public_url else []
    # In production the app's address alone. Without one Reflex would take an empty list for "every origin".
    return public if public and not _settings.development else public + own


# Left out where it is not set, so that Reflex derives both from its ports.
_addresses: dict[str, Any] = dict.fromkeys(("api_url", "deploy_url"), _settings.public_url)

config = rx.Config(
    app_name="scriptwriter",
    backend_host="127.0.0.1" if _settings.development else "0.0.0.0",
    cors_allowed_origins=_origins(),
    redis_url=_redis.get_secret_value() if _redis else None,
    state_manager_mode=StateManagerMode.REDIS if _redis else StateManagerMode.MEMORY,
    redis_token_expiration=ONE_DAY,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[],
    disable_plugins=[rx.plugins.SitemapPlugin],
    **(_addresses if _settings.public_url else {}),
)
