"""Owns the buttons about a run: stop it, mend it, ask for another. Knows no state class."""

from typing import Any

import reflex as rx

from scriptwriter.texts import Text, room_texts
from scriptwriter.web.kit.elements import button, once
from scriptwriter.web.kit.wording import t
from scriptwriter.web.room.run_handlers import Deeds


def stop(batch: Any, deeds: Deeds) -> rx.Component:
    """Ends a run that goes on or waits; `batch` is a Var of BatchView."""
    return rx.el.div(
        button(
            rx.cond(deeds.stopping, t(room_texts.STOPPING), t(room_texts.STOP)),
            kind="plain",
            disabled=deeds.stopping | deeds.unreachable,
            on_click=once(deeds.stop(batch.transform_id)),
            data_testid="stop",
        ),
        class_name="actions",
    )


def remedies(batch: Any, deeds: Deeds) -> rx.Component:
    """What to do about a run that ended short, if there is anything."""
    run = (batch.transform_id, batch.attempt)

    def deed(text: Text, event: Any, testid: str = "retry", kind: str = "primary") -> rx.Component:
        return _button(text, event, testid, deeds, kind)

    return rx.fragment(
        rx.match(
            batch.remedy,
            ("retry", deed(room_texts.RETRY, deeds.retry(*run))),
            ("fill_in", deed(room_texts.FILL_IN, deeds.retry(*run))),
            ("go_on", deed(room_texts.GO_ON, deeds.retry(*run))),
            (
                "rephrase",
                rx.fragment(
                    deed(room_texts.REPHRASE, deeds.rephrase(*run)),
                    rx.cond(
                        batch.culprit > 0,
                        deed(room_texts.SKIP, deeds.skip(*run, batch.culprit), "skip", "plain"),
                    ),
                ),
            ),
            (
                "reread",
                rx.fragment(
                    deed(room_texts.RETRY, deeds.retry(*run)),
                    deed(
                        room_texts.SHOW_RAW_REPLY,
                        deeds.ideas.trace(batch.transform_id),
                        "show-reply",
                        "plain",
                    ),
                ),
            ),
            (
                "rebrief",
                rx.fragment(
                    deed(room_texts.EDIT_BRIEF, deeds.open_brief, "rebrief"),
                    deed(room_texts.RETRY, deeds.retry(*run), "retry", "plain"),
                ),
            ),
            ("another_batch", another_batch(batch, deeds)),
            rx.fragment(),
        )
    )


def another_batch(batch: Any, deeds: Deeds, *, kind: Any = "primary") -> rx.Component:
    """Asks for a new run for the same brief."""
    return _button(
        room_texts.ANOTHER_BATCH, deeds.start_again(batch.transform_id), "another-batch", deeds, kind
    )


def _button(text: Text, event: Any, testid: str, deeds: Deeds, kind: Any) -> rx.Component:
    return button(t(text), kind=kind, disabled=deeds.unreachable, on_click=once(event), data_testid=testid)
