"""Dialogs of the brainstorm page: the origin of an idea, and the keyboard shortcuts."""

from typing import Any

import reflex as rx
from reflex.event import EventType

from scriptwriter.texts import Text, room_texts, shared_texts
from scriptwriter.web.kit.elements import PostForm
from scriptwriter.web.kit.wording import Content, t
from scriptwriter.web.room.origin_state import OriginState


def origin() -> rx.Component:
    """The dialog with the prompts that a run sent to the model, and the model's raw reply.

    assets/screen.js opens it each time that OriginState.shown grows.
    """
    told = OriginState.told
    return _dialog(
        "origin",
        room_texts.ORIGIN,
        rx.el.p(
            t(room_texts.ORIGIN_FACTS, model=told.model, attempts=told.attempts),
            rx.cond(
                told.seconds.to(int) >= 0, rx.el.span(" · ", t(room_texts.SECONDS, seconds=told.seconds))
            ),
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
        # The reply comes first, for people who open the dialog because it could not be read.
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
        on_close=OriginState.close,
        data_shown=OriginState.shown,
    )


def keys() -> rx.Component:
    """The dialog that lists the keyboard shortcuts; the key `?` opens it."""
    return _dialog(
        "keys",
        room_texts.HELP,
        rx.el.dl(
            *(rx.el.div(rx.el.dt(rx.el.kbd(key)), rx.el.dd(t(text))) for key, text in room_texts.HELP_KEYS),
            class_name="keys",
        ),
    )


def _dialog(
    id: str, title: Text, *content: Content, on_close: EventType[()] | None = None, **attributes: Any
) -> rx.Component:
    """A dialog that its button or Escape closes.

    assets/screen.js then clicks the hidden button of `on_close`.
    """
    told = (
        ()
        if on_close is None
        else (rx.el.button(type="button", hidden=True, on_click=on_close, data_closed=True),)
    )
    return rx.el.dialog(
        PostForm.create(
            rx.el.header(
                rx.el.h2(t(title)),
                rx.el.button(t(shared_texts.CLOSE), type="submit", class_name="button quiet"),
            ),
            method="dialog",
        ),
        rx.el.div(*content, class_name="dialog-body"),
        *told,
        id=id,
        class_name="paper",
        aria_label=t(title),
        data_testid=id,
        **attributes,
    )
