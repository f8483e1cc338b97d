"""Which origins may send requests to this server, and where a redirect may lead."""

import re
from urllib.parse import unquote, urlsplit

from fastapi import HTTPException

from scriptwriter.settings import Settings, settings

_LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
_ENCODED_SLASH = re.compile(rb"%(2f|5c)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def allowed(origin: str | None, known: Settings | None = None) -> bool:
    """Whether a request with this Origin header may act for a signed-in person.

    In production only SCRIPTWRITER_URL may. In development every port of this machine may, because the
    development server takes the next free one.
    """
    known = known or settings()
    if not origin:
        return False
    if known.public_url and origin == origin_of(known.public_url):
        return True
    return known.development and _LOOPBACK.fullmatch(origin) is not None


def home_of(origin: str | None) -> str:
    """The origin that posted a form, to redirect back to. Raises HTTPException 403 if it is not allowed."""
    if origin is None or not allowed(origin):
        raise HTTPException(403, "This origin is not allowed.")
    return origin_of(origin)


def inside(path: str) -> str:
    """The path, if a redirect to it stays on this site (WHATWG URL, 4.4); else "/".

    Such a path begins with exactly one slash. Browsers read a backslash as a slash, and drop tabs and line
    feeds.
    """
    printable = path.isascii() and path.isprintable() and " " not in path
    return path if printable and re.match(r"/(?!/)", path) and "\\" not in path else "/"


def kept_here(location: str, host: str) -> str:
    """A safe value for the Location header: a path, or an address whose origin is `allowed`.

    An address at `host` (that of the request) becomes a path, which keeps https behind a proxy. Any other
    address becomes "/".
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
    """Whether every decoder reads the same path from these bytes.

    False for an empty first segment, an encoded slash, a backslash or a control character. No route has one.
    """
    decoded = unquote(raw_path.decode("latin-1"), "latin-1")
    encoded = _ENCODED_SLASH.search(raw_path) is not None
    one_slash = decoded.startswith("/") and not decoded.startswith("//")
    return one_slash and not (encoded or "\\" in decoded or _CONTROL.search(decoded))


def origin_of(url: str) -> str:
    """The origin (scheme://host[:port]) of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
