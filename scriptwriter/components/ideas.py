"""Owns how ideas look: the finished sheet, the one being written, the blank one. Knows no batch."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from scriptwriter.components.views import CardView
from scriptwriter.components.wording import Language, t
from scriptwriter.texts import CHOOSE, CHOSEN, UNFINISHED, UNTITLED

Choose = Callable[[Any, Any], Any]


def idea_card(card: rx.Var[CardView], artifact_id: Any, language: Language, choose: Choose) -> rx.Component:
    """A finished idea (or one left unfinished) with the button that chooses it."""
    view: Any = card
    return rx.el.article(
        _heading(view.number, rx.el.h3(view.title)),
        rx.el.p(view.body, class_name="body"),
        rx.el.footer(
            rx.cond(
                view.unfinished,
                rx.el.span(t(UNFINISHED, language), class_name="chip"),
                rx.el.button(
                    rx.cond(view.chosen, t(CHOSEN, language), t(CHOOSE, language)),
                    type="button",
                    class_name="choose",
                    aria_pressed=rx.cond(view.chosen, "true", "false"),
                    on_click=choose(artifact_id, view.number),
                    data_testid="choose",
                ),
            ),
        ),
        class_name=rx.cond(view.chosen, "sheet chosen", "sheet"),
        id=anchor(artifact_id, view.number),
        data_testid="idea",
        data_state=rx.cond(view.unfinished, "unfinished", "finished"),
    )


def growing_card(number: Any, title: Any, body: Any, language: Language) -> rx.Component:
    """The idea that is being written now."""
    return rx.el.article(
        _heading(
            number,
            rx.el.h3(
                rx.cond(title != "", title, t(UNTITLED, language)),
                class_name=rx.cond(title != "", "", "untitled"),
            ),
        ),
        rx.el.p(body, class_name="body caret"),
        rx.el.footer(),
        class_name="sheet growing",
        aria_busy="true",
        data_testid="idea",
        data_state="writing",
    )


def blank_card(number: Any) -> rx.Component:
    """The place of an idea that is still to come."""
    return rx.el.article(
        _heading(number, rx.el.h3()),
        rx.el.p(class_name="body"),
        rx.el.footer(),
        # Keyed by its number: when one is filled, the others stay where they are.
        key=number,
        class_name="sheet blank",
        aria_hidden="true",
        data_testid="blank",
    )


def anchor(artifact_id: Any, number: Any) -> rx.Var[str]:
    """The id of an idea's element, for links to it."""
    return rx.Var.create("idea-") + artifact_id.to(str) + "-" + number.to(str)


def _heading(number: Any, title: rx.Component) -> rx.Component:
    return rx.el.header(rx.el.span(number, class_name="number", aria_hidden="true"), title)
