"""Verdicts on an idea: the keep and pass buttons, the verdicts of all members, and the pass reasons."""

import reflex as rx
from reflex.vars import ObjectVar

from scriptwriter.domain.idea_acts import REASON_LIMIT
from scriptwriter.texts import room_texts, shared_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, limited
from scriptwriter.web.kit.wording import by_language, t
from scriptwriter.web.room.card_vars import CardView, PickView
from scriptwriter.web.room.idea_state import IdeasState


def verdict_buttons(card: ObjectVar[CardView]) -> rx.Component:
    """The keep and pass buttons. A second click on the same button withdraws the verdict."""
    return rx.fragment(
        _button(card, "keep", rx.cond(card.mine == "keep", t(room_texts.KEPT), t(room_texts.KEEP))),
        _button(card, "pass", rx.cond(card.mine == "pass", t(room_texts.PASSED), t(room_texts.PASS))),
    )


def picks(card: ObjectVar[CardView]) -> rx.Component:
    """The verdicts of all members on an idea, with their reasons."""
    return rx.cond(
        card.picks.length() > 0,
        rx.el.ul(
            rx.foreach(card.picks, _pick),
            class_name="picks",
            data_testid="picks",
        ),
    )


def reasons(card: ObjectVar[CardView]) -> rx.Component:
    """The optional reasons for passing an idea: a button for each, and a field for own words."""
    return rx.el.section(
        rx.el.p(t(room_texts.WHY_PASSED), class_name="hint"),
        rx.el.div(
            *(
                button(
                    t(text),
                    kind="plain",
                    disabled=UNREACHABLE,
                    on_click=IdeasState.give_reason(card.ref, code).temporal,
                    data_testid=f"reason-{code}",
                )
                for code, text in room_texts.PASS_REASONS.items()
            ),
            button(
                t(shared_texts.CLOSE),
                kind="quiet",
                on_click=IdeasState.close_reason.temporal,
                data_action="cancel",
            ),
            class_name="actions",
        ),
        rx.el.form(
            limited(
                rx.el.input,
                REASON_LIMIT,
                name="reason",
                placeholder=t(room_texts.OWN_REASON),
                aria_label=t(room_texts.OWN_REASON),
                auto_complete="off",
            ),
            button(t(room_texts.GIVE_REASON), type="submit", kind="plain", disabled=UNREACHABLE),
            on_submit=IdeasState.give_own_reason.temporal,
            reset_on_submit=True,
            class_name="own-reason",
        ),
        class_name="reasons",
        data_testid="reasons",
    )


def _button(card: ObjectVar[CardView], verdict: str, text: rx.Var[str]) -> rx.Component:
    mine = card.mine == verdict
    event = IdeasState.pick(card.ref, rx.cond(mine, "none", verdict), card.mine, card.my_reason)
    return rx.el.button(
        text,
        type="button",
        class_name=rx.cond(mine, f"verdict {verdict} mine", f"verdict {verdict}"),
        aria_pressed=rx.cond(mine, "true", "false"),
        disabled=UNREACHABLE,
        on_click=event.temporal,
        data_action=verdict,
        data_testid=verdict,
    )


def _pick(pick: ObjectVar[PickView]) -> rx.Component:
    reason = by_language(pick.reason_zh, pick.reason_en)
    said = rx.cond(
        pick.verdict == "keep",
        t(room_texts.SAID_KEEP, name=pick.name),
        t(room_texts.SAID_PASS, name=pick.name),
    )
    why = rx.cond(reason != "", rx.fragment(" · ", reason))
    return rx.el.li(said, why, class_name=rx.Var.create("pick ") + pick.verdict.to(str))
