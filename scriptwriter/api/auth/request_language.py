"""Which of the two languages the sender of a request reads.

No library does it: Werkzeug's negotiation answers `en` to "zh-CN,en;q=0.5", and WebOb imports `cgi`, which
Python 3.13 removed.
"""

from fastapi import Request

from scriptwriter.domain.errors import Language

LONGEST_HEADER = 1_000
"""Characters of Accept-Language that are read."""


def language_of(request: Request) -> Language:
    """The language of the request's Accept-Language header; see `preferred`."""
    return preferred(request.headers.get("accept-language", ""))


def preferred(accept_language: str) -> Language:
    """The language that an Accept-Language header (RFC 9110, 12.5.4) ranks higher: "zh" or "en".

    A range such as zh-Hant-TW counts for zh. "zh" if the header names neither.
    """
    ranks: dict[str, float] = {}
    for item in accept_language[:LONGEST_HEADER].split(","):
        language_range, _, weight = item.partition(";")
        ranks.setdefault(language_range.strip().lower().partition("-")[0], _quality(weight))
    return "en" if ranks.get("en", 0.0) > ranks.get("zh", 0.0) else "zh"


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
