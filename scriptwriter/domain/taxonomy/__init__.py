"""The platforms, genres and sensitive subjects in taxonomy.toml."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_WORD = re.compile(r"[^\s,，、;；/]([^,，、;；/]*[^\s,，、;；/])?")
"""One tag in a list of tags; assets/pickers.js splits lists the same way."""
_FILE = Path(__file__).parent / "taxonomy.toml"

MOST_GENRES = 3
"""Genres of one brief from the list. A person's own words come in addition."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A choice with its name in both languages. A brief stores the name in the language of the person."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under a heading."""

    zh: str
    en: str
    entries: tuple[Entry, ...]


@lru_cache(maxsize=1)
def _data() -> dict:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def platforms() -> tuple[Entry, ...]:
    """The platforms that the form offers, the most used first."""
    return tuple(Entry(*names) for names in _data()["platforms"])


@lru_cache(maxsize=1)
def genres() -> tuple[Group, ...]:
    """The genres that the form offers, in groups with headings, in the order of taxonomy.toml."""
    return tuple(
        Group(group["zh"], group["en"], tuple(Entry(*names) for names in group["entries"]))
        for group in _data()["genres"]
    )


def named(words: str, language: str) -> str:
    """A platform or genres in `language` (zh, en). Text that a person typed is returned unchanged."""
    names = _names()
    return _WORD.sub(lambda word: names[language].get(word[0].lower(), word[0]), words)


@lru_cache(maxsize=1)
def _names() -> dict[str, dict[str, str]]:
    entries = [*platforms(), *(entry for group in genres() for entry in group.entries)]
    return {
        language: {
            name.lower(): getattr(entry, language) for entry in entries for name in (entry.zh, entry.en)
        }
        for language in ("zh", "en")
    }


@lru_cache(maxsize=1)
def sensitive() -> tuple[str, ...]:
    """Words of subjects that a platform may review before publication."""
    return tuple(_data()["sensitive"])
