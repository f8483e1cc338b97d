"""Which origins may send a browser's requests here, and where an answer may send a browser."""

import re
from urllib.parse import unquote, urlsplit

from fastapi import HTTPException

from scriptwriter.settings import Settings, settings

_LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
_ENCODED_SLASH = re.compile(rb"%(2f|5c)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def allowed(origin: str | None, known: Settings | None = None) -> bool:
    """Whether a request from `origin` (the header's value) may act for a signed-in person.

    In development every port of this machine may: the dev server takes the next free one.
    In production only SCRIPTWRITER_URL may.
    """
    known = known or settings()
    if not origin:
        return False
    if known.public_url and origin == origin_of(known.public_url):
        return True
    return known.development and _LOOPBACK.fullmatch(origin) is not None


def home_of(origin: str | None) -> str:
    """The origin that posted a form, to go back to. Raises HTTPException 403 for one that may not post."""
    if origin is None or not allowed(origin):
        raise HTTPException(403, "This origin is not allowed.")
    return origin_of(origin)


def inside(path: str) -> str:
    """The path, if a browser that is sent there stays on this site (WHATWG URL, 4.4); else /.

    A path begins with one slash. A browser reads a backslash as a slash, and drops tabs and line feeds.
    """
    printable = path.isascii() and path.isprintable() and " " not in path
    return path if printable and re.match(r"/(?!/)", path) and "\\" not in path else "/"


def kept_here(location: str, host: str) -> str:
    """The value of a Location header as it may leave this server: a path, or an address that `allowed` knows.

    An address at `host` (the request's own) becomes a path: a path cannot lead away from https behind a
    proxy. What leads anywhere else becomes /.
    """
    try:
        parts = urlsplit(location)
    except ValueError:
        return "/"
    if not (parts.scheme or parts.netloc):
        return inside(location)
    path = inside(parts._replace(scheme="", netloc="", path=parts.path or "/").geturl())
    if parts.netloc == host:
        return path
    origin = origin_of(location)
    return origin + path if allowed(origin) else "/"


def is_plain(raw_path: bytes) -> bool:
    """Whether the path of a request, as it was sent, names one place whoever decodes it.

    No route of ours has an empty first segment, an encoded slash, a backslash or a control character.
    """
    decoded = unquote(raw_path.decode("latin-1"), "latin-1")
    encoded = _ENCODED_SLASH.search(raw_path) is not None
    one_slash = decoded.startswith("/") and not decoded.startswith("//")
    return one_slash and not (encoded or "\\" in decoded or _CONTROL.search(decoded))


def origin_of(url: str) -> str:
    """The origin (scheme://host[:port]) of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
