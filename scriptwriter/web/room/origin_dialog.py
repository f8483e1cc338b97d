"""Owns the dialogs behind the sheets: where an idea comes from, the list of keys. Knows no state class."""

from typing import Any

import reflex as rx

from scriptwriter.texts import Text, room_texts, shared_texts
from scriptwriter.web.kit.elements import PostForm
from scriptwriter.web.kit.wording import t


def origin(told: Any, put_away: Any, *, shown: Any) -> rx.Component:
    """The dialog that tells of a run what was asked and answered; `told` is a Var of OriginView.

    It opens each time that `shown` (a Var) counts on.
    """
    return _dialog(
        "origin",
        room_texts.ORIGIN,
        rx.el.p(
            t(room_texts.ORIGIN_FACTS, model=told.model, attempts=told.attempts),
            rx.cond(told.seconds >= 0, rx.el.span(" · ", t(room_texts.SECONDS, seconds=told.seconds))),
            rx.cond(
                told.started_by != "",
                rx.el.span(" · ", t(room_texts.STARTED_BY, name=told.started_by)),
            ),
            " · ",
            rx.el.time(date_time=told.started_at, data_when=told.started_at),
        ),
        rx.cond(told.usage != "", rx.el.p(t(room_texts.TOKENS_USED), ": ", rx.el.code(told.usage))),
        rx.cond(
            told.parameters != "",
            rx.el.p(t(room_texts.PARAMETERS), ": ", rx.el.code(told.parameters)),
        ),
        # First, for who comes because it could not be read.
        rx.el.h3(t(room_texts.RAW_REPLY)),
        rx.cond(
            told.reply != "",
            rx.el.pre(told.reply, tab_index=0, data_testid="raw-reply"),
            rx.el.p(t(room_texts.NO_REPLY_YET)),
        ),
        rx.foreach(
            told.prompts,
            lambda prompt, place: rx.el.section(
                rx.el.h3(t(room_texts.PROMPT_SENT, number=place + 1)),
                rx.el.pre(prompt, tab_index=0),
            ),
        ),
        on_close=put_away,
        data_shown=shown,
    )


def keys() -> rx.Component:
    """The dialog that lists what can be done by the keyboard; `?` opens it."""
    return _dialog(
        "keys",
        room_texts.HELP,
        rx.el.dl(
            *(rx.el.div(rx.el.dt(rx.el.kbd(key)), rx.el.dd(t(text))) for key, text in room_texts.HELP_KEYS),
            class_name="keys",
        ),
    )


def _dialog(id: str, title: Text, *content: Any, on_close: Any = None, **attributes: Any) -> rx.Component:
    closing = {} if on_close is None else {"on_click": on_close}
    return rx.el.dialog(
        PostForm.create(
            rx.el.header(
                rx.el.h2(t(title)),
                rx.el.button(t(shared_texts.CLOSE), type="submit", class_name="button quiet", **closing),
            ),
            method="dialog",
        ),
        rx.el.div(*content, class_name="dialog-body"),
        id=id,
        class_name="paper",
        aria_label=t(title),
        data_testid=id,
        **attributes,
    )
