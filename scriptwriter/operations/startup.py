"""Errors with which a start fails, each explained to the operator in one sentence; and claims of ports."""

import errno
import socket
import sys

import psycopg
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import DBAPIError

from scriptwriter.domain.errors import SchemaError, StartRefused
from scriptwriter.embedded.postgres.launcher import EmbeddedPostgresError
from scriptwriter.embedded.shapes.shape_process import ShapeServerNotStarted


class PortInUse(StartRefused):
    """The port given on the command line is in use; `service` is "frontend" or "backend"."""

    def __init__(self, port: int, service: str) -> None:
        super().__init__(
            f"port {port} is in use by another program: end that one, "
            f"or choose another port with --{service}-port."
        )


CANNOT_START = (
    DBAPIError,
    EmbeddedPostgresError,
    OSError,
    SchemaError,
    SettingsError,
    ShapeServerNotStarted,
    StartRefused,
    ValidationError,
    psycopg.Error,
)
"""Errors that an operator can correct. Any other error is a bug and is shown with its traceback."""


def why(error: BaseException) -> str:
    """A sentence on one line that says why this process cannot start, and what to change."""
    if isinstance(error, ValidationError):
        said = " ".join(_setting(each) for each in error.errors(include_url=False, include_input=False))
    elif isinstance(error, SettingsError):
        # Its message has the name of the setting in quotes.
        said = f"{str(error).split(chr(34))[1].upper()} is not valid JSON"
    elif isinstance(error, psycopg.Error | DBAPIError):
        said = f"the database cannot be used: {_first_words(error)}"
    elif isinstance(error, ShapeServerNotStarted):
        said = f"the embedded shape server did not come up ({error})"
    elif isinstance(error, EmbeddedPostgresError):
        # Further lines are the end of a log file, which the first line names.
        said = f"{str(error).splitlines()[0]} Or set DATABASE_URL to a PostgreSQL server of your own."
    elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        said = "the port is in use by another program: end that one, or choose another port"
    else:
        # Further lines are the end of a log file, which the first line names.
        said = next(iter(str(error).splitlines()), type(error).__name__)
    return f"Scriptwriter cannot start: {' '.join(said.split())}"


_claims: dict[int, socket.socket] = {}


def claim_port(port: int) -> bool:
    """Claim a port until this process ends; False if another process of this program has claimed it.

    The claim is an abstract Unix socket (Linux only). It does not say whether a program listens on the port.
    """
    if sys.platform != "linux" or port in _claims:
        return True
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0scriptwriter port {port}")
    except OSError:
        claim.close()
        return False
    _claims[port] = claim
    return True


def _setting(found: object) -> str:
    """The error of one setting, with the name of its environment variable."""
    assert isinstance(found, dict)
    message = str(found["msg"]).removeprefix("Value error, ")
    name = ".".join(str(part) for part in found["loc"]).partition(".")
    return f"{name[0].upper()}{name[1]}{name[2]}: {message}." if name[0] else message


def _first_words(error: psycopg.Error | DBAPIError) -> str:
    """The first line of the server's message, without the query and the position in the further lines."""
    told = error.orig if isinstance(error, DBAPIError) else error
    return next((line for line in str(told).splitlines() if line.strip()), type(told).__name__)
