"""Dialogs in which a person picks platforms and genres.

assets/pickers.js opens them, searches them, and fills the field of the form. They work without the server, so
a lost connection does not matter.
"""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from scriptwriter.domain.taxonomy import Entry, Group
from scriptwriter.texts import Text, brief_texts
from scriptwriter.web.kit.elements import PostForm, limited
from scriptwriter.web.kit.wording import by_language, t

LONGEST_SEARCH = 100
"""Most characters of a search in a picker."""


@dataclass(frozen=True)
class Picker:
    """The entries of a picker for the form field `field`, of which at most `most` can be chosen."""

    field: str
    title: Text
    groups: tuple[Group, ...]
    most: int


def single(field: str, title: Text, entries: tuple[Entry, ...]) -> Picker:
    """A picker without groups, of which one entry can be chosen."""
    return Picker(field, title, (Group("", "", entries),), 1)


def opener(picker: Picker) -> rx.Component:
    """The button beside a field that opens the field's picker."""
    return rx.el.button(
        t(brief_texts.PICK),
        type="button",
        class_name="button plain pick",
        data_opens=f"pick-{picker.field}",
        aria_haspopup="dialog",
        aria_label=t(picker.title),
        data_testid=f"open-{picker.field}",
    )


def picker_dialog(picker: Picker) -> rx.Component:
    """The dialog of a picker, outside of the form, so that Enter in its search never submits the form."""
    groups = rx.Var.create(
        [
            {
                "zh": group.zh,
                "en": group.en,
                "entries": [{"zh": entry.zh, "en": entry.en} for entry in group.entries],
            }
            for group in picker.groups
        ]
    ).to(list[dict[str, Any]])
    return rx.el.dialog(
        PostForm.create(
            rx.el.header(
                rx.el.h2(t(picker.title)),
                rx.el.button(t(brief_texts.READY), type="submit", class_name="button primary"),
            ),
            limited(
                rx.el.input,
                LONGEST_SEARCH,
                type="search",
                placeholder=t(brief_texts.SEARCH),
                aria_label=t(brief_texts.SEARCH),
                auto_complete="off",
                class_name="pick-search",
                data_testid=f"search-{picker.field}",
            ),
            rx.el.p(
                t(brief_texts.PICKED_ENOUGH, most=picker.most),
                class_name="pick-enough",
                role="status",
                hidden=True,
            ),
            method="dialog",
        ),
        rx.el.div(rx.foreach(groups, _group), class_name="pick-groups"),
        rx.el.div(
            rx.el.p(t(brief_texts.NOTHING_FOUND)),
            rx.el.button(
                t(brief_texts.USE_OWN_WORDS),
                type="button",
                class_name="button plain",
                data_own_words="",
            ),
            class_name="pick-nothing",
            hidden=True,
        ),
        id=f"pick-{picker.field}",
        class_name="picker",
        data_field=picker.field,
        data_most=str(picker.most),
        aria_label=t(picker.title),
        data_testid=f"picker-{picker.field}",
    )


def _group(group: ObjectVar[dict[str, Any]]) -> rx.Component:
    name = by_language(group["zh"], group["en"])
    return rx.el.section(
        rx.cond(group["zh"] != "", rx.el.h3(name)),
        rx.el.div(
            rx.foreach(group["entries"].to(list[dict[str, str]]), _entry),
            class_name="pick-entries",
        ),
    )


def _entry(entry: ObjectVar[dict[str, Any]]) -> rx.Component:
    name = by_language(entry["zh"], entry["en"])
    return rx.el.button(
        name,
        type="button",
        class_name="pick-entry",
        data_pick=name,
        data_also=by_language(entry["en"], entry["zh"]),
        data_search=(entry["zh"].to(str) + " " + entry["en"].to(str)),
    )
