"""Owns which of the two languages the sender of a request reads. Knows no text."""

from fastapi import Request

from scriptwriter.domain.errors import Language

LONGEST_WISHES = 1_000
"""Characters of Accept-Language that are read."""


def language_of(request: Request) -> Language:
    """The language of the request's Accept-Language; see `preferred`."""
    return preferred(request.headers.get("accept-language", ""))


def preferred(wishes: str) -> Language:
    """The better liked one of an Accept-Language header (RFC 9110, 12.5.4); Chinese where it has neither."""
    liked: dict[str, float] = {}
    for wish in wishes[:LONGEST_WISHES].split(","):
        name, _, weight = wish.partition(";")
        liked.setdefault(name.strip().lower().partition("-")[0], _quality(weight))
    return "en" if liked.get("en", 0.0) > liked.get("zh", 0.0) else "zh"


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
