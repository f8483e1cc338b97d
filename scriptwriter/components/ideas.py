"""Owns how ideas look: the finished sheet, the one being written, the blank one. Knows no state class."""

from typing import Any

import reflex as rx

from scriptwriter.components.deeds import Deeds
from scriptwriter.components.elements import button
from scriptwriter.components.wording import Language, t
from scriptwriter.texts import KEEP, KEPT, RETRY, RETRY_IDEA, SKIPPED, UNFINISHED, UNTITLED


def place_card(card: Any, batch: Any, language: Language, deeds: Deeds) -> rx.Component:
    """The sheet of one place, whatever its state; `card` is a Var of CardView, `batch` one of BatchView."""
    # Keyed by its number: when a place is filled, the others stay where they are.
    return rx.fragment(
        rx.cond(card.state == "blank", blank_card(card.number), idea_card(card, batch, language, deeds)),
        key=card.number,
    )


def idea_card(card: Any, batch: Any, language: Language, deeds: Deeds, *, past: bool = False) -> rx.Component:
    """An idea that is finished, was left unfinished, or was given up, and what can be done with it.

    Only the newest run's unfinished ideas can be retried: `past` says that this is one of an earlier run.
    """
    unfinished = rx.fragment(
        rx.el.span(t(UNFINISHED, language), class_name="chip"),
        rx.fragment() if past else _retry(card, batch, language, deeds),
    )
    return rx.el.article(
        _heading(card.number, rx.el.h3(card.title)),
        rx.el.p(card.body, class_name="body"),
        rx.el.footer(
            rx.match(
                card.state,
                ("unfinished", unfinished),
                ("skipped", rx.el.span(t(SKIPPED, language), class_name="chip")),
                _keep(card, batch, language, deeds),
            ),
        ),
        class_name=rx.cond(card.kept, "sheet kept", "sheet"),
        id=anchor(batch.artifact_id, card.number),
        data_testid="idea",
        data_state=card.state,
        data_number=card.number,
    )


def _keep(card: Any, batch: Any, language: Language, deeds: Deeds) -> rx.Component:
    return rx.cond(
        deeds.may_act,
        rx.el.button(
            rx.cond(card.by_me, t(KEPT, language), t(KEEP, language)),
            type="button",
            class_name=rx.cond(card.by_me, "keep by-me", "keep"),
            aria_pressed=rx.cond(card.by_me, "true", "false"),
            disabled=deeds.unreachable,
            on_click=deeds.keep(batch.artifact_id, card.number, ~card.by_me).temporal,
            data_testid="keep",
        ),
        rx.cond(card.kept, rx.el.span(t(KEPT, language), class_name="kept-mark")),
    )


def _retry(card: Any, batch: Any, language: Language, deeds: Deeds) -> rx.Component:
    ended_short = (batch.phase == "failed") | (batch.phase == "stopped") | (batch.phase == "partial")
    return rx.cond(
        deeds.may_act & ended_short & (batch.remedy != ""),
        button(
            t(RETRY, language),
            kind="quiet",
            aria_label=t(RETRY_IDEA, language, number=card.number),
            disabled=deeds.unreachable,
            on_click=deeds.retry_one(batch.transform_id, batch.attempt, card.number).throttle(1000).temporal,
            data_testid="retry-one",
        ),
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
        data_number=number,
    )


def blank_card(number: Any) -> rx.Component:
    """The place of an idea that is still to come."""
    return rx.el.article(
        _heading(number, rx.el.h3()),
        rx.el.p(class_name="body"),
        rx.el.footer(),
        class_name="sheet blank",
        aria_hidden="true",
        data_testid="blank",
    )


def anchor(artifact_id: Any, number: Any) -> rx.Var[str]:
    """The id of an idea's element, for links to it."""
    return rx.Var.create("idea-") + artifact_id.to(str) + "-" + number.to(str)


def _heading(number: Any, title: rx.Component) -> rx.Component:
    return rx.el.header(rx.el.span(number, class_name="number", aria_hidden="true"), title)
