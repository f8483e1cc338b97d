"""Cards of ideas: finished ones, the one that the model is writing, and those that are still to come."""

import reflex as rx
from reflex.event import EventType
from reflex.vars import ObjectVar

from scriptwriter.texts import room_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button
from scriptwriter.web.kit.wording import Number, listed, t
from scriptwriter.web.room.card_vars import BatchView, CardView
from scriptwriter.web.room.idea_editor import editor, versions
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.room_state import BrainstormState, WritingState
from scriptwriter.web.room.verdict_buttons import picks, reasons, verdict_buttons


def place_card(card: ObjectVar[CardView], batch: ObjectVar[BatchView]) -> rx.Component:
    """The card of one place, in any state; `card` is a Var of CardView, `batch` a Var of BatchView."""
    # The number as key: when one card is filled, React keeps the elements of the others.
    return rx.fragment(
        rx.cond(card.state == "blank", blank_card(card.number), idea_card(card, batch)),
        key=card.number,
    )


def idea_card(card: ObjectVar[CardView], batch: ObjectVar[BatchView], *, past: bool = False) -> rx.Component:
    """The card of an idea that is finished, unfinished or skipped, with the actions on it.

    `past` says that the idea is of an earlier run: only unfinished ideas of the newest run can be retried.
    """
    unfinished = rx.fragment(
        rx.el.span(t(room_texts.UNFINISHED), class_name="chip"),
        rx.fragment() if past else _retry(card, batch),
    )
    return rx.el.article(
        rx.cond(
            (card.ref != "") & (IdeasState.editing == card.ref),
            editor(_editors(card)),
            rx.fragment(
                _heading(card.number, rx.el.h3(card.title)),
                rx.el.p(card.body, class_name="body"),
                rx.match(
                    card.state,
                    ("unfinished", rx.el.footer(unfinished)),
                    ("skipped", rx.el.footer(rx.el.span(t(room_texts.SKIPPED), class_name="chip"))),
                    _finished(card, batch),
                ),
            ),
        ),
        class_name=rx.cond(card.kept, "sheet kept", rx.cond(card.mine == "pass", "sheet passed", "sheet")),
        id=anchor(batch.artifact_id, card.number),
        tab_index=-1,
        data_testid="idea",
        data_idea=card.ref,
        data_state=card.state,
        data_number=card.number,
    )


def _finished(card: ObjectVar[CardView], batch: ObjectVar[BatchView]) -> rx.Component:
    return rx.fragment(
        _marks(card),
        picks(card),
        rx.cond((card.ref != "") & (IdeasState.reasoning == card.ref), reasons(card)),
        rx.cond((card.ref != "") & (IdeasState.history == card.ref), versions(card)),
        rx.el.footer(
            rx.cond(BrainstormState.may_act, verdict_buttons(card)),
            more(card, batch),
        ),
    )


def _marks(card: ObjectVar[CardView]) -> rx.Component:
    """Labels of an idea: edited, similar to an earlier one, sensitive subject, being edited, new title."""
    close = rx.el.a(
        t(room_texts.CLOSE_TO, title=card.close_to), href=rx.Var.create("#") + card.close_anchor.to(str)
    )
    return rx.el.p(
        rx.cond(
            card.version != "",
            rx.el.button(
                t(room_texts.EDITED),
                type="button",
                class_name="chip",
                on_click=IdeasState.show_versions(card.ref).temporal,
                data_testid="edited",
            ),
        ),
        rx.cond(card.close_to != "", rx.el.span(close, class_name="chip", data_testid="close-to")),
        rx.cond(card.sensitive, rx.el.span(t(room_texts.SPECIAL_SUBJECT), class_name="chip")),
        _editors(card),
        rx.match(
            card.titling,
            ("", rx.fragment()),
            ("failed", rx.el.span(t(room_texts.TITLE_FAILED), class_name="chip")),
            rx.el.span(t(room_texts.TITLING), class_name="chip live", data_testid="titling"),
        ),
        class_name="marks",
    )


def _editors(card: ObjectVar[CardView]) -> rx.Component:
    """The label that names the other people who are editing this idea."""
    return rx.cond(
        card.editors != "",
        rx.el.span(
            t(room_texts.EDITING_NOW, names=listed(card.editors)),
            class_name="chip live",
            data_testid="editors",
        ),
    )


