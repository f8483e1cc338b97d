"""The sidebar of the brainstorm page: the keepers in their order, and who has the project open."""

import reflex as rx
from reflex.vars import ObjectVar

from scriptwriter.texts import Text, room_texts
from scriptwriter.web.kit.wording import listed, t
from scriptwriter.web.room.card_vars import KeeperView
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.room_state import BrainstormState


def keepers() -> rx.Component:
    """The kept ideas in order. assets/room.js moves them by drag and drop or with the buttons.

    It writes each move into the hidden field `data_moved`, whose event handler is IdeasState.move.
    """
    kept = BrainstormState.keepers
    order = kept.map(lambda keeper: keeper.ref).join(" ")
    return rx.fragment(
        rx.el.h2(t(room_texts.KEEPERS)),
        rx.cond(
            kept.length() > 0,
            rx.el.ol(
                rx.foreach(kept, _keeper),
                data_arrange="",
            ),
            rx.el.p(t(room_texts.NO_KEEPERS), class_name="hint"),
        ),
        # A script cannot call an event handler: it changes this hidden field instead.
        rx.el.input(
            value="",
            on_change=lambda value: IdeasState.move(value, order).temporal,
            class_name="unseen",
            tab_index=-1,
            aria_hidden="true",
            data_moved="",
        ),
    )


def present() -> rx.Component:
    """The people who have the project open, if there is more than one."""
    people = BrainstormState.present
    return rx.cond(
        people.length() > 1,
        rx.el.ul(
            rx.foreach(
                people,
                lambda person: rx.el.li(
                    rx.el.span(person.initial, class_name="initial", aria_hidden="true"),
                    rx.el.span(rx.cond(person.me, t(room_texts.PRESENT_ME, name=person.name), person.name)),
                    class_name=rx.cond(person.me, "person me", "person"),
                ),
            ),
            class_name="present",
            aria_label=t(room_texts.PRESENT),
            data_testid="present",
        ),
    )


def _keeper(keeper: ObjectVar[KeeperView]) -> rx.Component:
    def move(by: str, text: Text) -> rx.Component:
        return rx.el.button(
            type="button",
            class_name=f"move {by}",
            aria_label=t(text, title=keeper.title),
            data_move=by,
        )

    return rx.el.li(
        rx.el.a(
            rx.el.span(keeper.title),
            rx.el.span(listed(keeper.names), class_name="keeper-names"),
            href=rx.Var.create("#") + keeper.anchor.to(str),
        ),
        rx.cond(
            BrainstormState.may_act,
            rx.el.span(
                move("up", room_texts.MOVE_UP), move("down", room_texts.MOVE_DOWN), class_name="moves"
            ),
        ),
        draggable=BrainstormState.may_act,
        data_ref=keeper.ref,
        key=keeper.ref,
    )
