"""An installation in which every secret contains a mark, so that a leak can be found by searching for the
marks.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from pydantic import AliasChoices, SecretStr

from scriptwriter.settings import Settings

UNMARKED = {
    "redis_url": "needs a Redis to start; that its password is hidden in logs: test_observability.py",
    "database_url": "marked by its password",
}


def marks() -> dict[str, str]:
    """A mark for each secret setting, by the name of its environment variable, without UNMARKED."""
    found = {}
    for name, field in Settings.model_fields.items():
        secret = SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))
        if secret and name not in UNMARKED:
            alias = field.validation_alias
            variable = alias.choices[0] if isinstance(alias, AliasChoices) else alias or name.upper()
            found[str(variable)] = f"mark-{secrets.token_hex(12)}"
    return found


def with_password(url: str, password: str) -> str:
    """The URL of a database with a password, which a local server does not check."""
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{password}@{place}"))


@contextmanager
def shape_server(database_url: str, secret: str) -> Iterator[str]:
    """The URL of an embedded shape server with this secret, in place of an outside Electric."""
    command = [
        sys.executable,
        "-m",
        "scriptwriter.embedded.shapes.shape_server",
        "--follow-stdin",
        "--port",
        "0",
    ]
    environment = {**os.environ, "SHAPE_SERVER_DSN": database_url, "SHAPE_SERVER_SECRET": secret}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.stdin.close()
            process.wait(10)
