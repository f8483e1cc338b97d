"""Dialogs in which platforms and genres are picked.

assets/pickers.js opens them, searches, and fills in the field of the form. Nothing goes through the server,
so a lost connection loses nothing.
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
"""Characters of what is looked for in a picker."""


@dataclass(frozen=True)
class Picker:
    """What one picker offers for the field named `field`; `most` entries of it may be chosen at a time."""

    field: str
    title: Text
    groups: tuple[Group, ...]
    most: int


def single(field: str, title: Text, entries: tuple[Entry, ...]) -> Picker:
    """A picker of one entry, without groups."""
    return Picker(field, title, (Group("", "", entries),), 1)


def opener(picker: Picker) -> rx.Component:
    """The button beside the field that opens its picker."""
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
    """The picker itself; it stands beside the form, not in it, so that its Enter never sends the brief."""
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
