"""Similarity of texts: finds retellings of one story, also with other names. Pure.

Containment of shingles as in A. Z. Broder, On the resemblance and containment of documents (1997). The
shingles of a text are hashed into one bit set, so that two texts are compared by one AND.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

THRESHOLD = 0.3
"""Containment from which texts are close. Retellings have 0.37 and more, stories of one genre up to 0.21."""

_PLACES = 4096
_CHINESE, _OTHER = 2, 5
"""Characters of a shingle. Two Chinese characters are a word; of an alphabet it takes five."""
_FEWEST = 40
"""Minimum number of shingles in the denominator, so that one common phrase makes no short texts close."""
_BETWEEN_WORDS = re.compile(r"\W+")
_EAST_ASIAN = "\u2e80"
"""First code point of the East Asian scripts."""


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """The shingles of a text as a bit set `places`, in which `size` bits are set."""

    places: int
    size: int


def sketch(text: str) -> Sketch:
    """The sketch of a text. Case and punctuation are ignored."""
    places = bytearray(_PLACES // 8)
    for piece in _pieces(_BETWEEN_WORDS.sub(" ", text.lower()).strip()):
        place = zlib.crc32(piece.encode("utf-8", "replace")) % _PLACES
        places[place >> 3] |= 1 << (place & 7)
    return _packed(places)


def containment(one: Sketch, other: Sketch) -> float:
    """The share of the shorter text that the longer one contains, from 0 to 1.

    Estimated from the bits, corrected for chance: S. J. Swamidass and P. Baldi, Mathematical
    correction for fingerprint similarity measures to improve chemical retrieval (2007).
    """
    either = (one.places | other.places).bit_count()
    first, second = _number(one.size), _number(other.size)
    both = max(first + second - _number(either), 0.0)
    return both / max(min(first, second), _FEWEST)


def closest(text: Sketch, others: Sequence[Sketch]) -> int | None:
    """The index in `others` of the closest text (of equals the first); None if none is close."""
    found, most = None, 0.0
    places, size = text.places, text.size
    for at, other in enumerate(others):
        # Cheap test first: the raw overlap is never smaller than the corrected one, and most texts are far.
        shared = (places & other.places).bit_count()
        if shared < THRESHOLD * (size if size < other.size else other.size):
            continue
        measured = containment(text, other)
        if measured >= THRESHOLD and measured > most:
            found, most = at, measured
    return found


def compare(texts: Sequence[str | bytes], since: int) -> tuple[list[bytes], list[int | None]]:
    """For each of `texts` from index `since` on, the index of the closest earlier one (see `closest`).

    A text may be given as the sketch that an earlier call returned. Returns the sketches of all texts, and
    the indexes.
    """
    sketches = [_packed(text) if isinstance(text, bytes) else sketch(text) for text in texts]
    close = [closest(sketches[at], sketches[:at]) for at in range(since, len(sketches))]
    return [each.places.to_bytes(_PLACES // 8, "little") for each in sketches], close


def _packed(places: bytes | bytearray) -> Sketch:
    bits = int.from_bytes(places, "little")
    return Sketch(bits, bits.bit_count())


def _pieces(plain: str) -> Iterator[str]:
    for at, character in enumerate(plain):
        length = _CHINESE if character >= _EAST_ASIAN else _OTHER
        piece = plain[at : at + length]
        # Shingles of an alphabet span word ends, because short words would not count otherwise.
        if len(piece) == length and (length == _OTHER or " " not in piece):
            yield piece


def _number(bits: int) -> float:
    """Estimated number of shingles that set so many bits."""
    return -_PLACES * log(1 - min(bits, _PLACES - 1) / _PLACES)
