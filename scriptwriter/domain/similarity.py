"""Owns which texts are close to each other: retellings of one story, whatever its names. Pure: knows no idea.

Measured by shared pieces of characters, as in A. Z. Broder, On the resemblance and containment of documents
(1997). The pieces of a text are hashed into one long number, so that two texts are compared by one AND.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

THRESHOLD = 0.3
"""Containment from which two texts are close: retellings have 0.37 and more, others of a genre up to 0.21."""

_PLACES = 4096
_CHINESE, _OTHER = 2, 5
"""Characters of a piece: two of Chinese are a word, of an alphabet it takes five to tell anything."""
_FEWEST = 40
"""Pieces that even a short text counts as having: a common phrase alone makes no two sentences close."""
_BETWEEN_WORDS = re.compile(r"\W+")
_EAST_ASIAN = "\u2e80"
"""From here on the letters that Unicode has are those of East Asia."""


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A text as the set of its pieces: each sets a bit of `places`, and `size` bits are set."""

    places: int
    size: int


def sketch(text: str) -> Sketch:
    """The sketch of a text, without regard to case and punctuation."""
    places = bytearray(_PLACES // 8)
    for piece in _pieces(_BETWEEN_WORDS.sub(" ", text.lower()).strip()):
        place = zlib.crc32(piece.encode("utf-8", "replace")) % _PLACES
        places[place >> 3] |= 1 << (place & 7)
    return _packed(places)


def containment(one: Sketch, other: Sketch) -> float:
    """How much of the shorter text is in the longer one, from 0 to 1.

    Estimated from the bits, some of which are shared by chance: S. J. Swamidass and P. Baldi, Mathematical
    correction for fingerprint similarity measures to improve chemical retrieval (2007).
    """
    either = (one.places | other.places).bit_count()
    first, second = _number(one.size), _number(other.size)
    both = max(first + second - _number(either), 0.0)
    return both / max(min(first, second), _FEWEST)


def closest(text: Sketch, others: Sequence[Sketch]) -> int | None:
    """The place in `others` of the one closest to `text` (of equals the first), None if none is close."""
    found, most = None, 0.0
    places, size = text.places, text.size
    for at, other in enumerate(others):
        # Most are far, and one look tells: what is shared by chance only adds to it.
        shared = (places & other.places).bit_count()
        if shared < THRESHOLD * (size if size < other.size else other.size):
            continue
        measured = containment(text, other)
        if measured >= THRESHOLD and measured > most:
            found, most = at, measured
    return found


def compare(texts: Sequence[str | bytes], since: int) -> tuple[list[bytes], list[int | None]]:
    """Which earlier one of `texts` each one from place `since` on is closest to, as `closest` tells.

    A text may be given as the sketch that an earlier comparison made of it: the sketches of all are the first
    of what is returned.
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
        # An alphabet's pieces go over the ends of words, or short words would not count at all.
        if len(piece) == length and (length == _OTHER or " " not in piece):
            yield piece


def _number(bits: int) -> float:
    """How many pieces set so many bits, at the best guess."""
    return -_PLACES * log(1 - min(bits, _PLACES - 1) / _PLACES)
