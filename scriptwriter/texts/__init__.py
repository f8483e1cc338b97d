"""Texts that people read, in Chinese and English, one module per page or subject."""

from typing import NamedTuple


class Text(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str
