"""Owns which origins may send a browser's requests here: the check behind CORS and every posted form."""

import re
from urllib.parse import urlsplit

from fastapi import HTTPException

from scriptwriter.settings import Settings, settings

_LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")


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
    """The path, if it stays on the same site; else /."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def origin_of(url: str) -> str:
    """The origin (scheme://host[:port]) of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
