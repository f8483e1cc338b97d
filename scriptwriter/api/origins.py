"""Owns which origins may send a browser's requests here: the check behind CORS and every posted form."""

from urllib.parse import urlsplit

from scriptwriter.settings import Settings, settings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


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
    return known.development and urlsplit(origin).hostname in _LOOPBACK


def origin_of(url: str) -> str:
    """The origin (scheme://host[:port]) of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
