"""Texts in the reader's language: Vars that change with the Var LANGUAGE."""

import re
from typing import Any

import reflex as rx
from reflex.vars import StringVar

from scriptwriter.texts import Text
from scriptwriter.web.kit.language_state import LanguageState

PLACEHOLDER = re.compile(r"\{(\w+)\}")
LANGUAGE = LanguageState.language
"""A Var: the language of the page, "zh" or "en"."""

StringLike = str | rx.Var[str]
Number = int | rx.Var[int]
Content = StringLike | rx.Var[int] | rx.Component
"""The content of an element: a text, a number, or another element."""
InBothLanguages = Any
"""A value, or a Var of one, with `zh` and `en`: Reflex has no type for a Var of a dataclass's fields."""


def t(text: Text, **values: Any) -> StringVar:
    """The text in the reader's language, with its placeholders filled.

    `values` are Vars or plain values, one for each `{name}` of the text. Raises KeyError for a missing one.
    """
    return by_language(_filled(text.zh, values), _filled(text.en, values))


def by_language(zh: StringLike, en: StringLike) -> StringVar:
    """`zh` or `en` (strings, or Vars of strings), depending on the reader's language."""
    return rx.cond(LANGUAGE == "en", en, zh).to(str)


def in_language(content: InBothLanguages) -> StringVar:
    """The `zh` or the `en` of a Var or a value that has both, such as a Notice."""
    return by_language(content.zh, content.en)


def woven(text: Text, **values: Any) -> rx.Component:
    """The text as a fragment, for placeholders whose values are components."""
    return rx.cond(
        LANGUAGE == "en",
        rx.fragment(*_pieces(text.en, values)),
        rx.fragment(*_pieces(text.zh, values)),
    )


def counted(count: rx.Var[int], many: Text, one: Text) -> StringVar:
    """`many` with `count` as its {count}, or `one` if `count` is 1."""
    return rx.cond(count == 1, t(one), t(many, count=count)).to(str)


def named(batch: Any, field: str) -> StringVar:
    """The `platform` or `genre` of a BatchView (or a Var of one) by its name in the reader's language."""
    return by_language(getattr(batch, field), getattr(batch, f"{field}_en"))


def listed(names: rx.Var[str]) -> StringVar:
    """A list of names (a Var, joined by 、), joined as the reader's language joins lists."""
    return by_language(names, names.to(str).split("、").join(", "))


def quoted(titles: rx.Var[str]) -> StringVar:
    """Titles (a Var, each between 《 and 》), quoted as the reader's language quotes titles."""
    english = titles.to(str)
    for chinese, other in (("》《", "”, “"), ("《", "“"), ("》", "”")):
        english = english.split(chinese).join(other)
    return by_language(titles, english)


def _filled(template: str, values: dict[str, Any]) -> StringVar:
    # re.split with one group alternates literal text and placeholder names.
    parts = PLACEHOLDER.split(template)
    sentence = rx.Var.create(parts[0]).to(str)
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        sentence = sentence + _string(rx.Var.create(values[name])) + literal
    return sentence


def _pieces(template: str, values: dict[str, Any]) -> list[Any]:
    return [values[part] if at % 2 else part for at, part in enumerate(PLACEHOLDER.split(template))]


def _string(value: rx.Var[Any]) -> StringVar:
    # The to_string of Reflex turns 0 into an empty string.
    return rx.Var(f"String({value!s})", _var_data=value._get_all_var_data()).to(str)
