"""Owns how keeping and passing look: the buttons, who said what, the reasons. Knows no state class."""

from typing import Any

import reflex as rx

from scriptwriter.domain.idea_acts import REASON_LIMIT
from scriptwriter.texts import room_texts, shared_texts
from scriptwriter.web.kit.elements import button, limited
from scriptwriter.web.kit.wording import Language, t
from scriptwriter.web.room.run_handlers import Deeds


def verdict_buttons(card: Any, language: Language, deeds: Deeds) -> rx.Component:
    """Keep and pass; a second press takes the verdict back."""
    return rx.fragment(
        _button(
            card,
            "keep",
            rx.cond(card.mine == "keep", t(room_texts.KEPT, language), t(room_texts.KEEP, language)),
            deeds,
        ),
        _button(
            card,
            "pass",
            rx.cond(card.mine == "pass", t(room_texts.PASSED, language), t(room_texts.PASS, language)),
            deeds,
        ),
    )


def picks(card: Any, language: Language) -> rx.Component:
    """Who keeps and who passes it, and why."""
    return rx.cond(
        card.picks.length() > 0,
        rx.el.ul(
            rx.foreach(card.picks, lambda pick: _pick(pick, language)),
            class_name="picks",
            data_testid="picks",
        ),
    )


def reasons(card: Any, language: Language, deeds: Deeds) -> rx.Component:
    """Why it is passed: one press, or own words; nobody has to say."""
    ideas = deeds.ideas
    return rx.el.section(
        rx.el.p(t(room_texts.WHY_PASSED, language), class_name="hint"),
        rx.el.div(
            *(
                button(
                    t(text, language),
                    kind="plain",
                    disabled=deeds.unreachable,
                    on_click=ideas.give_reason(card.ref, code).temporal,
                    data_testid=f"reason-{code}",
                )
                for code, text in room_texts.PASS_REASONS.items()
            ),
            button(
                t(shared_texts.CLOSE, language),
                kind="quiet",
                on_click=ideas.close_reason.temporal,
                data_deed="cancel",
            ),
            class_name="actions",
        ),
        rx.el.form(
            limited(
                rx.el.input,
                REASON_LIMIT,
                language,
                name="reason",
                placeholder=t(room_texts.OWN_REASON, language),
                aria_label=t(room_texts.OWN_REASON, language),
                auto_complete="off",
            ),
            button(
                t(room_texts.GIVE_REASON, language), type="submit", kind="plain", disabled=deeds.unreachable
            ),
            on_submit=ideas.give_own_reason.temporal,
            reset_on_submit=True,
            class_name="own-reason",
        ),
        class_name="reasons",
        data_testid="reasons",
    )


def _button(card: Any, verdict: str, text: Any, deeds: Deeds) -> rx.Component:
    mine = card.mine == verdict
    event = deeds.ideas.pick(card.ref, rx.cond(mine, "none", verdict), card.mine, card.my_reason)
    return rx.el.button(
        text,
        type="button",
        class_name=rx.cond(mine, f"verdict {verdict} mine", f"verdict {verdict}"),
        aria_pressed=rx.cond(mine, "true", "false"),
        disabled=deeds.unreachable,
        on_click=event.temporal,
        data_deed=verdict,
        data_testid=verdict,
    )


def _pick(pick: Any, language: Language) -> rx.Component:
    reason = rx.cond(language == "en", pick.reason_en, pick.reason_zh)
    said = rx.cond(
        pick.verdict == "keep",
        t(room_texts.SAID_KEEP, language, name=pick.name),
        t(room_texts.SAID_PASS, language, name=pick.name),
    )
    why = rx.cond(reason != "", rx.fragment(" · ", reason))
    return rx.el.li(said, why, class_name=rx.Var.create("pick ") + pick.verdict)