def more(card: ObjectVar[CardView], batch: ObjectVar[BatchView]) -> rx.Component:
    """The edit button, and a menu with the less frequent actions on an idea."""
    chosen = IdeasState.selected.contains(card.ref)

    def action(text: rx.Var[str], event: EventType[()], name: str) -> rx.Component:
        return rx.el.button(
            text,
            type="button",
            disabled=UNREACHABLE,
            on_click=event,
            data_testid=name,
        )

    return rx.fragment(
        rx.cond(
            BrainstormState.may_act,
            rx.el.button(
                t(room_texts.EDIT),
                type="button",
                class_name="verdict",
                disabled=UNREACHABLE,
                on_click=IdeasState.edit(card.ref, card.title, card.body, card.version).temporal,
                data_action="edit",
                data_testid="edit",
            ),
        ),
        rx.el.details(
            rx.el.summary(t(room_texts.MORE), class_name="verdict", data_testid="more"),
            rx.el.div(
                rx.cond(
                    BrainstormState.may_act,
                    rx.fragment(
                        action(
                            t(room_texts.LIKE_THIS),
                            IdeasState.like(card.ref, 5).throttle(1000).temporal,
                            "like",
                        ),
                        action(
                            t(room_texts.RETITLE),
                            IdeasState.retitle(card.ref).throttle(1000).temporal,
                            "retitle",
                        ),
                        action(
                            rx.cond(
                                chosen,
                                t(room_texts.SELECTED_TO_MERGE),
                                t(room_texts.SELECT_TO_MERGE),
                            ),
                            IdeasState.select(card.ref).temporal,
                            "select",
                        ),
                    ),
                ),
                rx.cond(
                    card.version != "",
                    action(
                        t(room_texts.VERSIONS),
                        IdeasState.show_versions(card.ref).temporal,
                        "show-versions",
                    ),
                ),
                action(t(room_texts.ORIGIN), OriginState.trace(batch.transform_id).temporal, "origin"),
                class_name="idea-actions",
            ),
            class_name="more",
        ),
    )


def _retry(card: ObjectVar[CardView], batch: ObjectVar[BatchView]) -> rx.Component:
    ended_short = (batch.phase == "failed") | (batch.phase == "stopped") | (batch.phase == "partial")
    return rx.cond(
        BrainstormState.may_act & ended_short & (batch.next_step != ""),
        button(
            t(room_texts.RETRY),
            kind="quiet",
            aria_label=t(room_texts.RETRY_IDEA, number=card.number),
            disabled=UNREACHABLE,
            on_click=BrainstormState.retry_one(batch.transform_id, batch.attempt, card.number)
            .throttle(1000)
            .temporal,
            data_testid="retry-one",
        ),
    )


def growing_card() -> rx.Component:
    """The card of the idea that the model is writing."""
    number, title = WritingState.number, WritingState.title
    return rx.el.article(
        _heading(
            number,
            rx.el.h3(
                rx.cond(title != "", title, t(room_texts.UNTITLED)),
                class_name=rx.cond(title != "", "", "untitled"),
            ),
        ),
        rx.el.p(WritingState.body, class_name="body caret"),
        rx.el.footer(),
        class_name="sheet growing",
        aria_busy="true",
        data_testid="idea",
        data_state="writing",
        data_number=number,
    )


def blank_card(number: Number) -> rx.Component:
    """The card of an idea that is still to come."""
    return rx.el.article(
        _heading(number, rx.el.h3()),
        rx.el.p(class_name="body"),
        rx.el.footer(),
        class_name="sheet blank",
        aria_hidden="true",
        data_testid="blank",
    )


def anchor(artifact_id: rx.Var[str], number: Number) -> rx.Var[str]:
    """The HTML id of the card of an idea, as card_views.anchor_of has it."""
    return rx.Var.create("idea-") + artifact_id.to(str) + "-" + rx.Var.create(number).to(str)


def _heading(number: Number, title: rx.Component) -> rx.Component:
    return rx.el.header(rx.el.span(number, class_name="number", aria_hidden="true"), title)
