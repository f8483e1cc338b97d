"""Reads the recorded exchanges with Electric 1.7.12."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

FOLDER = Path(__file__).parents[2] / "recordings" / "electric-1.7.12"

_REQUEST = re.compile(r">>>> \[\s*[\d.]+s\] (GET|DELETE|POST|HEAD|OPTIONS) (\S+)")
_STATUS = re.compile(r"<<<< \[\+[\d.]+s\] HTTP (\d+)")
_RAW = re.compile(r"<<<< \[\+[\d.]+s\] raw (b'.*'|b\".*\")$")
_BODY = re.compile(r"     body \(\d+ bytes\): (.*)$", re.DOTALL)
_HEADER = re.compile(r"     ([a-z-]+): ?(.*)$")


@dataclass
class Exchange:
    """A request and its response; `raw` holds the pieces of an event stream's body as they arrived."""

    query: dict[str, str]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: list[bytes] = field(default_factory=list)
    is_shape: bool = True


def exchanges(number: str) -> list[Exchange]:
    """The shape requests of the recording whose name starts with `number`, in order."""
    [file] = FOLDER.glob(f"{number}-*.txt")
    found: list[Exchange] = []
    for line in file.read_text().split("\n"):
        if match := _REQUEST.match(line):
            address = urlsplit(match[2])
            found.append(Exchange(dict(parse_qsl(address.query)), is_shape=address.path == "/v1/shape"))
        elif match := _STATUS.match(line):
            found[-1].status = int(match[1])
        elif match := _RAW.match(line):
            _add_raw(found[-1], ast.literal_eval(match[1]))
        elif match := _BODY.match(line):
            found[-1].body = match[1].encode()
        elif found and found[-1].status and (match := _HEADER.match(line)):
            found[-1].headers[match[1]] = match[2]
    return [exchange for exchange in found if exchange.is_shape]


def _add_raw(exchange: Exchange, piece: bytes) -> None:
    if not exchange.status:
        head, _, piece = piece.partition(b"\r\n\r\n")
        status, *headers = head.decode().split("\r\n")
        exchange.status = int(status.split()[1])
        exchange.headers = dict(header.split(": ", 1) for header in headers)
    if exchange.headers.get("transfer-encoding") != "chunked":
        exchange.body += piece
    while piece and exchange.headers.get("transfer-encoding") == "chunked":
        size, _, piece = piece.partition(b"\r\n")
        if data := piece[: int(size, 16)]:
            exchange.raw.append(data)
        piece = piece[int(size, 16) + 2 :]
