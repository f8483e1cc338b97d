"""Owns how Reflex runs this app: ports, origins, state storage, JS runtime. Knows nothing of its pages."""

import os
import sysconfig
from typing import Any

import reflex as rx
from reflex_base.constants import StateManagerMode

from scriptwriter.settings import settings

ONE_DAY = 24 * 60 * 60

# The JS runtime is the wheel's `bun` beside this Python: Reflex takes it from PATH and downloads nothing.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
os.environ.setdefault("REFLEX_USE_SYSTEM_BUN", "true")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")

# A silent line is noticed after both together; for Reflex's own 145 s a page would only look alive.
os.environ.setdefault("REFLEX_SOCKET_INTERVAL", "10s")
os.environ.setdefault("REFLEX_SOCKET_TIMEOUT", "15s")

_settings = settings()
_redis = _settings.redis_url


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
