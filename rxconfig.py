"""Configuration of Reflex for this app: ports, origins, state storage, JS runtime, limits of the server."""

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
"""Most bytes of an incomplete request head that the server buffers. The application accepts heads of 40 KB.
Granian's default of 400 KB would allow 400 MB on 1,024 connections."""

# The JS runtime is `bun` from a wheel in this environment. Reflex finds it on PATH and downloads nothing.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
os.environ.setdefault("REFLEX_USE_SYSTEM_BUN", "true")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
# A folder of the checkout: the home folder may be read-only, and two checkouts must not share files.
os.environ.setdefault("REFLEX_DIR", str(Path(__file__).parent / ".reflex"))

# A dead connection is detected after both together: 25 s, instead of 145 s with the defaults of Reflex.
os.environ.setdefault("REFLEX_SOCKET_INTERVAL", "10s")
os.environ.setdefault("REFLEX_SOCKET_TIMEOUT", "15s")

# bun runs everything, so these loggers' lines about the version of Node and about registries are irrelevant.
for _silent in ("reflex.utils.js_runtimes", "reflex.utils.registry"):
    logging.getLogger(_silent).setLevel(logging.ERROR)

# Reflex would write the time of the start into the bundle, whose files would get new names each time. Open
# pages would then request files that are gone, and several web processes could not share one build.
prerequisites.set_last_reflex_run_time = lambda: None

_listens = processes.is_process_on_port
# Reflex looks for a free port seconds before it listens on it: two checkouts that start together would find
# the same port, and the second would crash.
processes.is_process_on_port = lambda port, *families: _listens(port, *families) or not claim_port(port)
# Reflex reads this file more than once: wrap the original function only once.
_handle_port = inspect.unwrap(processes.handle_port)
# This logger reports ports that are in use. Here `why` does that, and `lifespan` prints the final address.
logging.getLogger(processes.__name__).setLevel(logging.CRITICAL)


@functools.wraps(_handle_port)
def _usable_port(service_name: str, port: int, auto_increment: bool) -> int:
    # Reflex calls this before it compiles the page, so a problem is reported early.
    try:
        chosen = _handle_port(service_name, port, auto_increment)
    except SystemExit:
        sys.exit(why(PortInUse(port, "backend" if service_name.startswith("backend") else "frontend")))
    if not service_name.startswith("frontend"):
        _refuse_unusable_database()
    return chosen


def _refuse_unusable_database() -> None:
    """Exit with one sentence if the database cannot be used."""
    from scriptwriter.lifespan import connected

    async def look() -> None:
        async with connected():
            pass

    try:
        if _settings.outside_database is None:
            # Keep the embedded server running while the page is compiled.
            server = launcher.attach(_settings.postgres_folder, name=NAME)
            atexit.register(server.close)
        asyncio.run(look())
    except CANNOT_START as error:
        sys.exit(why(error))


processes.handle_port = _usable_port
# At the first start of a checkout, Reflex prints how to start the app, although it is starting already.
logging.getLogger("reflex.reflex").addFilter(lambda said: not said.getMessage().startswith("Initialized "))


class _Server(granian.server.Server):  # pyright: ignore[reportGeneralTypeIssues]: one of two classes
    """Granian with limits for each of its 1,024 connections: ten seconds and HEAD_BUFFER for a request head.

    It speaks HTTP/1 only: to find out whether a connection speaks HTTP/2, which no browser does without TLS,
    Granian waits without a limit.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        limits = HTTP1Settings(header_read_timeout=10_000, max_buffer_size=HEAD_BUFFER)
        ours = {"http": HTTPModes.http1, "http1_settings": limits}
        # Reflex reads this file more than once: the base class may already be a _Server.
        super().__init__(*args, **ours | options)


granian.server.Server = _Server

try:
    _settings = settings()
except CANNOT_START as error:
    sys.exit(why(error))
_redis = _settings.redis_url


if _settings.development:
    # Reflex prints addresses before they answer. `lifespan` prints the address when everything answers.
    reflex_exec.notify_frontend = reflex_exec.notify_backend = lambda *_, **__: None

# Reflex makes Vite listen on all interfaces, but the development page is for this machine only. Reflex writes
# the command into reflex.lock/ at each start, also in production.
setattr(PackageJson.Commands, "DEV", "react-router dev --host 127.0.0.1")  # noqa: B010


def _origins() -> list[str]:
    # Reflex writes the free port that it found into the environment before its workers read this file.
    port = os.environ.get("REFLEX_FRONTEND_PORT") or "3000"
    own = [f"http://{host}:{port}" for host in ("localhost", "127.0.0.1")]
    public = [_settings.public_url.rstrip("/")] if _settings.public_url else []
    # In production only the public address. Reflex would take an empty list as "every origin".
    return public if public and not _settings.development else public + own


# Without a public URL both are left out, so that Reflex derives them from its ports.
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
