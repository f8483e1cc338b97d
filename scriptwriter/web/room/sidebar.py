"""Owns the margin of a project's screen: the keepers in order, and who is there. Knows no state class."""

from typing import Any

import reflex as rx

from scriptwriter.texts import room_texts
from scriptwriter.web.kit.wording import listed, t


def keepers(listed: Any, move: Any, may_act: Any) -> rx.Component:
    """The kept ideas; assets/room.js moves them, by pointer or by the buttons, and tells `move` which.

    `listed` is a Var of KeeperView; `move` gets the ref of the moved one with that of the one that it goes
    before (none: behind all), and the order that the person saw, refs in a row.
    """
    order = listed.map(lambda keeper: keeper.ref).join(" ")
    return rx.fragment(
        rx.el.h2(t(room_texts.KEEPERS)),
        rx.cond(
            listed.length() > 0,
            rx.el.ol(
                rx.foreach(listed, lambda keeper: _keeper(keeper, may_act)),
                data_arrange="",
            ),
            rx.el.p(t(room_texts.NO_KEEPERS), class_name="hint"),
        ),
        # Hidden from everybody: the script writes the move into it, as a person would by typing.
        rx.el.input(
            value="",
            on_change=lambda value: move(value, order).temporal,
            class_name="unseen",
            tab_index=-1,
            aria_hidden="true",
            data_moved="",
        ),
    )


def present(people: Any) -> rx.Component:
    """Who has the project open; `people` is a Var of PersonView."""
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


def _keeper(keeper: Any, may_act: Any) -> rx.Component:
    def move(by: str, text: Any) -> rx.Component:
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
            href=rx.Var.create("#") + keeper.anchor,
        ),
        rx.cond(
            may_act,
            rx.el.span(
                move("up", room_texts.MOVE_UP), move("down", room_texts.MOVE_DOWN), class_name="moves"
            ),
        ),
        draggable=may_act,
        data_ref=keeper.ref,
        key=keeper.ref,
    )
