"""Buttons of a run: stop it, retry what is missing, start another batch."""

import reflex as rx
from reflex.vars import ObjectVar, StringVar
from reflex_base.event import EventActionsMixin

from scriptwriter.texts import Text, room_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, once
from scriptwriter.web.kit.wording import t
from scriptwriter.web.room.card_vars import BatchView
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.room_state import BrainstormState


def stop(batch: ObjectVar[BatchView]) -> rx.Component:
    """Ends a run that goes on or waits; `batch` is a Var of BatchView."""
    return rx.el.div(
        button(
            rx.cond(BrainstormState.stopping, t(room_texts.STOPPING), t(room_texts.STOP)),
            kind="plain",
            disabled=BrainstormState.stopping | UNREACHABLE,
            on_click=once(BrainstormState.stop(batch.transform_id)),
            data_testid="stop",
        ),
        class_name="actions",
    )


def remedies(batch: ObjectVar[BatchView]) -> rx.Component:
    """What to do about a run that ended short, if there is anything."""
    run = (batch.transform_id, batch.attempt)

    def action(
        text: Text, event: EventActionsMixin, testid: str = "retry", kind: str = "primary"
    ) -> rx.Component:
        return _button(text, event, testid, kind)

    return rx.fragment(
        rx.match(
            batch.remedy,
            ("retry", action(room_texts.RETRY, BrainstormState.retry(*run))),
            ("fill_in", action(room_texts.FILL_IN, BrainstormState.retry(*run))),
            ("go_on", action(room_texts.GO_ON, BrainstormState.retry(*run))),
            (
                "rephrase",
                rx.fragment(
                    action(room_texts.REPHRASE, BrainstormState.rephrase(*run)),
                    rx.cond(
                        batch.culprit.to(int) > 0,
                        action(room_texts.SKIP, BrainstormState.skip(*run, batch.culprit), "skip", "plain"),
                    ),
                ),
            ),
            (
                "reread",
                rx.fragment(
                    action(room_texts.RETRY, BrainstormState.retry(*run)),
                    action(
                        room_texts.SHOW_RAW_REPLY,
                        OriginState.trace(batch.transform_id),
                        "show-reply",
                        "plain",
                    ),
                ),
            ),
            (
                "rebrief",
                rx.fragment(
                    action(room_texts.EDIT_BRIEF, BrainstormState.open_brief, "rebrief"),
                    action(room_texts.RETRY, BrainstormState.retry(*run), "retry", "plain"),
                ),
            ),
            ("another_batch", another_batch(batch)),
            rx.fragment(),
        )
    )


def another_batch(batch: ObjectVar[BatchView], *, kind: str | StringVar = "primary") -> rx.Component:
    """Asks for a new run for the same brief."""
    return _button(
        room_texts.ANOTHER_BATCH, BrainstormState.start_again(batch.transform_id), "another-batch", kind
    )


def _button(text: Text, event: EventActionsMixin, testid: str, kind: str | StringVar) -> rx.Component:
    return button(t(text), kind=kind, disabled=UNREACHABLE, on_click=once(event), data_testid=testid)
