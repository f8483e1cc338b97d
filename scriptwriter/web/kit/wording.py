"""Owns how a text gets onto the screen in the reader's language. Knows no text itself."""

import re
from typing import Any

import reflex as rx
from reflex.vars import StringVar

from scriptwriter.texts import Text

PLACEHOLDER = re.compile(r"\{(\w+)\}")

Language = StringVar


def t(text: Text, language: Language, **values: Any) -> StringVar:
    """The text in the language ("zh" or "en") that the Var holds, its placeholders filled.

    `values` are Vars or plain values, one for each `{name}` of the text. Raises KeyError for a missing one.
    """
    return rx.cond(language == "en", _filled(text.en, values), _filled(text.zh, values)).to(str)


def woven(text: Text, language: Language, **values: Any) -> rx.Component:
    """The same as children of an element, where a value may be a component."""
    return rx.cond(
        language == "en",
        rx.fragment(*_pieces(text.en, values)),
        rx.fragment(*_pieces(text.zh, values)),
    )


def counted(count: Any, many: Text, one: Text, language: Language) -> StringVar:
    """`many` with its {count}, or `one` where that is 1, which English says otherwise."""
    return rx.cond(count == 1, t(one, language), t(many, language, count=count)).to(str)


def named(batch: Any, field: str, language: Language) -> StringVar:
    """The `platform` or `genre` of a BatchView (or of a Var of one) as the reader calls it."""
    return rx.cond(language == "en", getattr(batch, f"{field}_en"), getattr(batch, field)).to(str)


def listed(names: Any, language: Language) -> StringVar:
    """Names in a row (a Var), which the state has put side by side as Chinese does, as the reader does it."""
    return rx.cond(language == "en", names.to(str).split("、").join(", "), names).to(str)


def quoted(titles: Any, language: Language) -> StringVar:
    """The same for titles, each between 《 and 》."""
    english = titles.to(str)
    for chinese, other in (("》《", "”, “"), ("《", "“"), ("》", "”")):
        english = english.split(chinese).join(other)
    return rx.cond(language == "en", english, titles).to(str)


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
    # Reflex's own to_string makes an empty string of 0.
    return rx.Var(f"String({value!s})", _var_data=value._get_all_var_data()).to(str)
