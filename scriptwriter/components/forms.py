"""Owns the form of a brief: its fields, examples and messages. Knows nothing of what happens with it."""

from typing import Any

import reflex as rx

from scriptwriter.components.elements import button, in_language
from scriptwriter.components.wording import Language, t
from scriptwriter.texts import (
    GENRE,
    GENRE_EXAMPLE,
    INITIAL_GENRE,
    INITIAL_PLATFORM,
    OPTIONAL,
    OTHER_REQUIREMENTS,
    OTHER_REQUIREMENTS_EXAMPLE,
    PLATFORM,
    PLATFORM_EXAMPLE,
    Text,
)


def brief_form(
    submit: Any,
    messages: Any,
    busy: Any,
    language: Language,
    submit_text: Text,
    busy_text: Text,
    *,
    unreachable: Any,
    ticket: Any = None,
) -> rx.Component:
    """The three fields of a brief and the button that sends them.

    `submit` gets {"platform", "genre", "other_requirements"}, and "ticket" where there is one; `messages` is
    a Var of BriefMessages. While the server is `unreachable` (a Var) nothing is sent, nor later.
    """
    return rx.el.form(
        _field(
            "platform",
            PLATFORM,
            language,
            messages.platform,
            lambda shared: rx.el.input(
                default_value=INITIAL_PLATFORM,
                placeholder=t(PLATFORM_EXAMPLE, language),
                auto_complete="off",
                **shared,
            ),
        ),
        _field(
            "genre",
            GENRE,
            language,
            messages.genre,
            lambda shared: rx.el.input(
                default_value=INITIAL_GENRE,
                placeholder=t(GENRE_EXAMPLE, language),
                auto_complete="off",
                **shared,
            ),
        ),
        _field(
            "other_requirements",
            OTHER_REQUIREMENTS,
            language,
            messages.other_requirements,
            lambda shared: rx.el.textarea(
                rows="4", placeholder=t(OTHER_REQUIREMENTS_EXAMPLE, language), **shared
            ),
            optional=True,
        ),
        button(
            rx.cond(busy, t(busy_text, language), t(submit_text, language)),
            type="submit",
            disabled=busy | unreachable,
            aria_busy=rx.cond(busy, "true", "false"),
            class_name="submit",
            data_testid="submit-brief",
        ),
        rx.fragment()
        if ticket is None
        else rx.el.input(type="hidden", name="ticket", value=ticket, read_only=True),
        on_submit=submit.temporal,
        no_validate=True,
        class_name="brief-form",
        aria_label=t(submit_text, language),
    )


def _field(
    name: str,
    label: Text,
    language: Language,
    message: Any,
    control: Any,
    *,
    optional: bool = False,
) -> rx.Component:
    problem = f"{name}-problem"
    shared = {
        "name": name,
        "id": name,
        "aria_invalid": rx.cond(message.zh != "", "true", "false"),
        "aria_describedby": problem,
    }
    if not optional:
        shared["aria_required"] = "true"
    return rx.el.div(
        rx.el.label(
            t(label, language),
            rx.el.span(t(OPTIONAL, language), class_name="optional") if optional else rx.fragment(),
            html_for=name,
        ),
        control(shared),
        rx.el.p(in_language(message, language), id=problem, class_name="problem", aria_live="polite"),
        class_name="field",
    )
